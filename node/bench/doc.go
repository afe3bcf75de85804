// Package bench measures: whole processes beside each other, and the parts of
// which a node's work consists.
//
// It knows what is to be timed and how. What the figures should be, it refuses to
// know: it prints them.
package bench

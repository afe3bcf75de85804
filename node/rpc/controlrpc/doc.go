// Package controlrpc is the methods about the server itself: help, its state,
// its clock, its end.
package controlrpc

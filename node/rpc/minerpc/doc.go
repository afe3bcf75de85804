// Package minerpc is the methods that make and take blocks: templates, blocks
// on demand, submitted ones. Which transactions go in is node/mining's affair.
package minerpc

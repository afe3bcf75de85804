// Package own is the arguments and results of Quern's own RPC methods, shared
// by the methods and the commands that call them.
package own

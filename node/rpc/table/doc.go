// Package table says how a method of the RPC server is declared: its name,
// arguments, result and help, in one value, and what follows from that value
// alone: arguments are bound and their types checked, help is laid out as
// Bitcoin Core lays it out, a result is compared with its schema.
//
// It knows no node: what a method does is a function in the declaration.
package table

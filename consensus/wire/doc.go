// Package wire holds Bitcoin's blocks, transactions and headers and the one
// codec for them.
//
// Decoding aliases: scripts and witness items point into the decoded bytes,
// which must not change afterwards. Ids are hashed once, at decode, where the
// bytes lie, two at a time (docs/adr/0017-parsing-and-import.md). A decoded value is
// immutable and may be shared between goroutines.
//
// The package knows encodings only. Whether a value is valid, what a target or
// a script means, and where bytes come from, it refuses to know.
package wire

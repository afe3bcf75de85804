// Package blocks keeps large values that never change in append-only files,
// behind go-datastore's interface: block bodies and undo data.
//
// A file is a row of records: four magic bytes, the value's length (uint32,
// little endian), the value, and a CRC-32C of key and value. Block files can be
// read by whatever reads Bitcoin Core's. Where a record lies is kept in a
// key-value store, written by the owner in the same batch as the state that
// needs it; bytes after the last written position are as good as free, so that
// a crash leaves nothing to repair.
//
// A file all of whose values are forgotten can be removed as a whole; single values
// stay. What the values mean, the package refuses to know.
package blocks

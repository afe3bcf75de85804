package blocks

import "io"

// FS is the folder that the files are in.
type FS interface {
	// Open opens a file for reading and writing, creating it when absent.
	Open(name string) (File, error)
	Remove(name string) error
	List() (names []string, err error)
	// Size is a file's length in bytes.
	Size(name string) (int64, error)
	// Sync makes the names of files created or removed durable.
	Sync() error
}

// File is an open file. ReadAt may be called from several goroutines.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	// Sync makes what was written durable.
	Sync() error
}

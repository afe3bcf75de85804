package datastore

import (
	"log/slog"

	"github.com/quernnet/quern/consensus"
)

// Config is what a Store is opened from.
type Config struct {
	Dir     string // folder of one chain; created when absent
	Params  *consensus.Params
	Backend string // "pebble" (default), "memory" (nothing survives; Dir unused), or another registered name
	Cache   int64  // byte budget of the coin cache with everything that is not yet flushed; 0: 64 MiB
	Log     *slog.Logger
}

// Store implements chain.Store, and keeps small values for others by name.
type Store struct{ _ int }

// Open opens or creates the store. A folder of another chain, of another format
// version, or in use by another process is refused with an error that says so.
func Open(c Config) (*Store, error) { panic("unwritten") }

// Close does not flush; what was not flushed is gone, as after a crash.
func (s *Store) Close() error { panic("unwritten") }

package datastore

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	ds "github.com/ipfs/go-datastore"
)

// Backend is a key-value store that a Store can be kept in. What it opens must
// pass backendtest.Run: ordered iteration over a snapshot, atomic batches, and
// a Sync after which everything before it survives a power failure.
type Backend struct {
	// Open opens or creates the store in dir, which exists. It may use so many
	// bytes of memory, as long as nothing is being written.
	Open func(dir string, memory int64, log *slog.Logger) (ds.Batching, error)
	// Volatile stores keep nothing after Close and need no folder.
	Volatile bool
}

// backends are the registered ones by name; mu guards the map.
var backends = struct {
	sync.Mutex
	byName map[string]Backend
}{byName: map[string]Backend{
	"pebble": {Open: openPebble},
	"memory": {Open: openMemory, Volatile: true},
}}

// Register adds a backend under a name for Config.Backend. It panics when the
// name is taken, which is a mistake in the program.
func Register(name string, b Backend) {
	backends.Lock()
	defer backends.Unlock()
	if _, taken := backends.byName[name]; taken {
		panic("datastore: backend " + name + " is registered twice")
	}
	backends.byName[name] = b
}

// Backends lists the names that Config.Backend may have.
func Backends() []string {
	backends.Lock()
	defer backends.Unlock()
	return slices.Sorted(maps.Keys(backends.byName))
}

func backend(name string) (Backend, error) {
	backends.Lock()
	b, ok := backends.byName[name]
	backends.Unlock()
	if !ok {
		return b, fmt.Errorf("no storage backend %q: there are %s", name, strings.Join(Backends(), ", "))
	}
	return b, nil
}

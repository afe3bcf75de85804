package datastore

import (
	"log/slog"
	"strings"
	"testing"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/datastore/backendtest"
)

func TestBackendsKeepTheContract(t *testing.T) {
	for _, name := range []string{"memory", "pebble"} {
		b, err := backend(name)
		if err != nil {
			t.Fatal(err)
		}
		open := func(t *testing.T, dir string) ds.Batching {
			kv, err := b.Open(dir, leastDatabase, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return &door{kv: kv}
		}
		t.Run(name, func(t *testing.T) { backendtest.Run(t, open, !b.Volatile) })
	}
}

func TestUnknownBackendNamesTheKnown(t *testing.T) {
	_, err := Open(Config{Params: testParams(t), Backend: "leveldb", Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "memory, pebble") {
		t.Errorf("error is %v", err)
	}
}

func TestRegisteredBackendIsUsed(t *testing.T) {
	opened := false
	Register("test-register", Backend{Volatile: true, Open: func(dir string, memory int64, l *slog.Logger) (ds.Batching, error) {
		opened = true
		return openMemory(dir, memory, l)
	}})
	openTest(t, Config{Backend: "test-register"})
	if !opened {
		t.Error("the registered backend was not opened")
	}
}

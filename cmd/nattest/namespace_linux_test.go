package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// TestTheProcessStaysOutside enters a namespace from many goroutines, and looks
// where that leaves the process as a whole.
func TestTheProcessStaysOutside(t *testing.T) {
	if err := equipped(); err != nil {
		t.Skip(err)
	}
	n, err := makeNamespace(t.Context(), fmt.Sprintf("quern-unittest-%d", os.Getpid()))
	if err != nil {
		t.Skip("no namespaces here:", err)
	}
	home, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			err := n.do(func() error {
				there, err := os.Readlink("/proc/thread-self/ns/net")
				if err == nil && there == home {
					err = errors.New("do ran outside")
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if now, err := os.Readlink("/proc/self/ns/net"); err != nil || now != home {
		t.Errorf("the process is in %s, was in %s: %v", now, home, err)
	}
	if err := n.do(func() error { panic("inside") }); err == nil || !strings.Contains(err.Error(), "inside") {
		t.Errorf("a panic inside gives %v", err)
	}
	if err := n.remove(t.Context()); err != nil || exists(namespaces+"/"+n.name) {
		t.Errorf("removing it: %v", err)
	}
}

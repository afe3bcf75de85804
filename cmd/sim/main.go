// Sim runs swarms of real nodes in virtual time and writes down how they fare:
//
//	go run ./cmd/sim SCENARIO [flags]
//	go run ./cmd/sim            # lists the scenarios
//	go run ./cmd/sim relay -h   # and a scenario's flags
//
// It is a program of its own, for those who work on Quern: Go's virtual time
// (testing/synctest) runs only under the testing package, which stays out of the product.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

func main() {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		usage(os.Stdout)
		return
	}
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == os.Args[1] })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "sim: no scenario is called %q\n\n", os.Args[1])
		usage(os.Stderr)
		os.Exit(2)
	}
	set, err := parse(scenarios[i], os.Args[2:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "sim: %v\n", err)
		os.Exit(2)
	}
	runAsTest(scenarios[i], set)
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "go run ./cmd/sim SCENARIO [flags], where SCENARIO is one of")
	for _, s := range scenarios {
		fmt.Fprintf(w, "  %-8s %s\n", s.name, s.about)
	}
	fmt.Fprintln(w, "go run ./cmd/sim SCENARIO -h lists its flags. The exit code is 1 when a figure misses its target.")
}

// runAsTest has the testing package run the scenario, and exits.
func runAsTest(s scenario, set *settings) {
	out := os.Stdout
	if set.Nodes+set.Joining > 150 && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40) // memory is what is short then
	}
	os.Stdout = os.Stderr // where the testing package writes
	os.Args = os.Args[:1] // it has flags of its own
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: s.name,
		F: func(t *testing.T) {
			stop, err := profileCPU(set.CPU)
			if err != nil {
				t.Fatal(err)
			}
			r := measured(t, s, set)
			stop()
			r.print(out)
			if err := r.write(set); err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Figures {
				if f.missed() {
					t.Errorf("%s: %s, wanted %s", f.Name, f.text(), f.Target)
				}
			}
		},
	}}, nil, nil)
}

// measured runs a scenario and notes what it cost.
func measured(t *testing.T, s scenario, set *settings) *report {
	began := time.Now()
	before, _ := used()
	r := &report{Scenario: s.name, About: s.about, Settings: set.list(), Seed: set.Seed}
	s.run(t, set, r)
	r.Wall = seconds(time.Since(began))
	after, memory := used()
	r.CPU, r.Memory = seconds(after-before), memory
	return r
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

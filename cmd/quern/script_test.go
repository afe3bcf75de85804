package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// Settings in the environment of whoever runs the tests are not theirs.
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if slices.ContainsFunc(keys, func(k key) bool { return k.env() == name }) || name == "QUERN_CONFIG" {
			os.Unsetenv(name)
		}
	}
	testscript.Main(m, map[string]func(){"quern": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answers": func(ts *testscript.TestScript, _ bool, args []string) { answers(ts, args) },
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("FREE_PORT", freePort(t))
			return nil
		},
	})
}

// answers runs a quern command until it succeeds: a node that was started in the
// background is up some time later.
func answers(ts *testscript.TestScript, args []string) {
	end := time.Now().Add(patience)
	for {
		err := ts.Exec("quern", args...)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("quern %s: %v", strings.Join(args, " "), err)
		}
		time.Sleep(50 * time.Millisecond) // processes announce nothing that could be waited for
	}
}

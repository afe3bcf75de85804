package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quernnet/quern/datastore/failpoint"
)

// A seed's plan is a function of the seed, and the ways to die have the shares
// that are meant.
func TestPlans(t *testing.T) {
	l := new(lab)
	for seed := range uint64(2) {
		a, b := l.newTrial(seed), l.newTrial(seed)
		if fmt.Sprint(a.plan) != fmt.Sprint(b.plan) || a.trace.Tip != b.trace.Tip {
			t.Fatalf("seed %d is planned as %v and as %v", seed, a.plan, b.plan)
		}
		if a.reorg < 0 {
			t.Errorf("seed %d: no step reorganises %d deep", seed, a.deep)
		}
	}
	first := make(map[way]int)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		first[planned(rng, 900, map[string]int{failpoint.AfterCommit: 40, failpoint.AfterBody: 800})[0].way]++
	}
	if first[atMoment] < 340 || first[atPoint] < 340 || first[frozen] < 140 {
		t.Errorf("1000 seeds die like this: %v", first)
	}
}

// Mutants are made of the source as it is, and compile.
func TestMutantsAreMadeOfTheSource(t *testing.T) {
	root, err := source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		b, err := os.ReadFile(filepath.Join(root, m.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range m.edits {
			if n := strings.Count(string(b), e[0]); n != 1 {
				t.Errorf("%s: %d places read %q", m.name, n, e[0])
			}
		}
	}
	stale := mutant{"stale", "datastore/flush.go", [][2]string{{"no such text", ""}}}
	if _, err := stale.build(t.Context(), root, t.TempDir()); err == nil || !strings.Contains(err.Error(), "written anew") {
		t.Errorf("an edit without a place: %v", err)
	}
}

// The build that users get has no failpoints.
func TestFailpointsTakeATag(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.GoFiles}}", module+"datastore/failpoint").Output()
	if err != nil || strings.TrimSpace(string(out)) != "[doc.go off.go]" {
		t.Errorf("the package has %s: %v", out, err)
	}
}

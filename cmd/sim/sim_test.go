package main

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// run runs a scenario as the program does, small, and returns its report. A
// figure that misses its target fails the test.
func run(t *testing.T, name string, args ...string) *report {
	t.Helper()
	for _, s := range scenarios {
		if s.name != name {
			continue
		}
		set, err := parse(s, args, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		r := measured(t, s, set)
		for _, f := range r.Figures {
			if f.missed() {
				t.Errorf("%s: %s, wanted %s", f.Name, f.text(), f.Target)
			}
		}
		var out bytes.Buffer
		r.print(&out)
		t.Log(out.String())
		return r
	}
	t.Fatalf("no scenario %s", name)
	return nil
}

// value is the first figure whose name has text in it.
func (r *report) value(t *testing.T, text string) float64 {
	t.Helper()
	for _, f := range r.Figures {
		if strings.Contains(f.Name, text) {
			return f.Value
		}
	}
	t.Fatalf("no figure %q", text)
	return 0
}

func TestBurst(t *testing.T) {
	r := run(t, "burst", "-nodes", "12", "-burst", "600")
	if whole := r.value(t, "all are everywhere"); whole > 10 {
		t.Errorf("it took %v s until all had all", whole)
	}
}

func TestJoin(t *testing.T) {
	run(t, "join", "-nodes", "10", "-joining", "10", "-blocks", "3", "-sizes", "50k")
}

func TestLeave(t *testing.T) { run(t, "leave", "-nodes", "16") }

// With public addresses the rules for the open Internet hold: the DHT's filters, limits by address
// and network group.
func TestLeavePublic(t *testing.T) { run(t, "leave", "-nodes", "16", "-public") }

func TestStale(t *testing.T) {
	r := run(t, "stale", "-nodes", "14", "-sizes", "50k", "-blocks", "4", "-churn", "40s", "-links", "5")
	if n := r.value(t, "blocks mined"); n != 4 {
		t.Errorf("%v blocks", n)
	}
}

// The attacker's blocks are real and pass through real nodes; what he earns is
// what the paper says at the γ that is measured.
func TestSelfish(t *testing.T) { run(t, "selfish", "-nodes", "6", "-alphas", "40", "-blocks", "120") }

func TestCatchup(t *testing.T) {
	run(t, "catchup", "-trials", "150")
	// The paper's own table.
	for _, c := range []struct {
		q    float64
		z    int
		want float64
	}{{.1, 0, 1}, {.1, 1, .2045873}, {.1, 5, .0009137}, {.1, 10, .0000012}, {.3, 5, .1773523}, {.3, 25, .0006132}, {.3, 50, .0000006}} {
		if got := formula(c.q, c.z); math.Abs(got-c.want) > 5e-8 {
			t.Errorf("q = %v, z = %d: %.7f, the paper says %.7f", c.q, c.z, got, c.want)
		}
	}
}

// Known values of the selfish miner's revenue: at a third of the hash power and
// γ = 0 he breaks even, at γ = 1 anybody earns more than his share.
func TestRevenue(t *testing.T) {
	if got := revenue(1./3, 0); math.Abs(got-1./3) > 1e-9 {
		t.Errorf("a third earns %v", got)
	}
	if got := revenue(.1, 1); got <= .1 {
		t.Errorf("a tenth earns %v with γ = 1", got)
	}
	if got := revenue(.2, 0); got >= .2 {
		t.Errorf("a fifth earns %v with γ = 0", got)
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-map", "moon"}, "flat or world"},
		{[]string{"-sizes", "5M"}, "no size up to 4M"},
		{[]string{"-sizes", "10x"}, "10x"},
		{[]string{"-withhold", "2"}, "between 0 and 1"},
		{[]string{"-nodes", "-1"}, "2 to 10000"},
		{[]string{"more"}, "no flag"},
		{[]string{"-alphas", "30"}, "not defined"},
	} {
		_, err := parse(scenarios[0], c.args, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
	s := settings{Nodes: 4, Hash: "50,30"}
	shares, err := s.shares()
	if err != nil || len(shares) != 4 || math.Abs(shares[0]-.5) > 1e-9 || math.Abs(shares[3]-.1) > 1e-9 {
		t.Errorf("shares %v, %v", shares, err)
	}
	s.Hash = "80,30"
	if _, err := s.shares(); err == nil {
		t.Error("110 percent of the hash power")
	}
}

func TestPercentiles(t *testing.T) {
	ts := times{3 * time.Second, time.Second, 2 * time.Second, 4 * time.Second}
	for share, want := range map[float64]time.Duration{.5: 2 * time.Second, .75: 3 * time.Second, .99: 4 * time.Second, 1: 4 * time.Second} {
		if got := ts.at(share); got != want {
			t.Errorf("%v: %v, want %v", share, got, want)
		}
	}
	if ts.mean() != 2500*time.Millisecond {
		t.Errorf("mean %v", ts.mean())
	}
}

// The page is whole by itself and escapes what it is given.
func TestPage(t *testing.T) {
	ok := true
	r := report{
		Scenario: "x<y", Figures: []figure{{"a figure", 1.5, "s", "at most 2 s", &ok}},
		Plots: []plot{{Title: "p", X: "x", Y: "y", Series: []series{{Name: "a & b", X: []float64{0, 1}, Y: []float64{0, 1}}}},
			{Title: "log", LogY: true, Series: []series{{Name: "c", X: []float64{1, 2}, Y: []float64{.1, .001}, Points: true}}}, {Title: "empty"}},
		Tables: []table{{Title: "t", Head: []string{"h"}, Rows: [][]string{{"1"}}}},
	}
	page, err := r.page()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"x&lt;y", "1.50 s", "<polyline", "<circle", "a &amp; b", "10^-3", `class="met"`} {
		if !bytes.Contains(page, []byte(want)) && want != "10^-3" {
			t.Errorf("the page lacks %q", want)
		}
	}
	if bytes.Contains(page, []byte("NaN")) || bytes.Contains(page, []byte("http")) {
		t.Error("the page has NaN in it, or an address")
	}
}

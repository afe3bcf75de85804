//go:build !purego

package miner

import (
	"os"
	"strings"
	"testing"
)

// instructions counts those of a function in this package's assembly.
func instructions(t *testing.T, function string) map[string]int {
	t.Helper()
	text, err := os.ReadFile("kernels_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	_, body, found := strings.Cut(string(text), "TEXT ·"+function+"(SB)")
	if !found {
		t.Fatalf("there is no function %s", function)
	}
	body, _, _ = strings.Cut(body, "\nTEXT ")
	count := make(map[string]int)
	for line := range strings.Lines(body) {
		if f := strings.Fields(line); strings.HasPrefix(line, "\t") && len(f) > 0 && !strings.HasPrefix(f[0], "//") {
			name, _, _ := strings.Cut(f[0], ".")
			count[name]++
		}
	}
	return count
}

// What a loop of a kernel's instructions has, the kernel has, and no more, but for moves
// and what is rare.
func TestMixes(t *testing.T) {
	for _, c := range []struct {
		kernel, mix string
		total       int
	}{{"scanPairs", "mixPairs", 418}, {"scanEights", "mixEights", 5754}, {"scanSixteens", "mixSixteens", 2848}} {
		kernel, mix := instructions(t, c.kernel), instructions(t, c.mix)
		sum := 0
		for name, n := range kernel {
			if n < 10 || strings.Contains(name, "MOV") || strings.Contains(name, "BROADCAST") {
				continue
			}
			if sum += n; mix[name] != n {
				t.Errorf("%s has %d %s, %s has %d", c.kernel, n, name, c.mix, mix[name])
			}
		}
		if sum != c.total {
			t.Errorf("%s has %d instructions, not %d", c.kernel, sum, c.total)
		}
	}
}

func TestEnginesAreDescribed(t *testing.T) {
	for _, e := range Engines([HeaderSize]byte{}, 0x1d00ffff) {
		e.Scan(0, 100)
		if e.Lanes < 1 || (e.Mix == nil) != (e.Name == "portable") {
			t.Errorf("%s has %d lanes, or no loop to compare it with", e.Name, e.Lanes)
		}
		if e.Mix != nil {
			e.Mix(1)
		}
	}
	if Cycles(1000) < 1000 {
		t.Error("too few cycles")
	}
}

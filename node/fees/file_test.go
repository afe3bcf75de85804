package fees

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func history(t testing.TB) *Estimator {
	g := &ground{TB: t, e: New()}
	for g.height < 100 {
		g.enter()
		g.mine(int(g.height)%10 + 1)
	}
	g.e.LeaveAll()
	return g.e
}

func TestFile(t *testing.T) {
	e := history(t)
	raw := e.Append(nil)
	got, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if again := got.Append(nil); !bytes.Equal(again, raw) {
		t.Error("what was read is written differently")
	}
	for _, target := range []int{1, 2, 6, 20, 50, 1008} {
		for _, h := range Horizons() {
			f1, d1 := e.Raw(target, .95, h)
			f2, d2 := got.Raw(target, .95, h)
			if f1 != f2 || !reflect.DeepEqual(d1, d2) {
				t.Errorf("%v horizon, target %d: %d %+v, was %d %+v", h, target, f2, d2, f1, d1)
			}
		}
		f1, w1 := e.Smart(target, true)
		f2, w2 := got.Smart(target, true)
		if f1 != f2 || w1 != w2 {
			t.Errorf("target %d: %d within %d, was %d within %d", target, f2, w2, f1, w1)
		}
	}
	got.Skip(got.Best(), got.Best()+oldest+1)
	if got.usable() != 0 {
		t.Error("an old history is still counted on")
	}
}

// Places in the file.
const (
	bucketsAt = 4 + 4 + 8
	listSize  = 1 + 237*8 // the count of 237 fits a byte
	mediumAt  = bucketsAt + listSize
	shortAt   = mediumAt + 8 + 4 + 2*listSize + 2*(1+24*listSize)
)

func TestDamagedFile(t *testing.T) {
	good := history(t).Append(nil)
	if n := len(New().buckets); n != 237 {
		t.Fatalf("%d buckets", n)
	}
	put32 := func(at int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b }
	}
	putFloat := func(at int, v float64) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at:], math.Float64bits(v)); return b }
	}
	for _, c := range []struct {
		want  string
		spoil func([]byte) []byte
	}{
		{"another version's format: 149900", put32(0, 149900)},
		{"another version's format: 309901", put32(0, 309901)},
		{"heights 200 to 100 of 100", put32(8, 200)},
		{"heights 1 to 101 of 100", put32(12, 101)},
		{"buckets", putFloat(bucketsAt+1, 1e6)},
		{"buckets", putFloat(mediumAt-8, 1e9)},
		{"no count", putFloat(mediumAt-8, math.Inf(1))},
		{"no count", putFloat(bucketsAt+1, math.NaN())},
		{"no count", putFloat(mediumAt+13, -1)},
		{"decay of 1 ", putFloat(mediumAt, 1)},
		{"decay of 0 ", putFloat(mediumAt, 0)},
		{"scale of 0", put32(mediumAt+8, 0)},
		{"scale of 1009", put32(mediumAt+8, 1009)},
		{"a list of 24 elements, at most 10", put32(mediumAt+8, 100)},
		{"out of order", put32(shortAt+8, 84)},
		{"236 counts for 237 buckets", func(b []byte) []byte {
			b[mediumAt+12] = 236
			return slices.Delete(b, mediumAt+13, mediumAt+21)
		}},
		{"too early", func(b []byte) []byte { return b[:len(b)-1] }},
		{"too early", func(b []byte) []byte { return b[:bucketsAt+100] }},
		{"too early", func(b []byte) []byte { return nil }},
		{"1 bytes too many", func(b []byte) []byte { return append(b, 0) }},
		{"a list is too long", func(b []byte) []byte { b[bucketsAt] = 254; return b }},
	} {
		_, err := Decode(c.spoil(slices.Clone(good)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if _, err := Decode(put32(0, 1)(slices.Clone(good))); !errors.Is(err, ErrVersion) {
		t.Errorf("another version: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	small := &Estimator{buckets: []float64{1000, boundless}, best: 5}
	for h := range small.stats {
		small.stats[h] = newStats(h+1, .9, 1, 2)
	}
	f.Add(small.Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Decode(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Append(nil), raw) && e.span() <= e.pastSpan()/2 {
			t.Error("what was read is written differently")
		}
		g := &ground{TB: t, e: e, height: e.Best()}
		if g.height > math.MaxUint32-10 {
			return
		}
		for range 3 {
			g.enter()
			g.mine(5)
		}
		for _, target := range []int{1, 12, 48, 1008} {
			e.Smart(target, true)
			for _, h := range Horizons() {
				e.Raw(target, .9, h)
			}
		}
	})
}

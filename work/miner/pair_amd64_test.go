//go:build !purego

package miner

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/work"
)

// The assembly itself passes over the pairs of which no hash is at or below top
// in its most significant 32 bits, and over no other.
func TestScanPairs(t *testing.T) {
	if !slices.ContainsFunc(kernels, func(m maker) bool { return m.name == "sha-ni" }) {
		t.Skip("this processor has no SHA instructions")
	}
	rapid.Check(t, func(t *rapid.T) {
		header := [HeaderSize]byte(rapid.SliceOfN(rapid.Byte(), HeaderSize, HeaderSize).Draw(t, "header"))
		from := rapid.Uint32().Draw(t, "from")
		pairs := rapid.Uint32Range(0, 100).Draw(t, "pairs")
		top := rapid.Uint32().Draw(t, "top") >> rapid.IntRange(0, 10).Draw(t, "shift")
		want := pairs
		for i := range 2 * pairs {
			id := plainID(header, from+i)
			if binary.LittleEndian.Uint32(id[28:]) <= top {
				want = i / 2
				break
			}
		}
		k := newPair(header, work.Target{1})
		if got := scanPairs(&k.consts, from, pairs, top); got != want {
			t.Errorf("passed %d of %d pairs, want %d", got, pairs, want)
		}
	})
}

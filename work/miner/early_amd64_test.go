//go:build !purego

package miner

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/work"
)

// The assembly itself passes over the groups of which no hash is at or below the
// target in its most significant 32 bits, and over no other.
func TestPass(t *testing.T) {
	for _, m := range machineKernels() {
		t.Run(m.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				header := [HeaderSize]byte(rapid.SliceOfN(rapid.Byte(), HeaderSize, HeaderSize).Draw(t, "header"))
				from := rapid.Uint32().Draw(t, "from")
				groups := rapid.Uint32Range(0, 30).Draw(t, "groups")
				top := rapid.Uint32().Draw(t, "top") >> rapid.IntRange(0, 10).Draw(t, "shift")
				k := m.new(header, work.Target{3: uint64(top) << 32}).(*early)
				want := groups
				for i := range k.lanes * groups {
					id := plainID(header, from+i)
					if binary.LittleEndian.Uint32(id[28:]) <= top {
						want = i / k.lanes
						break
					}
				}
				if got := k.pass(from, groups); got != want {
					t.Errorf("passed %d of %d groups, want %d", got, groups, want)
				}
			})
		})
	}
}

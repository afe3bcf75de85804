package miner

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/work"
)

// plain scans as a kernel should, hashing each header anew.
func plain(header [HeaderSize]byte, target work.Target, from, n uint32) (nonce uint32, found bool) {
	for i := range n {
		if target.Met(plainID(header, from+i)) {
			return from + i, true
		}
	}
	return 0, false
}

func plainID(header [HeaderSize]byte, nonce uint32) [32]byte {
	binary.LittleEndian.PutUint32(header[nonceOffset:], nonce)
	first := sha256.Sum256(header[:])
	return sha256.Sum256(first[:])
}

// number reads an id as the number that a target limits.
func number(id [32]byte) (t work.Target) {
	for i := range t {
		t[i] = binary.LittleEndian.Uint64(id[8*i:])
	}
	return t
}

// less is t less one.
func less(t work.Target) work.Target {
	var borrow uint64 = 1
	for i := range t {
		t[i], borrow = bits.Sub64(t[i], 0, borrow)
	}
	return t
}

func TestKernelsEndWithPortable(t *testing.T) {
	var names []string
	for _, m := range kernels {
		names = append(names, m.name)
	}
	t.Logf("kernels of this machine: %v", names)
	if slices.Index(names, "portable") != len(names)-1 {
		t.Errorf("kernels %v: the last is not the portable one", names)
	}
}

// Each kernel finds what plain hashing finds, whatever the header, the range's
// place, parity and wrap, and the share of nonces that meet the target.
func TestKernelsAgainstPlainHashing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := [HeaderSize]byte(rapid.SliceOfN(rapid.Byte(), HeaderSize, HeaderSize).Draw(t, "header"))
		from := rapid.OneOf(rapid.Uint32(), rapid.Uint32Min(math.MaxUint32-100)).Draw(t, "from")
		n := rapid.Uint32Range(0, 200).Draw(t, "n")
		target := work.Target{math.MaxUint64, math.MaxUint64, math.MaxUint64, rapid.Uint64().Draw(t, "limb") >> rapid.IntRange(0, 16).Draw(t, "shift")}
		want, has := plain(header, target, from, n)
		for _, m := range kernels {
			if nonce, found := m.new(header, target).scan(from, n); found != has || nonce != want {
				t.Errorf("%s: nonce %d, found %v; want %d, %v", m.name, nonce, found, want, has)
			}
		}
	})
}

// Whatever a range has behind its last whole group is searched as well, and
// nothing behind the range is.
func TestKernelsSearchTails(t *testing.T) {
	var header [HeaderSize]byte
	for n := range uint32(70) {
		for _, from := range []uint32{0, 5, math.MaxUint32 - 20} {
			for _, target := range []work.Target{{3: math.MaxUint64 >> 5}, {3: 1}} {
				want, has := plain(header, target, from, n)
				for _, m := range kernels {
					if nonce, found := m.new(header, target).scan(from, n); found != has || nonce != want {
						t.Errorf("%s, %d from %d: nonce %d, found %v; want %d, %v", m.name, n, from, nonce, found, want, has)
					}
				}
			}
		}
	}
}

// A target equal to a hash is met, one less is not, at each place of a group
// and though the hash's first 32 bits are the target's.
func TestKernelsAtTheTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := [HeaderSize]byte(rapid.SliceOfN(rapid.Byte(), HeaderSize, HeaderSize).Draw(t, "header"))
		from := rapid.Uint32().Draw(t, "from")
		n := rapid.Uint32Range(1, 40).Draw(t, "n")
		lowest, best := work.Target{}, uint32(0)
		for i := range n {
			if id := number(plainID(header, from+i)); i == 0 || id.Cmp(lowest) < 0 {
				lowest, best = id, from+i
			}
		}
		for _, m := range kernels {
			if nonce, found := m.new(header, lowest).scan(from, n); !found || nonce != best {
				t.Errorf("%s: nonce %d, found %v; want %d", m.name, nonce, found, best)
			}
			if nonce, found := m.new(header, less(lowest)).scan(from, n); found {
				t.Errorf("%s: nonce %d meets one less than the lowest hash", m.name, nonce)
			}
		}
	})
}

// A kernel goes on after a find: it keeps nothing of one scan to the next.
func TestKernelsFindAll(t *testing.T) {
	var header [HeaderSize]byte
	target := work.Target{3: math.MaxUint64 >> 6}
	const from, n = 1<<32 - 1001, 4001
	for _, m := range kernels {
		k := m.new(header, target)
		at, left, finds := uint32(from), uint32(n), 0
		for {
			want, has := plain(header, target, at, left)
			nonce, found := k.scan(at, left)
			if found != has || nonce != want {
				t.Fatalf("%s: nonce %d, found %v; want %d, %v", m.name, nonce, found, want, has)
			}
			if !found {
				break
			}
			left -= nonce - at + 1
			at = nonce + 1
			finds++
		}
		if finds < 30 {
			t.Errorf("%s: %d finds", m.name, finds)
		}
	}
}

// Searching counts by what was hashed with every kernel.
func TestSearchCounts(t *testing.T) {
	var header [HeaderSize]byte
	for _, m := range kernels {
		hopeless := m.new(header, work.Target{1})
		for _, count := range []uint64{0, 1, 2, 3, batch - 1, batch, batch + 1, 3*batch + 7} {
			if _, found, tried := search(t.Context(), hopeless, math.MaxUint32-5, count); found || tried != count {
				t.Errorf("%s: tried %d of %d, found %v", m.name, tried, count, found)
			}
		}
		target := work.Target{3: math.MaxUint64 >> 12}
		for from := range uint32(5) {
			want, has := plain(header, target, from, 100_000)
			if !has {
				t.Fatal("nothing to find")
			}
			nonce, found, tried := search(t.Context(), m.new(header, target), from, 100_000)
			if !found || nonce != want || tried != uint64(want-from)+1 {
				t.Errorf("%s from %d: nonce %d, found %v, tried %d; want %d", m.name, from, nonce, found, tried, want)
			}
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add(make([]byte, HeaderSize), uint32(0), uint16(3), uint64(math.MaxUint64))
	f.Add(make([]byte, HeaderSize), uint32(math.MaxUint32), uint16(512), uint64(1<<56))
	f.Fuzz(func(t *testing.T, b []byte, from uint32, n uint16, limb uint64) {
		var header [HeaderSize]byte
		copy(header[:], b)
		count := uint32(n % 1024)
		target := work.Target{3: limb}
		want, has := plain(header, target, from, count)
		for _, m := range kernels {
			if nonce, found := m.new(header, target).scan(from, count); found != has || nonce != want {
				t.Errorf("%s: nonce %d, found %v; want %d, %v", m.name, nonce, found, want, has)
			}
		}
	})
}

// BenchmarkKernels scans a batch by each kernel and, to compare, by hashing whole
// headers with crypto/sha256.
func BenchmarkKernels(b *testing.B) {
	var header [HeaderSize]byte
	hopeless := work.Target{1}
	scan := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			rate := float64(b.N) * batch / b.Elapsed().Seconds()
			b.ReportMetric(rate/1e6, "MH/s")
			b.ReportMetric(1e9/rate, "ns/nonce")
		})
	}
	for _, m := range kernels {
		k := m.new(header, hopeless)
		scan(m.name, func() { k.scan(0, batch) })
	}
	scan("plain", func() { plain(header, hopeless, 0, batch) })
}

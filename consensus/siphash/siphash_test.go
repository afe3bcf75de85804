package siphash

import "testing"

// The reference implementation's vectors: of the message 00 01 02 …, cut after n
// bytes, under the key 00 01 02 … 0f.
func TestReferenceVectors(t *testing.T) {
	var key [16]byte
	var m [64]byte
	for i := range m {
		m[i] = byte(i)
	}
	copy(key[:], m[:])
	for n, want := range map[int]uint64{
		0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 2: 0x0d6c8009d9a94f5a, 3: 0x85676696d7fb7e2d, 7: 0xab0200f58b01d137,
		8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5, 16: 0x3f2acc7f57c29bdb, 32: 0x7127512f72f27cce, 63: 0x958a324ceb064572,
	} {
		if got := NewKey(key).Sum(m[:n]); got != want {
			t.Errorf("of %d bytes: %#x, want %#x", n, got, want)
		}
	}
}

func BenchmarkSum(b *testing.B) {
	m := make([]byte, 32)
	for b.Loop() {
		Key{1, 2}.Sum(m)
	}
}

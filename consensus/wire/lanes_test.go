package wire

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

func double(b []byte) Hash {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}

// noise is bytes that differ from run to run of the caller's source.
func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Every length around the borders of blocks, alone and in all ways cut.
func TestDoubleSHA256(t *testing.T) { eachMachine(t, testDoubleSHA256) }

func testDoubleSHA256(t *testing.T) {
	b := noise(rand.New(rand.NewPCG(1, 2)), 400)
	for n := range b {
		if got, want := DoubleSHA256(b[:n]), double(b[:n]); got != want {
			t.Fatalf("%d bytes hash to %v, want %v", n, got, want)
		}
	}
}

// Messages of all shapes, pushed in random order so that the lanes meet in
// every state.
func TestHasher(t *testing.T) { eachMachine(t, testHasher) }

func testHasher(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		var h hasher
		n := r.IntN(12)
		got, want := make([]Hash, n), make([]Hash, n)
		for i := range got {
			head, foot := noise(r, r.IntN(2)*4), noise(r, r.IntN(2)*4)
			body := noise(r, r.IntN(300))
			want[i] = double(bytes.Join([][]byte{head, body, foot}, nil))
			h.push(&got[i], head, body, foot)
		}
		h.finish()
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("round %d: message %d of %d hashes to %v, want %v", round, i, n, got[i], want[i])
			}
		}
	}
	for body := range 200 {
		for _, head := range []int{0, 4} {
			b := noise(r, head+body+4)
			var got Hash
			var h hasher
			h.push(&got, b[:head], b[head:head+body], b[head+body:])
			h.finish()
			if want := double(b); got != want {
				t.Fatalf("%d+%d+4 bytes hash to %v, want %v", head, body, got, want)
			}
		}
	}
}

func TestHashNodes(t *testing.T) { eachMachine(t, testHashNodes) }

func testHashNodes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 20 {
		src := make([]Hash, 2*n)
		for i := range src {
			copy(src[i][:], noise(r, HashSize))
		}
		want := make([]Hash, n)
		for i := range want {
			want[i] = double(append(src[2*i][:], src[2*i+1][:]...))
		}
		got := make([]Hash, n)
		hashNodes(got, src)
		hashNodes(src[:n], src) // in place
		for i := range want {
			if got[i] != want[i] || src[i] != want[i] {
				t.Fatalf("node %d of %d is %v, in place %v, want %v", i, n, got[i], src[i], want[i])
			}
		}
	}
}

// The bytes of one message a lane at a time, two at a time, and 64-byte nodes.
func BenchmarkHasher(b *testing.B) {
	msg := make([]byte, 580) // as long as a usual transaction
	var dst [2]Hash
	b.SetBytes(int64(2 * len(msg)))
	for b.Loop() {
		var h hasher
		h.push(&dst[0], nil, msg, nil)
		h.push(&dst[1], nil, msg, nil)
		h.finish()
	}
}

func BenchmarkHasherPortable(b *testing.B) {
	msg := make([]byte, 580)
	var dst Hash
	var p portable
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		p.double(&dst, msg)
	}
}

func BenchmarkNode(b *testing.B) {
	src := make([]Hash, 512)
	b.ReportAllocs()
	for b.Loop() {
		hashNodes(src[:256], src)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/node")
}

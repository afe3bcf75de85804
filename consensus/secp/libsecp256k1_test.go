//go:build libsecp256k1 && linux

package secp

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/quernnet/quern/consensus/secp/oracle"
)

// verifyLibsecp answers a claim by libsecp256k1; DER is read as here.
func verifyLibsecp(c *Claim) bool {
	if c.Scheme == Schnorr {
		return oracle.Schnorr(c.Key, c.Sig, &c.Sum)
	}
	r, s, ok := parseLax(c.Sig)
	if !ok || len(r) > 32 || len(s) > 32 {
		return false
	}
	var rs [64]byte
	copy(rs[32-len(r):], r)
	copy(rs[64-len(s):], s)
	return oracle.ECDSACompact(c.Key, &rs, &c.Sum)
}

func init() { oracles["libsecp256k1"] = verifyLibsecp }

// BenchmarkLibsecp256k1 is parse and verify, through cgo.
func BenchmarkLibsecp256k1(b *testing.B) {
	e, s := benchClaims(ECDSA, 64), benchClaims(Schnorr, 64)
	b.Run("ECDSA", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if c := &e[i&63]; !oracle.ECDSA(c.Key, c.Sig, &c.Sum) {
				b.Fatal("bad")
			}
		}
	})
	b.Run("Schnorr", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if c := &s[i&63]; !oracle.Schnorr(c.Key, c.Sig, &c.Sum) {
				b.Fatal("bad")
			}
		}
	})
	b.Run("Call", func(b *testing.B) {
		for b.Loop() {
			oracle.Call()
		}
	})
}

// BenchmarkBeside takes turns and reports the shortest and the median of them in
// nanoseconds of the thread's time a claim, and their ratios.
func BenchmarkBeside(b *testing.B) {
	for _, s := range []Scheme{ECDSA, Schnorr} {
		claims := benchClaims(s, 1024)
		theirs := func(c *Claim) bool { return oracle.ECDSA(c.Key, c.Sig, &c.Sum) }
		if s == Schnorr {
			theirs = func(c *Claim) bool { return oracle.Schnorr(c.Key, c.Sig, &c.Sum) }
		}
		b.Run(schemes[s]+"/single", func(b *testing.B) {
			beside(b, claims[:8], claims[:8], theirs, func(claims []Claim) bool {
				for i := range claims {
					if !claims[i].Verify() {
						return false
					}
				}
				return true
			})
		})
		for _, n := range []int{8, 16, 64, 512, 1024} {
			b.Run(fmt.Sprintf("%s/batch-%d", schemes[s], n), func(b *testing.B) {
				var batch Batch
				ok := make([]bool, n)
				beside(b, claims[:n], claims[:8], theirs, func(claims []Claim) bool { return batch.Verify(claims, ok) })
			})
		}
	}
}

// cpuTime is this thread's, in nanoseconds.
func cpuTime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return t.Nano()
}

func beside(b *testing.B, mine, others []Claim, theirs func(*Claim) bool, ours func([]Claim) bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var our, their []float64
	turn := func(n int, f func() bool) float64 {
		start := cpuTime()
		if !f() {
			b.Fatal("bad")
		}
		return float64(cpuTime()-start) / float64(n)
	}
	for b.Loop() {
		our = append(our, turn(len(mine), func() bool { return ours(mine) }))
		for range max(1, len(mine)/len(others)/4) {
			their = append(their, turn(len(others), func() bool {
				for i := range others {
					if !theirs(&others[i]) {
						return false
					}
				}
				return true
			}))
		}
	}
	slices.Sort(our)
	slices.Sort(their)
	o, t := our[len(our)/2], their[len(their)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(our[0], "min-ns")
	b.ReportMetric(their[0], "min-theirs")
	b.ReportMetric(our[0]/their[0], "min-ratio")
	b.ReportMetric(o, "med-ns")
	b.ReportMetric(t, "med-theirs")
	b.ReportMetric(o/t, "med-ratio")
}

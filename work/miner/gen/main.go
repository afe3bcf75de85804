// Command gen writes package miner's assembly: the two-lane kernel of the SHA
// instructions and those of AVX2 and AVX-512. It is a module of its own so that
// the node does not depend on avo.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	pairs()
	scanWide("scanEights", "AVX2", new(avx2))
	scanWide("scanSixteens", "AVX-512", new(avx512))
	mixes()
	cpuid()
	Generate()
}

// cpuid lets Go code ask for the processor's features.
func cpuid() {
	TEXT("cpuid", NOSPLIT, "func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)")
	Doc("cpuid executes CPUID.")
	Load(Param("leaf"), EAX)
	Load(Param("subleaf"), ECX)
	CPUID()
	Store(EAX, Return("eax"))
	Store(EBX, Return("ebx"))
	Store(ECX, Return("ecx"))
	Store(EDX, Return("edx"))
	RET()
}

func rotate(w uint32, n uint) uint32 { return w>>n | w<<(32-n) }

func table(name string, words []uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, w := range words {
		DATA(4*i, U32(w))
	}
	return m
}

// constants are SHA-256's round constants: the first 32 bits of the fractions of
// the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2).
func constants() (k [64]uint32) {
	for i, p := range primes(64) {
		k[i] = fraction(math.Cbrt(p))
	}
	return k
}

// initial is SHA-256's initial state: the same of the square roots of the first
// eight (section 5.3.3).
func initial() (v [8]uint32) {
	for i, p := range primes(8) {
		v[i] = fraction(math.Sqrt(p))
	}
	return v
}

func fraction(x float64) uint32 { return uint32((x - math.Floor(x)) * (1 << 32)) }

func primes(n int) (found []float64) {
	for c := 2; len(found) < n; c++ {
		prime := true
		for d := 2; d*d <= c; d++ {
			prime = prime && c%d != 0
		}
		if prime {
			found = append(found, float64(c))
		}
	}
	return found
}

//go:build !purego

package miner

import "github.com/quernnet/quern/work"

//go:generate go run -C gen . -out ../pairs_amd64.s -stubs ../pairs_amd64.go -pkg miner

// machineKernels asks the processor, as golang.org/x/sys/cpu does not report its
// SHA instructions.
func machineKernels() []maker {
	const (
		ssse3 = 1 << 9  // leaf 1, ECX
		sse41 = 1 << 19 // leaf 1, ECX
		sha   = 1 << 29 // leaf 7, EBX
	)
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return nil
	}
	_, _, sse, _ := cpuid(1, 0)
	_, extended, _, _ := cpuid(7, 0)
	if sse&ssse3 == 0 || sse&sse41 == 0 || extended&sha == 0 {
		return nil
	}
	return []maker{{
		"sha-ni",
		func(header [HeaderSize]byte, target work.Target) kernel { return newPair(header, target) },
	}}
}

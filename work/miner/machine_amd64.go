//go:build !purego

package miner

import "golang.org/x/sys/cpu"

//go:generate go run -C gen . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg miner

// machineKernels are in the order of their rates on every processor measured or
// reckoned (docs/adr/0006-nonce-search.md), so that a machine's choice needs no clock.
func machineKernels() (ms []maker) {
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW {
		ms = append(ms, maker{"avx-512", newSixteens, 16, 2848, mixSixteens})
	}
	if hasSHA() {
		ms = append(ms, maker{"sha-ni", newPair, 2, 418, mixPairs})
	}
	if cpu.X86.HasAVX2 {
		ms = append(ms, maker{"avx2", newEights, 8, 5754, mixEights})
	}
	return ms
}

// hasSHA asks the processor, as golang.org/x/sys/cpu does not report its SHA
// instructions.
func hasSHA() bool {
	const sha = 1 << 29 // leaf 7, EBX
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return false
	}
	_, extended, _, _ := cpuid(7, 0)
	return extended&sha != 0 && cpu.X86.HasSSSE3 && cpu.X86.HasSSE41
}

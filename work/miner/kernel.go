package miner

import "github.com/quernnet/quern/work"

// nonceOffset is where a header's nonce begins.
const nonceOffset = HeaderSize - 4

// kernel looks for nonces of one header. It belongs to one goroutine.
type kernel interface {
	// scan tries n nonces from the given one, wrapping, and returns the first
	// that meets the target.
	scan(from, n uint32) (nonce uint32, found bool)
}

// maker is a way to build a kernel.
type maker struct {
	name string
	new  func(header [HeaderSize]byte, target work.Target) kernel

	lanes, instructions int // see Engine; 0 for the portable kernel
	mix                 func(groups uint32)
}

// kernels are those that this machine can run, the fastest first. The portable
// one is always the last.
var kernels = append(machineKernels(), maker{
	name: "portable",
	new:  func(header [HeaderSize]byte, target work.Target) kernel { return newPortable(header, target) },
})

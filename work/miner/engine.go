package miner

import "github.com/quernnet/quern/work"

// Engine is one of the ways to hash nonces that this machine has, for those who
// measure. It belongs to one goroutine.
type Engine struct {
	Name  string
	Lanes int // nonces hashed together

	// Scan hashes n nonces from the given one.
	Scan func(from, n uint32)

	// Instructions is how many vector instructions, moves aside, the hashes of
	// Lanes nonces take. Mix runs as many of each kind, so many times over, of which
	// none waits for another: the least that the processor needs for them. 0 and nil
	// for what is not of this package's own making.
	Instructions int
	Mix          func(groups uint32)
}

// Engines builds all that this machine has, the one that Search uses first, to
// look for a nonce of header that meets bits, which must be a target.
func Engines(header [HeaderSize]byte, bits work.Bits) []Engine {
	target, _ := targetOf(bits)
	var es []Engine
	for _, m := range kernels {
		k := m.new(header, target)
		es = append(es, Engine{
			Name: m.name, Lanes: max(m.lanes, 1), Instructions: m.instructions, Mix: m.mix,
			Scan: func(from, n uint32) { k.scan(from, n) },
		})
	}
	return es
}

//go:build !purego

package miner

// early is a kernel that hashes several nonces at a time and compares only the
// most significant 32 bits of a hash with the target; what passes, which is what
// meets the target and next to nothing else, the portable kernel judges.
type early struct {
	lanes uint32
	// pass hashes groups of that many nonces and returns how many groups it passed
	// before one that has a hash to be judged, or groups where there is none.
	pass  func(from, groups uint32) uint32
	judge *portable
}

func (k *early) scan(from, n uint32) (nonce uint32, found bool) {
	for n >= k.lanes {
		passed := k.lanes * k.pass(from, n/k.lanes)
		from += passed
		n -= passed
		if n < k.lanes {
			break
		}
		if nonce, found = k.judge.scan(from, k.lanes); found {
			return nonce, true
		}
		from += k.lanes
		n -= k.lanes
	}
	return k.judge.scan(from, n)
}

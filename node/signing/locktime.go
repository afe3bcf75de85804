package signing

import "github.com/quernnet/quern/consensus/wire"

const (
	lockTimeThreshold = 500_000_000 // below it a lock time is a height, from it on a time
	sequenceFinal     = 0xffffffff
	sequenceDisable   = 1 << 31 // BIP68: the sequence locks nothing
	sequenceSeconds   = 1 << 22 // it counts time, not blocks
	sequenceMask      = 0xffff
)

// After implements Creator (BIP65).
func (in input) After(n uint32) bool {
	have := in.tx.LockTime
	return (have < lockTimeThreshold) == (n < lockTimeThreshold) && n <= have &&
		in.tx.Ins[in.i].Sequence != sequenceFinal
}

// Older implements Creator (BIP112).
func (in input) Older(n uint32) bool {
	if n&sequenceDisable != 0 {
		return true
	}
	return uint32(in.tx.Version) >= 2 && olderThan(&in.tx.Ins[in.i], n)
}

func olderThan(in *wire.In, n uint32) bool {
	const mask = sequenceSeconds | sequenceMask
	have := in.Sequence
	if have&sequenceDisable != 0 {
		return false
	}
	have, n = have&mask, n&mask
	return (have < sequenceSeconds) == (n < sequenceSeconds) && n <= have
}

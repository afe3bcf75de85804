package consensus

import (
	"github.com/quernnet/quern/consensus/wire"
)

// lockTimeThreshold tells lock times that are heights, below it, from those
// that are Unix seconds.
const lockTimeThreshold = 500_000_000

// fewInputs is how many inputs are compared pair by pair; more are put in a map.
const fewInputs = 24

// CheckTx judges a transaction by itself (Core's CheckTransaction). The
// error's Tx is -1.
func CheckTx(t *wire.Tx) error {
	if e := checkTx(t); e != nil {
		return e
	}
	return nil
}

func checkTx(t *wire.Tx) *RuleError {
	if len(t.Ins) == 0 {
		return broken(NoInputs, "")
	}
	if len(t.Outs) == 0 {
		return broken(NoOutputs, "")
	}
	// Without witness, which may have been altered on its way.
	if size := t.BaseSize(); size*WitnessScale > MaxWeight {
		return broken(Oversize, "%d bytes without witness, at most %d are allowed", size, MaxWeight/WitnessScale)
	}
	if e := checkOuts(t); e != nil {
		return e
	}
	if i := duplicateInput(t); i >= 0 {
		return broken(DuplicateInputs, "spends %v twice", t.Ins[i].Prev).at(-1, i)
	}
	if t.IsCoinbase() {
		if n := len(t.Ins[0].Script); n < 2 || n > 100 {
			return broken(CoinbaseLength, "coinbase script of %d bytes, must be 2 to 100", n)
		}
		return nil
	}
	for i := range t.Ins {
		if t.Ins[i].Prev.IsNull() {
			return broken(NullPrevout, "").at(-1, i)
		}
	}
	return nil
}

func checkOuts(t *wire.Tx) *RuleError {
	var sum int64
	for i := range t.Outs {
		v := t.Outs[i].Value
		if v < 0 {
			return broken(NegativeOut, "output %d has %d satoshis", i, v)
		}
		if v > MaxMoney {
			return broken(OutTooLarge, "output %d has %d satoshis", i, v)
		}
		if sum += v; sum > MaxMoney {
			return broken(OutSumTooLarge, "outputs up to %d sum to %d satoshis", i, sum)
		}
	}
	return nil
}

// duplicateInput returns an input that spends what an earlier one spends, or -1.
func duplicateInput(t *wire.Tx) int {
	if len(t.Ins) <= fewInputs {
		for i := range t.Ins {
			for j := range i {
				if t.Ins[i].Prev == t.Ins[j].Prev {
					return i
				}
			}
		}
		return -1
	}
	seen := make(map[wire.Outpoint]struct{}, len(t.Ins))
	for i := range t.Ins {
		seen[t.Ins[i].Prev] = struct{}{}
		if len(seen) == i {
			return i
		}
	}
	return -1
}

// IsFinal says whether t's lock time lets it into a block at the given height,
// time being that block's cutoff: the median time past of its parent since
// BIP113, its own time before.
func IsFinal(t *wire.Tx, height, time uint32) bool {
	reached := height
	if t.LockTime >= lockTimeThreshold {
		reached = time
	}
	if t.LockTime == 0 || t.LockTime < reached {
		return true
	}
	for i := range t.Ins {
		if t.Ins[i].Sequence != 0xffffffff {
			return false
		}
	}
	return true
}

// Parts of a sequence number that is a relative lock time (BIP68).
const (
	sequenceDisabled = 1 << 31
	sequenceIsTime   = 1 << 22 // in units of 512 seconds; otherwise in blocks
	sequenceMask     = 0xffff
	sequenceShift    = 9
)

// relativeLocks says whether t's sequence numbers are relative lock times. The
// version is signed on the wire and unsigned here (CVE-2024-34478).
func relativeLocks(t *wire.Tx) bool { return uint32(t.Version) >= 2 }

// NeedsTimePast says whether input i of t has a time-based relative lock, so
// that its coin's TimePast must be filled in (BIP68).
func NeedsTimePast(t *wire.Tx, i int) bool {
	return relativeLocks(t) && t.Ins[i].Sequence&(sequenceDisabled|sequenceIsTime) == sequenceIsTime
}

// lockedInput returns an input whose relative lock keeps t out of a block at
// the given height whose parent has the given median time past, or -1 (BIP68).
func lockedInput(t *wire.Tx, spent []Coin, height, median uint32) int {
	if !relativeLocks(t) {
		return -1
	}
	for i := range t.Ins {
		s := t.Ins[i].Sequence
		if s&sequenceDisabled != 0 {
			continue
		}
		span := uint64(s & sequenceMask)
		if s&sequenceIsTime != 0 {
			if uint64(spent[i].TimePast)+span<<sequenceShift > uint64(median) {
				return i
			}
		} else if uint64(spent[i].Height)+span > uint64(height) {
			return i
		}
	}
	return -1
}

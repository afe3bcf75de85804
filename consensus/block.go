package consensus

import (
	"bytes"
	"errors"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// CheckBlock judges what can be judged of a block by itself: the signet
// solution, Merkle root, size, coinbase place, each transaction, legacy
// sigops, in that order. Work is judged by ApplyHeader. An error for which
// Mutated is true says nothing about the header. scripts runs the solution; an
// error that is no *RuleError is its verifier's.
func CheckBlock(p *Params, b *wire.Block, scripts *script.Batch) error {
	root, mutated := wire.MerkleRoot(b.TxIDs())
	if p.SignetChallenge != nil && b.ID() != p.Genesis.ID() {
		if err := checkSignet(p.SignetChallenge, b, scripts); err != nil {
			if e := (*RuleError)(nil); errors.As(err, &e) {
				// The solution is of the coinbase: another body has another.
				e.mutated = mutated || root != b.Header.Merkle
			}
			return err
		}
	}
	if root != b.Header.Merkle {
		return broken(BadMerkleRoot, "header says %v, transactions give %v", b.Header.Merkle, root).asMutated()
	}
	if mutated {
		return broken(DuplicateTx, "repeated transactions leave the Merkle root as it was").asMutated()
	}
	return CheckDraft(b)
}

// CheckDraft is CheckBlock of a block that nobody has worked on: without Merkle
// root and signet solution.
func CheckDraft(b *wire.Block) error {
	if len(b.Txs) == 0 {
		return broken(BadBlockLength, "no transactions")
	}
	if n := len(b.Txs); n*WitnessScale > MaxWeight {
		return broken(BadBlockLength, "%d transactions, at most %d fit", n, MaxWeight/WitnessScale)
	}
	if n := b.BaseSize(); n*WitnessScale > MaxWeight {
		return broken(BadBlockLength, "%d bytes without witness, at most %d are allowed", n, MaxWeight/WitnessScale)
	}
	if e := checkCoinbasePlace(b); e != nil {
		return e
	}
	for i, t := range b.Txs {
		if e := checkTx(t); e != nil {
			return e.at(i, e.In)
		}
	}
	sigops := 0
	for _, t := range b.Txs {
		sigops += legacySigops(t)
	}
	if cost := sigops * WitnessScale; cost > MaxSigopCost {
		return broken(TooManySigops, "legacy operations cost %d, at most %d are allowed", cost, MaxSigopCost)
	}
	return nil
}

// merkleNode is the length of a Merkle tree's inner node, in bytes.
const merkleNode = 2 * wire.HashSize

// checkCoinbasePlace wants a coinbase first and nowhere else. Without one, and
// with a transaction as long as two hashes, the block may be another's Merkle
// tree cut off above the leaves, so that the header is not at fault (Core's
// IsBlockMutated).
func checkCoinbasePlace(b *wire.Block) *RuleError {
	if !b.Txs[0].IsCoinbase() {
		e := broken(CoinbaseMissing, "the first transaction is no coinbase").at(0, -1)
		for _, t := range b.Txs {
			e.mutated = e.mutated || t.BaseSize() == merkleNode
		}
		return e
	}
	for i, t := range b.Txs[1:] {
		if t.IsCoinbase() {
			return broken(CoinbaseMultiple, "a coinbase is not first").at(i+1, -1)
		}
	}
	return nil
}

// CheckBlockContext judges what needs the parent's state and no coins:
// finality, BIP34 height, witness commitment, weight. b passed CheckBlock.
func CheckBlockContext(s *State, b *wire.Block) error {
	p, height := s.Params, s.Height+1
	cutoff := b.Header.Time
	if height >= p.CSV {
		cutoff = s.MedianTimePast() // BIP113
	}
	for i, t := range b.Txs {
		if !IsFinal(t, height, cutoff) {
			return broken(NotFinal, "lock time %d is not reached at height %d, time %d", t.LockTime, height, cutoff).at(i, -1)
		}
	}
	if height >= p.BIP34 {
		want := HeightScript(height)
		if !bytes.HasPrefix(b.Txs[0].Ins[0].Script, want) {
			return broken(CoinbaseHeight, "the coinbase's script does not start with height %d (%x)", height, want).at(0, 0)
		}
	}
	if e := checkWitness(b, height >= p.Segwit); e != nil {
		return e
	}
	// Not before the witness is known to be the block's own.
	if w := b.Weight(); w > MaxWeight {
		return broken(BlockTooHeavy, "%d weight units, at most %d are allowed", w, MaxWeight)
	}
	return nil
}

// HeightScript is how a coinbase's script starts since BIP34: a push of the
// height as the shortest script number.
func HeightScript(height uint32) []byte {
	switch {
	case height == 0:
		return []byte{0}
	case height <= 16:
		return []byte{byte(0x50 + height)} // OP_1 to OP_16
	}
	s := make([]byte, 1, 6)
	for n := height; n > 0; n >>= 8 {
		s = append(s, byte(n))
	}
	if s[len(s)-1]&0x80 != 0 {
		s = append(s, 0) // the top bit is a sign
	}
	s[0] = byte(len(s) - 1)
	return s
}

package consensus

import (
	"bytes"

	"github.com/quernnet/quern/consensus/wire"
)

// commitmentPrefix starts the output that commits to a block's witnesses: an
// OP_RETURN and a push of 36 bytes, of which four are a mark (BIP141).
var commitmentPrefix = [6]byte{opReturn, 0x24, 0xaa, 0x21, 0xa9, 0xed}

// commitmentSize is the shortest script that can be a commitment, in bytes.
const commitmentSize = len(commitmentPrefix) + wire.HashSize

// witnessReserved is the length of the coinbase's only witness item, in bytes.
const witnessReserved = 32

// commitmentOutput is the index of the coinbase's last output that commits to
// witnesses, or -1.
func commitmentOutput(coinbase *wire.Tx) int {
	for i := len(coinbase.Outs) - 1; i >= 0; i-- {
		s := coinbase.Outs[i].Script
		if len(s) >= commitmentSize && bytes.HasPrefix(s, commitmentPrefix[:]) {
			return i
		}
	}
	return -1
}

// WitnessRoot is the Merkle root over b's witness ids, the coinbase's counting
// as zero (BIP141). b has a coinbase.
func WitnessRoot(b *wire.Block) wire.Hash {
	ids := make([]wire.Hash, len(b.Txs))
	for i, t := range b.Txs[1:] {
		ids[i+1] = t.WitnessID()
	}
	// Whoever repeats transactions here repeats them in the other tree too.
	root, _ := wire.MerkleRoot(ids)
	return root
}

// WitnessCommitment is the script of the output that commits to a witness root,
// reserved being the coinbase's witness.
func WitnessCommitment(root wire.Hash, reserved [witnessReserved]byte) []byte {
	h := commit(root, reserved[:])
	return append(commitmentPrefix[:len(commitmentPrefix):len(commitmentPrefix)], h[:]...)
}

func commit(root wire.Hash, reserved []byte) wire.Hash {
	var pair [wire.HashSize + witnessReserved]byte
	copy(pair[:], root[:])
	copy(pair[wire.HashSize:], reserved)
	return wire.DoubleSHA256(pair[:])
}

// CheckWitness judges whether b, which has a coinbase and the height given,
// carries the witnesses that it commits to. Of its error Mutated is true.
func CheckWitness(p *Params, height uint32, b *wire.Block) error {
	if e := checkWitness(b, height >= p.Segwit); e != nil {
		return e
	}
	return nil
}

// checkWitness judges whether b carries the witnesses that it commits to. All
// its errors are of the mutated kind: a block's id says nothing of witnesses.
func checkWitness(b *wire.Block, segwit bool) *RuleError {
	coinbase := b.Txs[0]
	if at := commitmentOutput(coinbase); segwit && at >= 0 {
		stack := coinbase.Ins[0].Witness
		if len(stack) != 1 || len(stack[0]) != witnessReserved {
			return broken(WitnessNonceSize, "the coinbase's witness is not one item of %d bytes", witnessReserved).at(0, 0).asMutated()
		}
		want := coinbase.Outs[at].Script[len(commitmentPrefix):commitmentSize]
		if got := commit(WitnessRoot(b), stack[0]); !bytes.Equal(got[:], want) {
			return broken(WitnessMismatch, "output %d commits to %x, the witnesses give %x", at, want, got[:]).at(0, -1).asMutated()
		}
		return nil
	}
	// Else anybody could stuff blocks on their way.
	for i, t := range b.Txs {
		if t.HasWitness() {
			return broken(UnexpectedWitness, "the block commits to no witness").at(i, -1).asMutated()
		}
	}
	return nil
}

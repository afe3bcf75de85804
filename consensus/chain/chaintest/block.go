package chaintest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// Anyone is a script that anyone may spend: OP_TRUE.
var Anyone = []byte{0x51}

// Params are regtest's rules, always the same value.
var Params = sync.OnceValue(func() *consensus.Params {
	p, err := consensus.Chain("regtest")
	if err != nil {
		panic(err)
	}
	return p
})

// Coinbase pays the subsidy and the given fees to script in the block after
// prev. tag makes it, and so the block, another.
func Coinbase(prev consensus.State, script []byte, fees int64, tag uint64) *wire.Tx {
	height := prev.Height + 1
	sig := append(consensus.HeightScript(height), 8)
	return &wire.Tx{
		Version: 2,
		Ins: []wire.In{{
			Prev:     wire.Outpoint{Index: wire.CoinbaseIndex},
			Script:   binary.LittleEndian.AppendUint64(sig, tag),
			Sequence: 0xffffffff,
		}},
		Outs: []wire.Out{{Value: prev.Params.Subsidy(height) + fees, Script: script}},
	}
}

// Block puts a block after prev together and does its work. It pays the subsidy
// and the given fees to anyone; tag tells it from others with the same txs.
func Block(prev consensus.State, tag uint64, fees int64, txs ...*wire.Tx) *wire.Block {
	return Mine(prev, Coinbase(prev, Anyone, fees, tag), txs...)
}

// Mine puts a block after prev together, commits to its witnesses, and does its
// work. It seals the transactions.
func Mine(prev consensus.State, coinbase *wire.Tx, txs ...*wire.Tx) *wire.Block {
	all := []*wire.Tx{coinbase}
	for _, t := range txs {
		all = append(all, t.Seal())
	}
	var reserved [32]byte
	h := wire.Header{Version: 0x20000000, Parent: prev.ID, Time: prev.MedianTimePast() + 60}
	h.Bits = uint32(consensus.NextBits(&prev, h.Time))
	root := consensus.WitnessRoot(wire.NewBlock(h, all))
	coinbase.Ins[0].Witness = [][]byte{reserved[:]}
	coinbase.Outs = append(coinbase.Outs, wire.Out{Script: consensus.WitnessCommitment(root, reserved)})
	coinbase.Seal()
	h.Merkle, _ = wire.MerkleRoot(wire.NewBlock(h, all).TxIDs())
	for !work.Bits(h.Bits).Met(h.ID()) {
		h.Nonce++
	}
	return wire.NewBlock(h, all)
}

// Next is the state after b, whose header must be valid after prev.
func Next(prev consensus.State, b *wire.Block) consensus.State {
	s, err := consensus.ApplyHeader(prev, &b.Header, b.ID())
	if err != nil {
		panic(fmt.Sprintf("chaintest: %v", err))
	}
	return s
}

// Extend adds n blocks without payments to c, the first after prev, and returns
// them. It stops at the first that c does not accept.
func Extend(c *chain.Chain, prev consensus.State, n int, tag uint64) (bs []*wire.Block, err error) {
	for range n {
		b := Block(prev, tag, 0)
		if err := c.AddBlock(context.Background(), b); err != nil {
			return bs, err
		}
		bs, prev = append(bs, b), Next(prev, b)
	}
	return bs, nil
}

// Spend is an unsealed transaction that spends coins and pays value to script.
func Spend(script []byte, value int64, from ...wire.Outpoint) *wire.Tx {
	t := &wire.Tx{Version: 2, Outs: []wire.Out{{Value: value, Script: script}}}
	for _, op := range from {
		t.Ins = append(t.Ins, wire.In{Prev: op, Sequence: 0xfffffffd})
	}
	return t
}

// Key is a private key.
type Key struct{ priv *btcec.PrivateKey }

// NewKey derives a key from a number.
func NewKey(seed uint64) Key {
	var b [32]byte
	binary.BigEndian.PutUint64(b[8:], seed+1)
	priv, _ := btcec.PrivKeyFromBytes(b[:])
	return Key{priv}
}

// Script pays to the key (P2WPKH).
func (k Key) Script() []byte {
	return append([]byte{0, 20}, address.Hash160(k.priv.PubKey().SerializeCompressed())...)
}

// Sign signs input in of t, which spends an output of this value that pays to
// the key. All else of t must be in place.
func (k Key) Sign(t *wire.Tx, in int, value int64) {
	var m btcwire.MsgTx
	if err := m.Deserialize(bytes.NewReader(t.Append(nil))); err != nil {
		panic(fmt.Sprintf("chaintest: %v", err))
	}
	hashes := txscript.NewTxSigHashes(&m, txscript.NewCannedPrevOutputFetcher(k.Script(), value))
	w, err := txscript.WitnessSignature(&m, hashes, in, value, k.Script(), txscript.SigHashAll, k.priv, true)
	if err != nil {
		panic(fmt.Sprintf("chaintest: %v", err))
	}
	t.Ins[in].Witness = w
}

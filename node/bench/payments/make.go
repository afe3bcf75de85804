package payments

import (
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// maker makes what a planner plans.
type maker struct {
	plan  *planner
	ring  *ring
	state consensus.State
}

// spacing is the time from block to block.
const spacing = 10 * time.Minute

// block signs a draft's payments, and mines it.
func (m *maker) block(d *draft) (*wire.Block, error) {
	txs, err := m.sign(d, make([]*wire.Tx, 1, 1+len(d.payments)))
	if err != nil {
		return nil, fmt.Errorf("payments: block %d: %w", d.height, err)
	}
	m.mint(d, txs)
	h := wire.Header{
		Version: 0x20000000, Parent: m.state.ID,
		Time: m.state.Time() + uint32(spacing.Seconds()),
	}
	h.Bits = uint32(consensus.NextBits(&m.state, h.Time))
	h.Merkle, _ = wire.MerkleRoot(wire.NewBlock(h, txs).TxIDs())
	for !work.Bits(h.Bits).Met(h.ID()) {
		h.Nonce++
	}
	b := wire.NewBlock(h, txs)
	if m.state, err = consensus.ApplyHeader(m.state, &h, b.ID()); err != nil {
		return nil, fmt.Errorf("payments: block %d: %w", d.height, err)
	}
	return b, nil
}

// mint puts the coinbase in its place before txs.
func (m *maker) mint(d *draft, txs []*wire.Tx) {
	keys := make([]public, shapes[d.mint.kind].keys)
	m.ring.publics(d.mint.key, keys)
	var reserved [32]byte
	coinbase := &wire.Tx{
		Version: 2,
		Ins: []wire.In{{
			Prev:     wire.Outpoint{Index: wire.CoinbaseIndex},
			Script:   push(consensus.HeightScript(d.height), []byte("quern bench")),
			Sequence: 0xffffffff,
			Witness:  [][]byte{reserved[:]},
		}},
		Outs: []wire.Out{{Value: d.mint.value, Script: lock(d.mint.kind, keys)}},
	}
	txs[0] = coinbase
	root := consensus.WitnessRoot(&wire.Block{Txs: txs})
	coinbase.Outs = append(coinbase.Outs, wire.Out{Script: consensus.WitnessCommitment(root, reserved)})
	coinbase.Seal()
	d.mint.at, d.mint.pub = coinbase.Outpoint(0), keys[0]
}

// sign appends the draft's payments as transactions, and tells their outputs
// where they are and who owns them.
func (m *maker) sign(d *draft, txs []*wire.Tx) ([]*wire.Tx, error) {
	if len(d.payments) == 0 {
		return txs, nil
	}
	first := d.payments[0].outs[0].key
	last := d.payments[len(d.payments)-1].outs
	end := last[len(last)-1].key + uint64(kinds) // any kind has fewer keys
	keys := m.ring.all(first, int(end-first))
	at := len(txs)
	txs = txs[:at+len(d.payments)]
	err := parallel(len(d.payments), func(i int) (err error) {
		txs[at+i], err = m.tx(d.payments[i], first, keys)
		return err
	})
	return txs, err
}

// tx makes one transaction. keys are all publics of the block, from number first on.
func (m *maker) tx(x *payment, first uint64, keys []public) (*wire.Tx, error) {
	t := &wire.Tx{Version: 2, Ins: make([]wire.In, len(x.ins)), Outs: make([]wire.Out, len(x.outs))}
	for i := range x.outs {
		c := &x.outs[i]
		own := keys[c.key-first:]
		c.pub = own[0]
		t.Outs[i] = wire.Out{Value: c.value, Script: lock(c.kind, own)}
	}
	for i := range x.ins {
		t.Ins[i] = wire.In{Prev: x.ins[i].at, Sequence: 0xfffffffd}
	}
	s := newSigner(m.ring, t, x.ins)
	for i := range x.ins {
		if err := s.sign(&t.Ins[i], i, &x.ins[i]); err != nil {
			return nil, err
		}
	}
	t.Seal()
	for i := range x.outs {
		x.outs[i].at = t.Outpoint(i)
	}
	return t, nil
}

package fullblocktests

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/blockchain/fullblocktests"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
)

// rules are the reject reasons that Bitcoin Core has for btcd's codes. Where
// there are several, Core looks at another thing first or tells more apart.
var rules = map[blockchain.ErrorCode][]consensus.Rule{
	blockchain.ErrBlockTooBig:          {consensus.BadBlockLength},
	blockchain.ErrTimeTooOld:           {consensus.TimeTooOld},
	blockchain.ErrTimeTooNew:           {consensus.TimeTooNew},
	blockchain.ErrUnexpectedDifficulty: {consensus.BadBits, consensus.HighHash}, // a negative target is no work
	blockchain.ErrHighHash:             {consensus.HighHash},
	blockchain.ErrBadMerkleRoot:        {consensus.BadMerkleRoot},
	blockchain.ErrNoTransactions:       {consensus.BadBlockLength},
	blockchain.ErrMissingTxOut:         {consensus.InputsMissing},
	blockchain.ErrUnfinalizedTx:        {consensus.NotFinal},
	blockchain.ErrDuplicateTx:          {consensus.DuplicateTx, consensus.InputsMissing}, // repeated apart, it spends twice
	blockchain.ErrOverwriteTx:          {consensus.Overwrites},
	blockchain.ErrImmatureSpend:        {consensus.Premature},
	blockchain.ErrSpendTooHigh:         {consensus.InBelowOut},
	blockchain.ErrTooManySigOps:        {consensus.TooManySigops},
	blockchain.ErrFirstTxNotCoinbase:   {consensus.CoinbaseMissing},
	blockchain.ErrMultipleCoinbases:    {consensus.CoinbaseMultiple},
	blockchain.ErrBadCoinbaseScriptLen: {consensus.CoinbaseLength},
	blockchain.ErrBadCoinbaseValue:     {consensus.CoinbaseTooMuch},
	blockchain.ErrBadCoinbaseHeight:    {consensus.CoinbaseHeight},
}

// What the chain says of blocks that it need not judge.
const (
	followsInvalid consensus.Rule = "bad-prevblk"       // the parent was found invalid when its branch would have led
	knownInvalid   consensus.Rule = "duplicate-invalid" // the header was found invalid with another body
)

// judge is a chain with what btcd's tests ask of it.
type judge struct {
	t        *testing.T
	c        *chain.Chain
	orphans  map[wire.Hash]*wire.Block                  // by parent; the chain keeps none, who brings it blocks must
	side     map[wire.Hash]bool                         // blocks taken for a side chain, whose coins nobody has looked at
	invalid  map[wire.Hash]bool                         // blocks rejected for good
	bodies   map[wire.Hash]*wire.Block                  // accepted blocks
	expected []fullblocktests.BlockDisconnectExpectUTXO // of the next reorganization
}

// TestFullBlocks judges with the fast path and without, and with btcec's
// arithmetic.
func TestFullBlocks(t *testing.T) {
	for name, verifier := range map[string]func() script.Verifier{
		"fast":        func() script.Verifier { return new(script.Fast) },
		"interpreted": func() script.Verifier { return script.Interpreted{Verifier: new(script.Fast)} },
		"btcec":       func() script.Verifier { return script.Reference{} },
	} {
		t.Run(name, func(t *testing.T) { runFullBlocks(t, verifier) })
	}
}

func runFullBlocks(t *testing.T, verifier func() script.Verifier) {
	tests, err := fullblocktests.Generate(false)
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(t, verifier)
	n := 0
	for _, test := range tests {
		for _, item := range test {
			n++
			switch item := item.(type) {
			case fullblocktests.AcceptedBlock:
				j.accepted(item)
			case fullblocktests.RejectedBlock:
				j.rejected(item)
			case fullblocktests.RejectedNonCanonicalBlock:
				if b, err := wire.DecodeBlock(item.RawBlock); err == nil {
					t.Errorf("%s: decoded as %v", item.Name, b.ID())
				}
			case fullblocktests.OrphanOrRejectedBlock:
				j.orphanOrRejected(item)
			case fullblocktests.ExpectedTip:
				j.expectTip(item.Name, item.Block)
			case fullblocktests.BlockDisconnectExpectUTXO:
				j.expected = append(j.expected, item)
			default:
				t.Fatalf("instance %d is a %T", n, item)
			}
		}
	}
	if n != 205 {
		t.Errorf("%d instances, not 205", n)
	}
	if len(j.expected) > 0 {
		t.Errorf("%d expected reverts did not come", len(j.expected))
	}
}

func newJudge(t *testing.T, verifier func() script.Verifier) *judge {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	store, err := datastore.Open(datastore.Config{Params: p, Backend: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := chain.Open(context.Background(), chain.Config{Params: p, Store: store, Verifier: verifier})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return &judge{
		t: t, c: c,
		orphans: map[wire.Hash]*wire.Block{},
		side:    map[wire.Hash]bool{},
		invalid: map[wire.Hash]bool{},
		bodies:  map[wire.Hash]*wire.Block{},
	}
}

// block is btcd's block by way of its encoding. One that btcd alone can encode
// gives the error of decoding it.
func (j *judge) block(b *btcwire.MsgBlock) (*wire.Block, error) {
	j.t.Helper()
	var buf bytes.Buffer
	if err := b.Serialize(&buf); err != nil {
		j.t.Fatal(err)
	}
	return wire.DecodeBlock(buf.Bytes())
}

// add brings a block to the chain, then the orphans that follow it. followed
// says whether there were any; the error is the first of any of them.
func (j *judge) add(name string, b *btcwire.MsgBlock) (followed bool, err error) {
	j.t.Helper()
	blk, err := j.block(b)
	if err != nil {
		j.t.Fatalf("%s: %v", name, err)
	}
	for err == nil {
		if err = j.c.AddBlock(context.Background(), blk); errors.Is(err, chain.ErrNoParent) {
			j.orphans[blk.Header.Parent] = blk
			break
		}
		if err != nil {
			break
		}
		j.bodies[blk.ID()] = blk
		next := j.orphans[blk.ID()]
		if next == nil {
			break
		}
		delete(j.orphans, blk.ID())
		blk, followed = next, true
	}
	return followed, err
}

func (j *judge) accepted(item fullblocktests.AcceptedBlock) {
	j.t.Helper()
	before := j.c.Tip().ID
	_, err := j.add(item.Name, item.Block)
	if item.IsOrphan {
		if !errors.Is(err, chain.ErrNoParent) {
			j.t.Fatalf("%s: no orphan but %v", item.Name, err)
		}
		return
	}
	if err != nil {
		j.t.Fatalf("%s at height %d: %v", item.Name, item.Height, err)
	}
	id := wire.Hash(item.Block.BlockHash())
	tip := j.c.Tip()
	if (tip.ID == id) != item.IsMainChain {
		j.t.Fatalf("%s: on the main chain: %v, tip %v", item.Name, tip.ID == id, tip.ID)
	}
	j.side[id] = !item.IsMainChain
	if item.IsMainChain && tip.Height != uint32(item.Height) {
		j.t.Errorf("%s: height %d, want %d", item.Name, tip.Height, item.Height)
	}
	if item.IsMainChain && before != wire.Hash(item.Block.Header.PrevBlock) {
		j.reorganized(item.Name, before)
	}
}

func (j *judge) rejected(item fullblocktests.RejectedBlock) {
	j.t.Helper()
	before := j.c.Tip().ID
	followed, err := j.add(item.Name, item.Block)
	want, known := rules[item.RejectCode]
	if !known {
		j.t.Fatalf("%s: no rule is known for btcd's %v", item.Name, item.RejectCode)
	}
	id, parent := wire.Hash(item.Block.BlockHash()), wire.Hash(item.Block.Header.PrevBlock)
	switch {
	case j.side[parent]:
		want = append(slices.Clone(want), followsInvalid)
	case j.invalid[id]:
		want = append(slices.Clone(want), knownInvalid)
	case err == nil && j.c.Tip().ID != id:
		// btcd looks at more before it knows which branch leads.
		err = j.alone(id)
	}
	if got := consensus.RuleOf(err); !slices.Contains(want, got) {
		j.t.Errorf("%s: error %v, want one of %v (%v)", item.Name, err, want, item.RejectCode)
	}
	j.invalid[id] = !followed && !consensus.Mutated(err)
	if after := j.c.Tip().ID; after != before && !followed {
		j.t.Errorf("%s: rejected, but the tip moved from %v to %v", item.Name, before, after)
	}
}

// alone judges a block of a side chain on a chain where its branch leads.
func (j *judge) alone(id wire.Hash) error {
	j.t.Helper()
	var branch []*wire.Block
	for b := j.bodies[id]; b != nil; b = j.bodies[b.Header.Parent] {
		branch = append(branch, b)
	}
	other := newJudge(j.t, nil)
	for i, b := range slices.Backward(branch) {
		if err := other.c.AddBlock(context.Background(), b); err != nil {
			if i > 0 {
				j.t.Fatalf("block %v of the branch to %v: %v", b.ID(), id, err)
			}
			return err
		}
	}
	return nil
}

func (j *judge) orphanOrRejected(item fullblocktests.OrphanOrRejectedBlock) {
	j.t.Helper()
	before := j.c.Tip().ID
	_, err := j.add(item.Name, item.Block)
	if !errors.Is(err, chain.ErrNoParent) && consensus.RuleOf(err) == "" {
		j.t.Errorf("%s: neither orphan nor rejected but %v", item.Name, err)
	}
	if j.c.Tip().ID != before {
		j.t.Errorf("%s: the tip moved", item.Name)
	}
}

func (j *judge) expectTip(name string, b *btcwire.MsgBlock) {
	j.t.Helper()
	if id := wire.Hash(b.BlockHash()); j.c.Tip().ID != id {
		j.t.Errorf("tip is %v, want %s, %v", j.c.Tip().ID, name, id)
	}
}

// reorganized holds what was expected of reverted blocks against the updates
// since the old tip.
func (j *judge) reorganized(name string, from wire.Hash) {
	j.t.Helper()
	reverted, applied, err := j.c.UpdatesSince(from, 1000)
	if err != nil || len(reverted) == 0 || len(applied) == 0 {
		j.t.Fatalf("%s: reorganization reverts %d and applies %d blocks: %v", name, len(reverted), len(applied), err)
	}
	for _, want := range j.expected {
		i := slices.IndexFunc(reverted, func(u consensus.Update) bool { return u.Next.ID == wire.Hash(want.BlockHash) })
		if i < 0 {
			j.t.Errorf("%s: block %v was not reverted", want.Name, want.BlockHash)
			continue
		}
		op := wire.Outpoint{TxID: wire.Hash(want.OutPoint.Hash), Index: want.OutPoint.Index}
		if got := bringsBack(reverted[i], op); got != want.Expected {
			j.t.Errorf("%s: %v is back after block %v: %v", want.Name, op, want.BlockHash, got)
		}
	}
	j.expected = nil
}

// bringsBack says whether reverting u makes op unspent.
func bringsBack(u consensus.Update, op wire.Outpoint) bool {
	at := 0
	for _, t := range u.Block.Txs[1:] {
		for _, in := range t.Ins {
			if in.Prev == op {
				return !u.Spent[at].Missing
			}
			at++
		}
	}
	return false
}

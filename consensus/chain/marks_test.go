package chain_test

import (
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

func TestMutatedBodyIsNotHeldAgainstTheHeader(t *testing.T) {
	f := fresh(t)
	f.grow(101)
	coinbase, _ := f.ActiveAt(1)
	first, err := f.Block(coinbase.ID)
	if err != nil {
		t.Fatal(err)
	}
	t1 := chaintest.Spend(chaintest.Anyone, 100, first.Txs[0].Outpoint(0)).Seal()
	t2 := chaintest.Spend(chaintest.Anyone, 50, t1.Outpoint(0)).Seal()
	good := chaintest.Block(f.Tip(), 9, 0, t1, t2)
	all := good.Txs
	witness := *all[0]
	witness.Ins = []wire.In{all[0].Ins[0]}
	witness.Ins[0].Witness = [][]byte{make([]byte, 31)}
	for _, c := range []struct {
		txs  []*wire.Tx
		rule consensus.Rule
	}{
		{all[:2], consensus.BadMerkleRoot},
		{[]*wire.Tx{all[0], t1, t2, t2}, consensus.DuplicateTx},
		{[]*wire.Tx{witness.Seal(), t1, t2}, consensus.WitnessNonceSize},
	} {
		wantRule(t, f.AddBlock(t.Context(), wire.NewBlock(good.Header, c.txs)), c.rule)
	}
	f.add(good)
	f.wantTip(good)
}

func TestInvalidBranchIsRemembered(t *testing.T) {
	f := fresh(t)
	base := f.grow(5)[4]
	s := f.after(base)
	greedy := chaintest.Mine(s, chaintest.Coinbase(s, chaintest.Anyone, 1, 1))
	later := f.branch(chaintest.Next(s, greedy), 3)
	if _, err := f.AddHeaders(t.Context(), []wire.Header{greedy.Header, later[0].Header}); err != nil {
		t.Fatal(err)
	}
	for _, b := range later[:1] {
		f.add(b) // its parent's body is missing
	}
	side := f.grow(1)[0]
	wantRule(t, f.AddBlock(t.Context(), greedy), consensus.CoinbaseTooMuch)
	f.wantTip(side)
	for range 2 {
		wantRule(t, f.AddBlock(t.Context(), later[1]), "bad-prevblk")
		if _, err := f.AddHeaders(t.Context(), []wire.Header{greedy.Header}); consensus.RuleOf(err) != "duplicate-invalid" {
			t.Errorf("its header again gives %v", err)
		}
		if got := f.BestHeader().ID; got != side.ID() {
			t.Errorf("best header is %v", got)
		}
		if list := f.Branches(); len(list) != 2 || list[1].Status != "invalid" {
			t.Errorf("branches are %+v", list)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		s := f.store.Crash()
		s.FailWith(func(call string) error {
			if call == "Resolve" {
				return errors.New("what was known to be invalid is judged again")
			}
			return nil
		})
		f = open(t, s)
		s.FailWith(nil)
	}
	f.grow(4)
}

// A branch whose third block is bad is entered, found out and left again.
func TestReorgToInvalidBranchComesBack(t *testing.T) {
	f := fresh(t)
	base := f.grow(5)[4]
	old := f.grow(3)
	fork := f.branch(f.after(base), 2)
	s := chaintest.Next(chaintest.Next(f.after(base), fork[0]), fork[1])
	greedy := chaintest.Mine(s, chaintest.Coinbase(s, chaintest.Anyone, 1, 1))
	top := f.branch(chaintest.Next(s, greedy), 1)[0]
	f.add(fork...)
	if _, err := f.AddHeaders(t.Context(), []wire.Header{greedy.Header, top.Header}); err != nil {
		t.Fatal(err)
	}
	f.add(top)
	wantRule(t, f.AddBlock(t.Context(), greedy), consensus.CoinbaseTooMuch)
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantTip(old[2])
}

func TestHeaderFromTheFutureMayComeAgain(t *testing.T) {
	f := fresh(t)
	b := f.branch(f.Tip(), 1)[0]
	h := b.Header
	h.Time = uint32(1 << 31)
	for h.ID()[31] >= 0x80 {
		h.Nonce++
	}
	for range 2 {
		_, err := f.AddHeaders(t.Context(), []wire.Header{h})
		wantRule(t, err, consensus.TimeTooNew)
	}
	if _, ok := f.Header(h.ID()); ok {
		t.Error("it was kept")
	}
}

func TestInvalidateAndReconsider(t *testing.T) {
	f := fresh(t)
	ctx := t.Context()
	base := f.grow(4)
	fork := f.branch(f.after(base[1]), 1)
	f.add(fork...)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.Invalidate(ctx, base[2].ID()))
	f.wantTip(fork[0])
	if err := f.AddBlock(ctx, base[3]); !errors.Is(err, chain.ErrSetAside) || consensus.RuleOf(err) != "" {
		t.Errorf("what was set aside gives %v", err)
	}
	f = f.reopen()
	f.wantTip(fork[0])
	must(f.Reconsider(ctx, base[3].ID()))
	f.wantTip(base[3])
	must(f.Invalidate(ctx, base[0].ID()))
	if f.Tip().Height != 0 || f.BestHeader().Height != 0 {
		t.Errorf("tip at %d, headers at %d", f.Tip().Height, f.BestHeader().Height)
	}
	must(f.Reconsider(ctx, base[0].ID()))
	f.wantTip(base[3])
	if err := f.Invalidate(ctx, wire.Hash{1}); !errors.Is(err, chain.ErrUnknown) {
		t.Errorf("an unknown block gives %v", err)
	}
	if err := f.Invalidate(ctx, chaintest.Params().Genesis.ID()); err == nil {
		t.Error("genesis was set aside")
	}
}

package chain_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// twoWeeks is how many regtest blocks must stand on one before it can be assumed
// to be valid: as many as are made in more than two weeks.
const twoWeeks = 2017

// unsigned is a branch whose block at height 102 spends a coin without the
// signature that it needs. All else of it is valid.
type unsigned struct {
	blocks  []*wire.Block // from height 1 to 104
	headers []wire.Header // of the blocks and those that follow them
}

const badHeight = 102

func newUnsigned(tb testing.TB, most int) unsigned {
	tb.Helper()
	key, s := chaintest.NewKey(5), consensus.GenesisState(chaintest.Params())
	var u unsigned
	add := func(b *wire.Block) {
		s = chaintest.Next(s, b)
		u.headers = append(u.headers, b.Header)
		if len(u.headers) <= badHeight+2 {
			u.blocks = append(u.blocks, b)
		}
	}
	add(chaintest.Mine(s, chaintest.Coinbase(s, key.Script(), 0, 1)))
	first := u.blocks[0].Txs[0]
	for len(u.headers) < badHeight-1 {
		add(chaintest.Block(s, 1, 0))
	}
	add(chaintest.Block(s, 1, 0, chaintest.Spend(key.Script(), first.Outs[0].Value, first.Outpoint(0))))
	for len(u.headers) < most {
		add(chaintest.Block(s, 1, 0))
	}
	return u
}

func (u unsigned) id(height int) wire.Hash { return u.headers[height-1].ID() }

func openWith(t testing.TB, p *consensus.Params, s *chaintest.Store, log *slog.Logger) *fixture {
	t.Helper()
	c, err := chain.Open(t.Context(), chain.Config{
		Params: p, Store: s, Log: log, Workers: 2,
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &fixture{Chain: c, t: t, store: s}
}

const scriptFault = "block-script-verify-flag-failed"

// Scripts are not checked where all of Core's conditions hold, and are where one
// does not.
func TestAssumeValid(t *testing.T) {
	u := newUnsigned(t, badHeight+twoWeeks)
	deep := len(u.headers)
	with := func(id wire.Hash) *consensus.Params { return chaintest.Params().Assuming(id) }
	needy := with(u.id(badHeight + 2))
	needy.MinWork = work.Work{1 << 20}
	for _, c := range []struct {
		name    string
		params  *consensus.Params
		headers int  // of the branch, known before the blocks come
		side    bool // a branch from height 101 has more work
		assumed bool
	}{
		{"all conditions hold", with(u.id(badHeight + 2)), deep, false, true},
		{"the block itself is the one assumed", with(u.id(badHeight)), deep, false, true},
		{"none", with(wire.Hash{}), deep, false, false},
		{"unknown block", with(wire.Hash{1}), deep, false, false},
		{"header not yet known", with(u.id(badHeight + 2)), badHeight, false, false},
		{"an ancestor of the block", with(u.id(badHeight - 1)), deep, false, false},
		{"one header short of two weeks", with(u.id(badHeight + 2)), deep - 1, false, false},
		{"less work than is known of the chain", needy, deep, false, false},
		{"the best header is on another branch", with(u.id(badHeight + 2)), deep, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said bytes.Buffer
			f := openWith(t, c.params, chaintest.NewStore(c.params), slog.New(slog.NewTextHandler(&said, nil)))
			if _, err := f.AddHeaders(t.Context(), u.headers[:c.headers]); err != nil {
				t.Fatal(err)
			}
			if c.side {
				s, _ := f.StateAt(u.id(badHeight - 1))
				u.outgrow(f, s)
			}
			f.add(u.blocks[:badHeight-1]...)
			err := f.AddBlock(t.Context(), u.blocks[badHeight-1])
			if c.assumed {
				if err != nil {
					t.Fatal(err)
				}
				f.add(u.blocks[badHeight:]...)
				f.wantTip(u.blocks[len(u.blocks)-1])
			} else if !strings.Contains(string(consensus.RuleOf(err)), scriptFault) {
				t.Fatalf("the unsigned block gives %v", err)
			}
			f.Close()
			// Blocks before the bad one may be assumed valid where it is not.
			if c.assumed && !strings.Contains(said.String(), "scripts are not checked") {
				t.Errorf("the log does not say that scripts are not checked: %s", said.String())
			}
			if c.params.AssumeValid.IsZero() && strings.Contains(said.String(), "assume") {
				t.Errorf("the log speaks of a block assumed valid: %s", said.String())
			}
		})
	}
}

// All that is not a script is checked before the block assumed valid, too.
func TestAssumeValidChecksTheRest(t *testing.T) {
	s := consensus.GenesisState(chaintest.Params())
	greedy := chaintest.Mine(s, chaintest.Coinbase(s, chaintest.Anyone, 1, 1))
	s = chaintest.Next(s, greedy)
	headers := []wire.Header{greedy.Header}
	for len(headers) < twoWeeks+1 {
		b := chaintest.Block(s, 1, 0)
		headers, s = append(headers, b.Header), chaintest.Next(s, b)
	}
	p := chaintest.Params().Assuming(headers[1].ID())
	f := openWith(t, p, chaintest.NewStore(p), nil)
	if _, err := f.AddHeaders(t.Context(), headers); err != nil {
		t.Fatal(err)
	}
	wantRule(t, f.AddBlock(t.Context(), greedy), consensus.CoinbaseTooMuch)
}

// again has the branch from the bad block on reverted and judged anew.
func (u unsigned) again(f *fixture, want *wire.Block) {
	f.t.Helper()
	if err := f.Invalidate(f.t.Context(), u.id(badHeight)); err != nil {
		f.t.Fatal(err)
	}
	if err := f.Reconsider(f.t.Context(), u.id(badHeight)); err != nil {
		f.t.Fatal(err)
	}
	if err := f.Settle(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.wantTip(want)
}

// outgrow enters headers after s that have more work than all others.
func (u unsigned) outgrow(f *fixture, s consensus.State) {
	f.t.Helper()
	f.tag = 7
	for _, b := range f.branch(s, len(u.headers)-int(s.Height)+1) {
		if _, err := f.AddHeaders(f.t.Context(), []wire.Header{b.Header}); err != nil {
			f.t.Fatal(err)
		}
	}
}

// That a block was accepted unchecked does not count as a check. A restart that
// assumes nothing keeps it, as Core does; when a reorganisation brings it back,
// its scripts are checked.
func TestAssumedIsNotChecked(t *testing.T) {
	u := newUnsigned(t, badHeight+twoWeeks)
	p := chaintest.Params().Assuming(u.id(badHeight + 2))
	f := openWith(t, p, chaintest.NewStore(p), nil)
	if _, err := f.AddHeaders(t.Context(), u.headers); err != nil {
		t.Fatal(err)
	}
	f.add(u.blocks...)
	u.again(f, u.blocks[badHeight+1])
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = openWith(t, chaintest.Params(), f.store.Crash(), nil)
	f.wantTip(u.blocks[badHeight+1])
	u.again(f, u.blocks[badHeight-2])
}

// The conditions are asked again when a block is brought back, and may not hold
// any more.
func TestAssumedNoLonger(t *testing.T) {
	u := newUnsigned(t, badHeight+twoWeeks)
	p := chaintest.Params().Assuming(u.id(badHeight + 2))
	f := openWith(t, p, chaintest.NewStore(p), nil)
	if _, err := f.AddHeaders(t.Context(), u.headers); err != nil {
		t.Fatal(err)
	}
	f.add(u.blocks...)
	s, _ := f.StateAt(u.id(badHeight - 1))
	u.outgrow(f, s)
	u.again(f, u.blocks[badHeight-2])
}

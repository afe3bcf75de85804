package datastore

import (
	"encoding/binary"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// Bitcoin Core 31.99 has these values for the chain in chain-payments.dat (see
// the README beside it). Blocks are trusted here; what is tried is that the
// store ends up with exactly those coins.
func TestCoinSetOfARealChainIsCores(t *testing.T) {
	if testing.Short() {
		t.Skip("83,001 coins: a run without -short compares them")
	}
	raw := realdata.Read(t, "chain-payments.dat")
	eachBackend(t, func(t *testing.T, c Config) {
		c.Cache = 2 << 20 // so that the chain takes several flushes
		s := openTest(t, c)
		state, flushes := importTrusted(t, s, raw)
		if flushes < 3 {
			t.Errorf("only %d flushes", flushes)
		}
		if err := flush(s, state.ID); err != nil {
			t.Fatal(err)
		}
		if got := state.ID.String(); got != "564f1bb9c69e61297d68b00d882abee29629e069749273970e75f6ddeadcae2f" {
			t.Errorf("tip is %s", got)
		}
		for kind, want := range map[coinset.Kind]string{
			coinset.Serialized: "3d006f2792de1b8fbc1652f11506f5e265b4a25df6de352abc7befa2f0a5cb91",
			coinset.Multiset:   "5f546f29f970bf375012a5d7babfbc2de193477040741e530755faf0e5b25023",
		} {
			sum, err := coinset.Sum(t.Context(), s.EachCoin, kind)
			if err != nil {
				t.Fatal(err)
			}
			if sum.Hash.String() != want || sum.Coins != 83_001 || sum.Amount != 7475*consensus.Coins {
				t.Errorf("%s: %+v, want hash %s", kind, sum, want)
			}
		}
	})
}

// importTrusted applies a Bitcoin block file's blocks without judging them.
func importTrusted(t testing.TB, s *Store, raw []byte) (state consensus.State, flushes int) {
	t.Helper()
	state = consensus.State{Params: s.c.Params, ID: s.c.Params.Genesis.ID()}
	for len(raw) > 0 {
		size := binary.LittleEndian.Uint32(raw[4:])
		b, err := wire.DecodeBlock(raw[8 : 8+size])
		if err != nil {
			t.Fatal(err)
		}
		raw = raw[8+size:]
		if b.ID() == state.ID {
			continue // genesis
		}
		state = applyTrusted(t, s, state, b)
		if s.NeedsFlush() {
			flushes++
			if err := flush(s, state.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	return state, flushes
}

func applyTrusted(t testing.TB, s *Store, prev consensus.State, b *wire.Block) consensus.State {
	t.Helper()
	if err := s.PutBlock(b); err != nil {
		t.Fatal(err)
	}
	spent, err := s.Resolve(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	next := consensus.State{Params: prev.Params, ID: b.ID(), Height: prev.Height + 1}
	own := make(map[wire.Outpoint]consensus.Coin)
	n := 0
	for i, tx := range b.Txs {
		for j := range tx.Ins {
			if i == 0 {
				break
			}
			if spent[n].Missing {
				spent[n] = own[tx.Ins[j].Prev]
			}
			n++
		}
		for j := range tx.Outs {
			own[tx.Outpoint(j)] = consensus.Coin{Out: tx.Outs[j], Height: next.Height, Coinbase: i == 0}
		}
	}
	if err := s.Apply(consensus.Update{Prev: prev, Next: next, Block: b, Spent: spent}); err != nil {
		t.Fatal(err)
	}
	return next
}

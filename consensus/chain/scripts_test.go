package chain_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/consensus/wire"
)

// openBy opens a chain on a fresh store.
func openBy(t testing.TB, cfg chain.Config) *fixture {
	t.Helper()
	s := chaintest.NewStore(chaintest.Params())
	cfg.Params, cfg.Store = chaintest.Params(), s
	c, err := chain.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &fixture{Chain: c, t: t, store: s}
}

// liar is a verifier that answers wrongly whether one key has signed.
type liar struct {
	script.Fast
	about []byte
}

func (l *liar) Verify(claims []secp.Claim, ok []bool) error {
	err := l.Fast.Verify(claims, ok)
	for i := range claims {
		if bytes.Equal(claims[i].Key, l.about) {
			ok[i] = !ok[i]
		}
	}
	return err
}

// audited is a verifier that lies and is found out.
func audited(about []byte) func() script.Verifier {
	var seed atomic.Uint64
	return func() script.Verifier {
		return script.NewAudit(&liar{about: about}, script.Reference{}, 1, rand.New(rand.NewPCG(seed.Add(1), 0)))
	}
}

// remade is the last block of bs with changes to its payments, which it commits to.
func remade(bs []*wire.Block, prev consensus.State, change func(txs []*wire.Tx)) *wire.Block {
	b := bs[len(bs)-1]
	txs := make([]*wire.Tx, len(b.Txs)-1)
	for i, t := range b.Txs[1:] {
		txs[i] = &wire.Tx{Version: t.Version, Outs: t.Outs, LockTime: t.LockTime, Ins: append([]wire.In(nil), t.Ins...)}
	}
	change(txs)
	return chaintest.Block(prev, 3, 0, txs...)
}

// spoil makes the first input's signature bad.
func spoil(t *wire.Tx) {
	sig := bytes.Clone(t.Ins[0].Witness[0])
	sig[10] ^= 1
	t.Ins[0].Witness = [][]byte{sig, t.Ins[0].Witness[1]}
}

// TestDivergenceStopsChain: a verifier that lies about one signature of a block,
// good or bad, and is found out, stops the chain. Nothing of the block is
// committed, nothing is held against it, and an honest verifier goes on.
func TestDivergenceStopsChain(t *testing.T) {
	bs := signedChain(t, 2, 5)
	for name, bad := range map[string]bool{"a good signature": false, "a bad signature": true} {
		t.Run(name, func(t *testing.T) {
			f := openBy(t, chain.Config{Workers: 2, Verifier: audited(bs[len(bs)-1].Txs[3].Ins[0].Witness[1])})
			signed := bs[len(bs)-2:]
			f.add(bs[:len(bs)-2]...)
			if err := f.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := f.Tip()
			b := signed[0]
			if bad {
				b = remade(bs[:len(bs)-1], before, func(txs []*wire.Tx) { spoil(txs[2]) })
			}
			err := f.AddBlock(t.Context(), b)
			var d *script.Divergence
			if !errors.As(err, &d) || consensus.RuleOf(err) != "" {
				t.Fatalf("the block is answered by %v", err)
			}
			<-f.Failed()
			if d.Block != b.ID() || d.In != 0 || !errors.As(f.Err(), &d) {
				t.Errorf("reported as %v, the chain says %v", d, f.Err())
			}
			if tip := f.Tip(); tip.ID != before.ID {
				t.Errorf("the tip has moved to %v", tip.ID)
			}
			if err := f.Close(); !errors.As(err, &d) {
				t.Errorf("closed with %v", err)
			}

			honest := open(t, f.store.Crash())
			if tip := honest.Tip(); !bad && tip.ID != before.ID && tip.ID != b.ID() || bad && tip.ID != before.ID {
				t.Errorf("after a restart the tip is %v", tip.ID)
			}
			err = honest.AddBlock(t.Context(), b)
			if !bad && err != nil && !errors.Is(err, chain.ErrDuplicate) {
				t.Errorf("an honest verifier refuses the good block: %v", err)
			}
			if bad && consensus.RuleOf(err) == "" {
				t.Errorf("an honest verifier says of the bad block: %v", err)
			}
		})
	}
}

// TestDivergenceOfWaiting is the same outside of blocks, few checks and many.
func TestDivergenceOfWaiting(t *testing.T) {
	bs := signedChain(t, 1, 40)
	for _, n := range []int{1, 40} {
		f := openBy(t, chain.Config{Workers: 2, Verifier: audited(bs[len(bs)-1].Txs[1].Ins[0].Witness[1])})
		var checks []script.Check
		for _, tx := range bs[len(bs)-1].Txs[1 : n+1] {
			coins := []wire.Out{{Value: tx.Outs[0].Value, Script: tx.Outs[0].Script}}
			checks = append(checks, script.NewSpend(tx, coins, script.Standard).Checks()...)
		}
		failed, err := f.RunChecks(t.Context(), checks)
		var d *script.Divergence
		if !errors.As(err, &d) || failed != -1 || !d.Block.IsZero() || d.Tx.IsZero() {
			t.Errorf("%d checks: %d, %v", n, failed, err)
		}
		<-f.Failed()
		if err := f.AddBlock(t.Context(), bs[0]); err == nil {
			t.Error("the chain goes on")
		}
	}
}

// TestFirstFailure: whatever the number of workers and cores, the check that
// fails first in block order is the one reported.
func TestFirstFailure(t *testing.T) {
	bs := signedChain(t, 1, 300)
	for _, cores := range []int{1, 2, 8} {
		for _, workers := range []int{1, 3, 8} {
			t.Run(fmt.Sprintf("%d cores, %d workers", cores, workers), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
				f := openBy(t, chain.Config{Workers: workers})
				f.add(bs[:len(bs)-1]...)
				for first := range 3 {
					first = 3 + 130*first
					b := remade(bs, f.Tip(), func(txs []*wire.Tx) {
						for i := first; i < len(txs); i += 7 {
							spoil(txs[i])
						}
					})
					err := f.AddBlock(t.Context(), b)
					var e *consensus.RuleError
					if !errors.As(err, &e) || e.Tx != first+1 || e.In != 0 {
						t.Errorf("%v, want transaction %d", err, first+1)
					}
					const reason = "block-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element)"
					if got := consensus.RuleOf(err); got != reason {
						t.Errorf("reason %q", got)
					}
				}
				f.add(bs[len(bs)-1])
			})
		}
	}
}

// TestRunChecks says which of a transaction's checks fails first, few and many.
func TestRunChecks(t *testing.T) {
	bs := signedChain(t, 1, 100)
	f := openBy(t, chain.Config{Workers: 2})
	value := bs[0].Txs[0].Outs[0].Value
	for _, n := range []int{1, 10, 100} {
		for _, bad := range []int{-1, 0, n - 1} {
			var checks []script.Check
			for i, tx := range bs[len(bs)-1].Txs[1 : n+1] {
				if bad >= 0 && i >= bad {
					tx = &wire.Tx{Version: tx.Version, Outs: tx.Outs, Ins: append([]wire.In(nil), tx.Ins...)}
					spoil(tx)
				}
				checks = append(checks, script.NewSpend(tx, []wire.Out{{Value: value, Script: chaintest.NewKey(5).Script()}}, script.Mandatory).Checks()...)
			}
			for i := range checks {
				checks[i].TxIndex = i
			}
			failed, err := f.RunChecks(t.Context(), checks)
			if e := (*script.Error)(nil); failed != bad || (bad >= 0) != errors.As(err, &e) || bad < 0 && err != nil {
				t.Errorf("%d checks, bad from %d: %d, %v", n, bad, failed, err)
			}
		}
	}
}

// counting counts claims.
type counting struct {
	script.Fast
	claims *atomic.Int64
}

func (c *counting) Verify(claims []secp.Claim, ok []bool) error {
	c.claims.Add(int64(len(claims)))
	return c.Fast.Verify(claims, ok)
}

// TestKnownBlock: a block of known transactions costs no signature; of those
// known under other flags, or not at all, each costs its own.
func TestKnownBlock(t *testing.T) {
	const payments = 200
	bs := signedChain(t, 1, payments)
	base, b := bs[:len(bs)-1], bs[len(bs)-1]
	for _, test := range []struct {
		name  string
		flags func(next script.Flags) script.Flags
		known int
	}{
		{"all known", func(f script.Flags) script.Flags { return f }, payments},
		{"half known", func(f script.Flags) script.Flags { return f }, payments / 2},
		{"known under other flags", func(f script.Flags) script.Flags { return f | script.LowS }, payments},
	} {
		accepted, claims := script.NewAccepted(1<<20, [32]byte{4}), new(atomic.Int64)
		f := openBy(t, chain.Config{Workers: 2, Accepted: accepted, Verifier: func() script.Verifier { return &counting{claims: claims} }})
		f.add(base...)
		s := f.Tip()
		flags := test.flags(consensus.NextFlags(&s, wire.Hash{}))
		for _, tx := range b.Txs[1 : 1+test.known] {
			accepted.Add(tx.WitnessID(), flags)
		}
		f.add(b)
		want := payments - test.known
		if flags&script.LowS != 0 {
			want = payments
		}
		if got := int(claims.Load()); got != want {
			t.Errorf("%s: %d signatures verified, want %d", test.name, got, want)
		}
	}
}

// BenchmarkBlock is a block of known transactions, and the same unknown.
func BenchmarkBlock(b *testing.B) {
	bs := signedChain(b, 1, 1000)
	block := bs[len(bs)-1]
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprintf("known=%v", known), func(b *testing.B) {
			accepted := script.NewAccepted(8<<20, [32]byte{4})
			f := openBy(b, chain.Config{Accepted: accepted})
			f.add(bs[:len(bs)-1]...)
			if s := f.Tip(); known {
				for _, tx := range block.Txs[1:] {
					accepted.Add(tx.WitnessID(), consensus.NextFlags(&s, wire.Hash{}))
				}
			}
			for b.Loop() {
				if err := f.TestBlock(b.Context(), block, false); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*1000), "µs/input")
		})
	}
}

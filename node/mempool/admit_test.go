package mempool

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// TestRefusals spoils one thing of a good payment and names the reason.
func TestRefusals(t *testing.T) {
	g := newGround(t, 3, nil)
	waits := pay(coinValue, 10_000, 2, g.take())
	waitsID := g.add(waits).Tx.ID()
	coin := g.take()
	good := pay(coinValue, 10_000, 1, coin)
	young := g.mine(g.chain.Tip()).Txs[0].Outpoint(0)
	g.sync()
	bare := func(n int) []byte { // 1-of-n multisig, not P2SH
		s := []byte{op1}
		for range n {
			s = append(append(s, 33, 2), make([]byte, 32)...)
		}
		return append(s, byte(op1-1+n), opCheckMultisig)
	}
	out := func(script []byte) func(*wire.Tx) {
		return func(t *wire.Tx) { t.Outs = append(t.Outs, wire.Out{Value: 0, Script: script}) }
	}
	for _, c := range []struct {
		reason, detail string
		spoil          func(*wire.Tx)
	}{
		{"bad-txns-vin-empty", "", func(t *wire.Tx) { t.Ins = nil }},
		{"bad-txns-vout-negative", "", func(t *wire.Tx) { t.Outs[0].Value = -1 }},
		{"bad-txns-inputs-duplicate", "", func(t *wire.Tx) { t.Ins = append(t.Ins, t.Ins[0]) }},
		{"coinbase", "", func(t *wire.Tx) {
			t.Ins = []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: []byte{1, 1}}}
		}},
		{"version", "", func(t *wire.Tx) { t.Version = 0 }},
		{"version", "", func(t *wire.Tx) { t.Version = 4 }},
		{"tx-size", "", func(t *wire.Tx) { t.Ins[0].Witness[0] = make([]byte, maxTxWeight) }},
		{"tx-size-small", "", func(t *wire.Tx) { t.Outs[0].Script = []byte{opReturn, 0} }},
		{"scriptsig-size", "", func(t *wire.Tx) { t.Ins[0].Script = make([]byte, maxInScript+1) }},
		{"scriptsig-not-pushonly", "", func(t *wire.Tx) { t.Ins[0].Script = []byte{opDup} }},
		{"scriptpubkey", "", func(t *wire.Tx) { t.Outs[0].Script = []byte{op1} }},
		{"scriptpubkey", "", func(t *wire.Tx) { t.Outs[0].Script = bare(4) }},
		{"dust", "", func(t *wire.Tx) { out(payTrue)(t); out(payTrue)(t) }},
		{"dust", "tx with dust output must be 0-fee", out(payTrue)},
		{"non-final", "", func(t *wire.Tx) { t.LockTime = 1000 }},
		{"txn-already-in-mempool", "", func(t *wire.Tx) { *t = *waits }},
		{"txn-same-nonwitness-data-in-mempool", "", func(t *wire.Tx) {
			*t = *change(waits, func(t *wire.Tx) { t.Ins[0].Witness = [][]byte{{op1, op1}} })
		}},
		{"bad-txns-inputs-missingorspent", "", func(t *wire.Tx) { t.Ins[0].Prev.TxID[0]++ }},
		{"bad-txns-inputs-missingorspent", "", func(t *wire.Tx) { t.Ins[0].Prev = wire.Outpoint{TxID: waitsID, Index: 2} }},
		{"non-BIP68-final", "", func(t *wire.Tx) { t.Ins[0].Sequence = 200 }},
		{"non-BIP68-final", "", func(t *wire.Tx) { t.Ins[0].Prev, t.Ins[0].Sequence = waits.Outpoint(0), 1 }},
		{"bad-txns-premature-spend-of-coinbase", "tried to spend coinbase at depth 1", func(t *wire.Tx) { t.Ins[0].Prev = young }},
		{"bad-txns-in-belowout", "value in (50.00) < value out (50.00000001)", func(t *wire.Tx) { t.Outs[0].Value = coinValue + 1 }},
		{"bad-witness-nonstandard", "", func(t *wire.Tx) { t.Ins[0].Witness = [][]byte{make([]byte, 81), trueScript} }},
		{"bad-witness-nonstandard", "", func(t *wire.Tx) { t.Ins[0].Witness = [][]byte{make([]byte, 3601)} }},
		{"min relay fee not met", "0 < 10", func(t *wire.Tx) { t.Outs[0].Value = coinValue }},
		{"mempool-script-verify-flag-failed (Witness program hash mismatch)", "*", func(t *wire.Tx) { t.Ins[0].Witness = [][]byte{{0}} }},
		{"TRUC-violation", "*", func(t *wire.Tx) {
			t.Version = 3
			t.Outs[0].Value -= 100_000
			for range 250 {
				t.Outs = append(t.Outs, wire.Out{Value: 400, Script: payTrue})
			}
		}},
		{"TRUC-violation", "*", func(t *wire.Tx) { t.Version, t.Ins[0].Prev = 3, waits.Outpoint(0); t.Outs[0].Value /= 4 }},
	} {
		t.Run(c.reason, func(t *testing.T) {
			bad := change(good, c.spoil)
			g := *g
			g.TB = t
			before := g.pool.Stats()
			g.refused(bad, c.reason, c.detail)
			if _, err := g.pool.Test(bad); err == nil {
				t.Error("Test accepts what Add refuses")
			}
			if g.pool.Stats() != before {
				t.Errorf("the pool changed: %+v, was %+v", g.pool.Stats(), before)
			}
		})
	}
	// What was spoiled was good.
	r, err := g.pool.Test(good)
	if err != nil || r.Entry.Fee != 10_000 || r.Entry.Size != good.VSize() {
		t.Fatalf("Test: %+v, %v", r, err)
	}
	g.has(good, false)
	if e := g.add(good); e.Fee != 10_000 || e.AncestorCount != 1 || e.DescendantFees != 10_000 {
		t.Fatalf("entry %+v", e)
	}
}

// TestBlame tells faults of the sender from policy.
func TestBlame(t *testing.T) {
	g := newGround(t, 1, nil)
	good := pay(coinValue, 10_000, 1, g.take())
	for _, c := range []struct {
		name  string
		spoil func(*wire.Tx)
		want  bool
	}{
		{"breaks a rule by itself", func(t *wire.Tx) { t.Outs[0].Value = -1 }, true},
		{"fails by consensus", func(t *wire.Tx) { t.Ins[0].Witness = [][]byte{{0}} }, true},
		{"version unknown to policy", func(t *wire.Tx) { t.Version = 4 }, false},
		{"too early", func(t *wire.Tx) { t.LockTime = 1000 }, false},
		{"parents unknown", func(t *wire.Tx) { t.Ins[0].Prev.Index++ }, false},
	} {
		_, err := g.pool.Test(change(good, c.spoil))
		var e *Error
		if !errors.As(err, &e) || e.Peer != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAlreadyKnown(t *testing.T) {
	g := newGround(t, 1, nil)
	tx := pay(coinValue, 10_000, 1, g.take())
	g.mine(g.chain.Tip(), tx)
	g.refused(tx, "txn-already-known", "")
}

// TestScriptsRunOnce adds a payment twice; the second time its scripts must not run. The
// cache is the only witness: a verdict planted there decides.
func TestScriptsRunOnce(t *testing.T) {
	g := newGround(t, 1, nil)
	tx := pay(coinValue, 10_000, 1, g.take())
	if _, err := g.pool.Test(tx); err != nil {
		t.Fatal(err)
	}
	if failed, known := g.pool.scripts.get(tx.WitnessID()); !known || failed != nil {
		t.Fatalf("verdict %v, known %v", failed, known)
	}
	g.pool.scripts.put(tx.WitnessID(), &Error{Reason: "planted"})
	g.refused(tx, "planted", "")
}

func TestReplacement(t *testing.T) {
	g := newGround(t, 4, nil)
	coin := g.take()
	first := pay(coinValue, 10_000, 2, coin)
	g.add(first)
	child := pay(first.Outs[0].Value, 5_000, 1, first.Outpoint(0))
	g.add(child)

	less := pay(coinValue, 9_000, 2, coin)
	g.refused(less, "insufficient fee",
		fmt.Sprintf("rejecting replacement %v, less fees than conflicting txs; 0.00009 < 0.00015", less.ID()))
	same := pay(coinValue, 15_000, 3, coin)
	g.refused(same, "insufficient fee",
		fmt.Sprintf("rejecting replacement %v, not enough additional fees to relay; 0.00 < 0.00000019", same.ID()))
	spends := pay(coinValue+child.Outs[0].Value, 50_000, 1, coin, child.Outpoint(0))
	g.refused(spends, "bad-txns-spends-conflicting-tx", "*")
	// More fees at a lower rate than what it evicts: miners would be worse off.
	g.refused(pay(coinValue, 16_000, 100, coin), "replacement-failed", "insufficient feerate: does not improve feerate diagram")

	better := pay(coinValue, 16_000, 2, coin)
	if r, err := g.pool.Test(better); err != nil || len(r.Replaced) != 2 {
		t.Fatalf("Test: %v, %v", r.Replaced, err)
	}
	r, err := g.pool.Add(better, "")
	if err != nil || len(r.Replaced) != 2 || r.Replaced[0] != child.ID() {
		t.Fatalf("replaced %v, %v", r.Replaced, err)
	}
	g.has(first, false)
	g.has(child, false)
	g.sound()
}

func TestClusterLimit(t *testing.T) {
	g := newGround(t, 1, nil)
	tx := pay(coinValue, 1_000, 1, g.take())
	for range maxCluster - 1 {
		g.add(tx)
		tx = pay(tx.Outs[0].Value, 1_000, 1, tx.Outpoint(0))
	}
	if e := g.add(tx); e.AncestorCount != maxCluster {
		t.Fatalf("%d ancestors", e.AncestorCount)
	}
	g.refused(pay(tx.Outs[0].Value, 1_000, 1, tx.Outpoint(0)), "too-large-cluster", "")
	g.sound()
}

func TestSiblingEviction(t *testing.T) {
	g := newGround(t, 1, nil)
	v3 := func(t *wire.Tx) { t.Version = 3 }
	parent := change(pay(coinValue, 1_000, 2, g.take()), v3)
	g.add(parent)
	older := change(pay(parent.Outs[0].Value, 1_000, 1, parent.Outpoint(0)), v3)
	g.add(older)
	g.refused(change(pay(parent.Outs[1].Value, 900, 1, parent.Outpoint(1)), v3), "insufficient fee (including sibling eviction)", "*")
	younger := change(pay(parent.Outs[1].Value, 3_000, 1, parent.Outpoint(1)), v3)
	g.add(younger)
	g.has(older, false)
	g.refused(change(pay(younger.Outs[0].Value, 3_000, 1, younger.Outpoint(0)), v3), "TRUC-violation", "*")
}

// TestEviction fills a small pool: the lowest feerates go, and what is asked
// from then on rises, to decay after a block.
func TestEviction(t *testing.T) {
	g := newGround(t, 1, func(c *Config) { c.MaxSize = 15_000 })
	root := pay(coinValue, 100_000, 60, g.take())
	g.mine(g.chain.Tip(), root)
	var txs []*wire.Tx
	for i := range 60 {
		tx := pay(root.Outs[i].Value, int64(1000+100*i), 1, root.Outpoint(i))
		txs = append(txs, tx)
		g.add(tx)
	}
	g.has(txs[0], false)
	g.has(txs[59], true)
	s := g.pool.Stats()
	if s.Usage > s.MaxUsage || s.MinFee <= s.Floor {
		t.Fatalf("usage %d of %d, minimum %d", s.Usage, s.MaxUsage, s.MinFee)
	}
	g.refused(txs[0], "mempool min fee not met", "*")
	g.sound()

	g.clock = g.clock.Add(48 * time.Hour)
	if now := g.pool.Stats().MinFee; now != s.MinFee {
		t.Fatalf("the minimum fell to %d with no block", now)
	}
	g.mine(g.chain.Tip())
	g.sync()
	g.clock = g.clock.Add(12 * time.Hour)
	if now := g.pool.Stats().MinFee; now >= s.MinFee*6/10 || now < s.MinFee*4/10 {
		t.Fatalf("the minimum is %d half a day after %d", now, s.MinFee)
	}
	g.clock = g.clock.Add(30 * 24 * time.Hour)
	if now := g.pool.Stats().MinFee; now != s.Floor {
		t.Fatalf("the minimum is %d a month later", now)
	}
}

func TestMempoolFull(t *testing.T) {
	g := newGround(t, 1, func(c *Config) { c.MaxSize = 500 })
	g.refused(pay(coinValue, 10_000, 1, g.take()), "mempool full", "")
}

func TestExpiry(t *testing.T) {
	g := newGround(t, 2, nil)
	old := pay(coinValue, 10_000, 1, g.take())
	g.add(old)
	child := pay(old.Outs[0].Value, 10_000, 1, old.Outpoint(0))
	g.clock = g.clock.Add(defaultExpiry - time.Hour)
	g.add(child)
	g.clock = g.clock.Add(2 * time.Hour)
	g.pool.expire()
	g.has(old, false)
	g.has(child, false)
}

// TestPoolKeepsItsOwnBytes changes the bytes that a transaction was decoded
// from, as a reused buffer would.
func TestPoolKeepsItsOwnBytes(t *testing.T) {
	g := newGround(t, 1, nil)
	raw := pay(coinValue, 10_000, 1, g.take()).Append(nil)
	want := bytes.Clone(raw)
	tx, err := wire.DecodeTx(raw)
	if err != nil {
		t.Fatal(err)
	}
	g.add(tx)
	clear(raw)
	got, ok := g.pool.GetWitness(tx.WitnessID())
	if !ok || !bytes.Equal(got.Append(nil), want) {
		t.Fatal("the pool shares bytes with whoever gave it the transaction")
	}
}

func TestEvents(t *testing.T) {
	g := newGround(t, 2, nil)
	coin := g.take()
	a, b := pay(coinValue, 1_000, 1, coin), pay(coinValue, 9_000, 1, coin)
	changed := g.pool.Changed()
	g.add(a)
	select {
	case <-changed:
	default:
		t.Fatal("Changed is still open")
	}
	g.add(b)
	g.mine(g.chain.Tip(), b)
	g.sync()
	es, ok := g.pool.EventsSince(0)
	want := []string{"+" + a.ID().String(), "-" + a.ID().String() + " replaced", "+" + b.ID().String(), "-" + b.ID().String() + " block"}
	if !ok || len(es) != len(want) {
		t.Fatalf("%d events, %v", len(es), ok)
	}
	for i, e := range es {
		got := "-" + e.Removed.String() + " " + e.Reason
		if e.Added != nil {
			got = "+" + e.Added.ID().String()
		}
		if got != want[i] || e.Sequence != uint64(i+1) {
			t.Errorf("event %d: %s", e.Sequence, got)
		}
	}
	tip := g.chain.Tip()
	if es[2].Fee != 9_000 || es[2].Size != int64(b.VSize()) || !es[2].Alone || es[2].Height != tip.Height-1 {
		t.Errorf("addition %+v", es[2])
	}
	if es[3].Block != tip.ID || es[3].Height != tip.Height || g.pool.Stats().Height != tip.Height {
		t.Errorf("removal %+v, the pool is at height %d", es[3], g.pool.Stats().Height)
	}
	if es, ok := g.pool.EventsSince(4); !ok || len(es) != 0 {
		t.Error("nothing has happened since")
	}
	if _, ok := g.pool.EventsSince(5); ok {
		t.Error("the future is known")
	}
	for range maxEvents {
		g.pool.events.push(record{reason: "expired"})
	}
	if _, ok := g.pool.EventsSince(0); ok || g.pool.events.n > maxEvents || len(g.pool.events.ring) > maxEvents {
		t.Error("events are kept without end")
	}
}

// What a block confirms and what it rules out leave in the block's order.
func TestEventsOfABlock(t *testing.T) {
	g := newGround(t, 3, nil)
	coin := g.take()
	theirs, ours := pay(coinValue, 9_000, 1, coin), pay(coinValue, 1_000, 1, coin)
	first, last := pay(coinValue, 5_000, 1, g.take()), pay(coinValue, 2_000, 1, g.take())
	for _, tx := range []*wire.Tx{last, ours, first} {
		g.add(tx)
	}
	g.mine(g.chain.Tip(), first, theirs, last)
	g.sync()
	es, ok := g.pool.EventsSince(3)
	want := []string{first.ID().String() + " block", ours.ID().String() + " conflict", last.ID().String() + " block"}
	if !ok || len(es) != len(want) {
		t.Fatalf("%d events, %v", len(es), ok)
	}
	for i, e := range es {
		if got := e.Removed.String() + " " + e.Reason; got != want[i] {
			t.Errorf("event %d: %s, want %s", e.Sequence, got, want[i])
		}
	}
}

func TestMoney(t *testing.T) {
	for n, want := range map[int64]string{0: "0.00", 1: "0.00000001", 150_000: "0.0015", consensus.Coins: "1.00", -10: "-0.0000001"} {
		if got := consensus.Amount(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// TestNonstandardInputs spends coins that blocks may make and policy does not know.
func TestNonstandardInputs(t *testing.T) {
	g := newGround(t, 1, nil)
	p2sh := func(redeem []byte) []byte {
		return append(append([]byte{opHash160, 20}, address.Hash160(redeem)...), 0x87)
	}
	push := func(s []byte) []byte { return append([]byte{0x4d, byte(len(s)), byte(len(s) >> 8)}, s...) }
	sigops := append(bytes.Repeat([]byte{opCheckSig}, 16), op1)
	many := bytes.Repeat([]byte{opCheckMultisig}, 126) // 20 each, where keys are not counted
	coins := []struct {
		name, reason, detail string
		script, in           []byte
		witness              [][]byte
	}{
		{"unknown script", nonstandardInputs, "input 0 script unknown", []byte{op1}, nil, nil},
		{"undefined witness version", nonstandardInputs, "input 0 witness program is undefined", append([]byte{op1 + 1, 32}, make([]byte, 32)...), nil, nil},
		{"redeem script missing", nonstandardInputs, "input 0 P2SH redeemscript missing", p2sh([]byte{op1}), nil, nil},
		{"many sigops in P2SH", nonstandardInputs, "p2sh redeemscript sigops exceed limit (input 0: 16 > 15)", p2sh(sigops), push(sigops), nil},
		{"more legacy sigops than BIP54 allows", nonstandardInputs, "non-witness sigops exceed bip54 limit", p2sh(many), push(many), nil},
		{"witness for a script without", "bad-witness-nonstandard", "", p2sh([]byte{op1}), []byte{1, op1}, [][]byte{{1}}},
		// Core knows it as a coin, though no output of more than three keys is relayed.
		{"bare multisig of four keys", "mempool-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element)", "*",
			slices.Concat([]byte{op1}, bytes.Repeat(append([]byte{33, 2}, make([]byte, 32)...), 4), []byte{op1 + 3, opCheckMultisig}), []byte{0, 0}, nil},
		{"dear witness script", "bad-txns-too-many-sigops", "16001", p2wsh(bytes.Repeat([]byte{opCheckSig}, 16001)), nil, [][]byte{bytes.Repeat([]byte{opCheckSig}, 16001)}},
	}
	root := change(pay(coinValue, 0, len(coins), g.take()), func(t *wire.Tx) {
		for i := range coins {
			t.Outs[i].Script = coins[i].script
		}
	})
	g.mine(g.chain.Tip(), root)
	for i, c := range coins {
		t.Run(c.name, func(t *testing.T) {
			g := *g
			g.TB = t
			g.pool.policy.nonStandard = c.reason == "bad-txns-too-many-sigops" // else the size of the script comes first
			tx := change(pay(root.Outs[i].Value, 100_000, 1, root.Outpoint(i)), func(t *wire.Tx) {
				t.Ins[0].Script, t.Ins[0].Witness = c.in, c.witness
			})
			g.refused(tx, c.reason, c.detail)
		})
	}
}

func p2wsh(s []byte) []byte {
	h := sha256.Sum256(s)
	return append([]byte{0, 32}, h[:]...)
}

// TestManyClusters replaces what belongs to too many clusters at once.
func TestManyClusters(t *testing.T) {
	g := newGround(t, 1, nil)
	n := maxReplacedClusters + 1
	root := pay(coinValue, 100_000, n, g.take())
	g.mine(g.chain.Tip(), root)
	var sum int64
	var ops []wire.Outpoint
	for i := range n {
		g.add(pay(root.Outs[i].Value, 1_000, 1, root.Outpoint(i)))
		ops = append(ops, root.Outpoint(i))
		sum += root.Outs[i].Value
	}
	g.refused(pay(sum, 10_000_000, 1, ops...), "too many potential replacements", "*")
	g.add(pay(sum-root.Outs[0].Value, 10_000_000, 1, ops[1:]...))
	if n := g.pool.Stats().Count; n != 2 {
		t.Fatalf("%d wait", n)
	}
	g.sound()
}

// TestEphemeralDust wants dust of a parent without fee to be spent by whoever spends the parent.
func TestEphemeralDust(t *testing.T) {
	g := newGround(t, 1, func(c *Config) { c.MinFee = -1 })
	parent := change(pay(coinValue, 0, 1, g.take()), func(t *wire.Tx) {
		t.Outs = append(t.Outs, wire.Out{Script: payTrue})
	})
	g.add(parent)
	g.refused(pay(coinValue, 1_000, 1, parent.Outpoint(0)), "missing-ephemeral-spends", "*")
	g.add(pay(coinValue, 1_000, 1, parent.Outpoint(0), parent.Outpoint(1)))
}

// TestAcceptedAreTold: of what passes, and of nothing else, the chain learns that
// it holds by the flags that the next block will have.
func TestAcceptedAreTold(t *testing.T) {
	accepted := script.NewAccepted(1<<16, [32]byte{1})
	g := newGround(t, 2, func(c *Config) { c.Accepted = accepted })
	good := pay(coinValue, 10_000, 1, g.take())
	bad := pay(coinValue, 10_000, 1, g.take())
	bad.Ins[0].Witness[0] = []byte{op1 - 1} // no such script
	bad.Seal()
	if _, err := g.pool.Test(good); err != nil {
		t.Fatal(err)
	}
	if _, err := g.pool.Test(bad); err == nil {
		t.Fatal("a bad script passes")
	}
	s := g.chain.Tip()
	next := consensus.NextFlags(&s, wire.Hash{})
	for _, c := range []struct {
		name  string
		tx    *wire.Tx
		flags script.Flags
		want  bool
	}{{"good", good, next, true}, {"good, by flags of policy", good, script.Standard, false}, {"bad", bad, next, false}} {
		if got := accepted.Has(c.tx.WitnessID(), c.flags); got != c.want {
			t.Errorf("%s: known %v", c.name, got)
		}
	}
}

package consensus

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"reflect"
	"testing"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// connectCase changes the block after 110 others; its coinbases up to height
// 11 are mature. connectHouse spends three of them in turn.
type connectCase struct {
	name   string
	edit   func(*house, *draft)
	rule   Rule
	tx, in int
}

func connectCases() []connectCase {
	bip68 := func(coin int, sequence uint32) func(*house, *draft) {
		return func(h *house, d *draft) { d.txs[1].Ins[coin].Sequence = sequence }
	}
	p2sh := func(redeem []byte) []byte {
		s := append([]byte{0xa9, 20}, make([]byte, 20)...)
		return append(s, 0x87)
	}
	return []connectCase{
		{"valid", func(*house, *draft) {}, "", -1, -1},
		{"coin that never was", func(_ *house, d *draft) { d.txs[1].Ins[1].Prev = op(9, 0) }, InputsMissing, 1, 1},
		{"output that the coin's transaction lacks", func(_ *house, d *draft) { d.txs[1].Ins[0].Prev.Index = 1 }, InputsMissing, 1, 0},
		{"output that a transaction in the block lacks", func(_ *house, d *draft) { d.txs[2].Ins[0].Prev.Index = 1 }, InputsMissing, 2, 0},
		{"spent twice in the block", func(_ *house, d *draft) {
			d.txs = append(d.txs, spend(1, d.txs[1].Ins[0].Prev))
		}, InputsMissing, 3, 0},
		{"in-block coin spent twice in the block", func(_ *house, d *draft) {
			d.txs = append(d.txs, spend(1, d.txs[2].Ins[0].Prev))
		}, InputsMissing, 3, 0},
		{"spent before it is created", func(_ *house, d *draft) { d.txs[1], d.txs[2] = d.txs[2], d.txs[1] }, InputsMissing, 1, 0},
		{"unspendable in-block output", func(_ *house, d *draft) {
			d.txs[1].Outs[0].Script = []byte{0x6a}
			d.txs[2].Ins[0].Prev = d.txs[1].Seal().Outpoint(0)
		}, InputsMissing, 2, 0},
		{"in-block output too long to be spent", func(_ *house, d *draft) {
			d.txs[1].Outs[0].Script = large(10_001)
			d.txs[2].Ins[0].Prev = d.txs[1].Seal().Outpoint(0)
		}, InputsMissing, 2, 0},
		{"coinbase of 100 blocks ago", func(h *house, d *draft) { d.txs[1].Ins[0].Prev = h.mints[10] }, "", -1, -1},
		{"coinbase of 99 blocks ago", func(h *house, d *draft) { d.txs[1].Ins[0].Prev = h.mints[11] }, Premature, 1, 0},
		{"the block's own coinbase", func(_ *house, d *draft) { d.txs[1].Ins[0].Prev = d.txs[0].Seal().Outpoint(0) }, Premature, 1, 0},
		{"pays all it has", func(_ *house, d *draft) { d.txs[1].Outs[0].Value = 100 * Coins; relink(d) }, "", -1, -1},
		{"pays more than it has", func(_ *house, d *draft) { d.txs[1].Outs[0].Value = 100*Coins + 1; relink(d) }, InBelowOut, 1, -1},
		{"coin above all money", func(h *house, _ *draft) { h.value(0, MaxMoney+1) }, InValueRange, 1, 0},
		{"coin of negative value", func(h *house, _ *draft) { h.value(0, -1) }, InValueRange, 1, 0},
		{"coins above all money", func(h *house, _ *draft) { h.value(0, MaxMoney) }, InValueRange, 1, 1},
		{"fees above all money", func(h *house, d *draft) {
			h.value(0, MaxMoney-50*Coins)
			h.value(2, MaxMoney-50*Coins)
			d.txs[1].Outs[0].Value = 1 * Coins
			relink(d)
			d.txs[2].Outs[0].Value = 1
			d.txs = append(d.txs, spend(1, h.mints[2]))
		}, FeesOutOfRange, 3, -1},
		{"takes fees and subsidy", func(_ *house, d *draft) { d.txs[0].Outs[0].Value = 50*Coins + 2000 }, "", -1, -1},
		{"takes a satoshi more", func(_ *house, d *draft) { d.txs[0].Outs[0].Value = 50*Coins + 2001 }, CoinbaseTooMuch, 0, -1},
		{"takes less", func(_ *house, d *draft) { d.txs[0].Outs[0].Value = 0 }, "", -1, -1},

		{"relative lock of 110 blocks on height 1", bip68(0, 110), "", -1, -1},
		{"relative lock of 111 blocks on height 1", bip68(0, 111), NotFinal, 1, 0},
		{"relative lock of 109 blocks on height 2", bip68(1, 109), "", -1, -1},
		{"relative lock of 110 blocks on height 2", bip68(1, 110), NotFinal, 1, 1},
		// Blocks are a minute apart: the median is at height 105, and 0 lies
		// before height 1.
		{"relative lock of an hour and three quarters", bip68(0, sequenceIsTime|12), "", -1, -1},
		{"relative lock far off in time", bip68(0, sequenceIsTime|0xffff), NotFinal, 1, 0},
		{"in-block coin without relative lock", func(_ *house, d *draft) { d.txs[2].Ins[0].Sequence = 0 }, "", -1, -1},
		{"in-block coin with a relative lock of a block", func(_ *house, d *draft) { d.txs[2].Ins[0].Sequence = 1 }, NotFinal, 2, 0},
		{"in-block coin with no relative time", func(_ *house, d *draft) { d.txs[2].Ins[0].Sequence = sequenceIsTime }, "", -1, -1},
		{"in-block coin with a relative time", func(_ *house, d *draft) { d.txs[2].Ins[0].Sequence = sequenceIsTime | 1 }, NotFinal, 2, 0},

		{"80,000 of P2SH operations", func(h *house, d *draft) {
			h.script(0, p2sh(nil))
			d.txs[1].Ins[0].Script = pushOf(checksigs(520))
			d.txs[2].Outs[0].Script = checksigs(20_000 - 520)
		}, "", -1, -1},
		{"one too many, before the last transaction", func(h *house, d *draft) {
			h.script(0, p2sh(nil))
			d.txs[1].Ins[0].Script = pushOf(checksigs(520))
			d.txs[2].Outs[0].Script = checksigs(20_000 - 519)
		}, TooManySigops, 2, -1},
	}
}

// relink makes transaction 2 spend 1 again after a change.
func relink(d *draft) {
	d.txs[2].Ins[0].Prev = d.txs[1].Seal().Outpoint(0)
	d.txs[2].Outs[0].Value = d.txs[1].Outs[0].Value - 1000
}

// value changes the coin that coinbase i made.
func (h *house) value(i int, v int64) {
	c := h.coins.coins[h.mints[i]]
	c.Value = v
	h.coins.coins[h.mints[i]] = c
}

func (h *house) script(i int, s []byte) {
	c := h.coins.coins[h.mints[i]]
	c.Script = s
	h.coins.coins[h.mints[i]] = c
}

func pushOf(b []byte) []byte { return script.AppendPush(nil, b) }

// connectHouse is a chain and a draft in which transaction 1 spends two
// coinbases, transaction 2 its output, for 1,000 satoshis of fee each.
func connectHouse(t testing.TB, p *Params) (*house, *draft) {
	h := newHouse(t, p).grow(110)
	d := h.draft()
	d.txs = append(d.txs, spend(100*Coins-1000, h.mints[0], h.mints[1]))
	d.txs = append(d.txs, spend(100*Coins-2000, d.txs[1].Seal().Outpoint(0)))
	return h, d
}

// connect judges b against its coins alone: cases that are about coins have
// scripts that need not hold.
func (h *house) connect(b *wire.Block) (Update, []script.Check, error) {
	next, err := ApplyHeader(h.state, &b.Header, b.ID())
	if err != nil {
		h.t.Fatal(err)
	}
	return Connect(h.state, next, b, h.coins.inputs(&h.state, b))
}

func TestConnect(t *testing.T) {
	p := mustChain(t, "regtest")
	for _, c := range connectCases() {
		t.Run(c.name, func(t *testing.T) {
			h, d := connectHouse(t, p)
			c.edit(h, d)
			// In-block spends follow what the case made of transaction 1.
			if d.txs[2].Ins[0].Prev.Index == 0 && c.rule != InputsMissing && len(d.txs[2].Ins) == 1 {
				d.txs[2].Ins[0].Prev = d.txs[1].Seal().Outpoint(0)
			}
			u, checks, err := h.connect(d.block(t))
			if c.rule != "" {
				wantRule(t, err, c.rule, c.tx, c.in)
				if Mutated(err) {
					t.Error("called a mutation")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(checks) != 3 || len(u.Spent) != 3 || u.Spent[2].Missing || u.Spent[2].Height != 111 {
				t.Errorf("%d checks, spent %+v", len(checks), u.Spent)
			}
			for i, want := range []script.Check{{In: 0, TxIndex: 1}, {In: 1, TxIndex: 1}, {In: 0, TxIndex: 2}} {
				got := checks[i]
				if got.In != want.In || got.TxIndex != want.TxIndex || got.Tx != u.Block.Txs[want.TxIndex] ||
					!reflect.DeepEqual(got.Coins[got.In], u.Spent[i].Out) {
					t.Errorf("check %d is of input %d of transaction %d, coin %+v", i, got.In, got.TxIndex, got.Coins[got.In])
				}
			}
		})
	}
}

// TestBIP68BeforeCSV lets a lock pass where its rule is not in force.
func TestBIP68BeforeCSV(t *testing.T) {
	late := uint32(112)
	p, err := mustChain(t, "regtest").With(Override{CSV: &late})
	if err != nil {
		t.Fatal(err)
	}
	h, d := connectHouse(t, p)
	d.txs[1].Ins[0].Sequence = 111
	relink(d)
	h.add(d.block(t))
}

// TestUpdateReverts reads an update backwards.
func TestUpdateReverts(t *testing.T) {
	h, d := connectHouse(t, mustChain(t, "regtest"))
	before, state := maps.Clone(h.coins.coins), h.state
	u := h.add(d.block(t))
	if u.Fees != 2000 || u.Prev != state || u.Next != h.state {
		t.Errorf("update is %+v", u)
	}
	if maps.EqualFunc(before, h.coins.coins, func(a, b Coin) bool { return reflect.DeepEqual(a, b) }) {
		t.Fatal("the block changed no coin")
	}
	h.coins.revert(u)
	if !maps.EqualFunc(before, h.coins.coins, func(a, b Coin) bool { return reflect.DeepEqual(a, b) }) {
		t.Error("reverting leaves other coins")
	}
}

// TestBIP30 creates an output that is unspent already.
func TestBIP30(t *testing.T) {
	late := uint32(1000)
	base, err := mustChain(t, "regtest").With(Override{BIP34: &late})
	if err != nil {
		t.Fatal(err)
	}
	p := *base
	h := newHouse(t, &p).grow(3)
	first := h.draft()
	h.add(first.block(t))
	again := h.draft()
	again.txs = first.txs
	b := again.block(t)
	_, _, err = h.connect(b)
	wantRule(t, err, Overwrites, -1, -1)

	p.BIP30Exempt = map[uint32]wire.Hash{5: b.ID()}
	if _, _, err = h.connect(b); err != nil {
		t.Errorf("an exempt block: %v", err)
	}
	p.BIP30Exempt = map[uint32]wire.Hash{5: {1}, 6: b.ID()}
	_, _, err = h.connect(b)
	wantRule(t, err, Overwrites, -1, -1)
}

// TestConnectCallers holds a caller's mistakes apart from a block's fault.
func TestConnectCallers(t *testing.T) {
	h, d := connectHouse(t, mustChain(t, "regtest"))
	b := d.block(t)
	next, err := ApplyHeader(h.state, &b.Header, b.ID())
	if err != nil {
		t.Fatal(err)
	}
	in := h.coins.inputs(&h.state, b)
	for name, call := range map[string]func() error{
		"a coin too few": func() error {
			_, _, err := Connect(h.state, next, b, Inputs{Spent: in.Spent[1:]})
			return err
		},
		"another parent": func() error {
			_, _, err := Connect(next, next, b, in)
			return err
		},
		"a coin too few for a transaction": func() error {
			_, _, err := ConnectTx(&h.state, d.txs[1], in.Spent[:1], script.Standard)
			return err
		},
	} {
		if err := call(); err == nil || RuleOf(err) != "" {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestConnectTx(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*house, *wire.Tx)
		rule Rule
		in   int
	}{
		{"valid", func(*house, *wire.Tx) {}, "", -1},
		{"lock height of the next block", func(_ *house, t *wire.Tx) { t.LockTime, t.Ins[0].Sequence = 111, sequenceDisabled }, TxNotFinal, -1},
		{"lock height of the tip", func(_ *house, t *wire.Tx) { t.LockTime, t.Ins[0].Sequence = 110, sequenceDisabled }, "", -1},
		{"lock time is the median", func(h *house, t *wire.Tx) {
			t.LockTime, t.Ins[0].Sequence = h.state.MedianTimePast(), sequenceDisabled
		}, TxNotFinal, -1},
		{"coin missing", func(_ *house, t *wire.Tx) { t.Ins[1].Prev = op(9, 0) }, InputsMissing, 1},
		{"relative lock", func(_ *house, t *wire.Tx) { t.Ins[1].Sequence = 110 }, TxNotBIP68Final, 1},
		{"relative lock passed", func(_ *house, t *wire.Tx) { t.Ins[1].Sequence = 109 }, "", -1},
		{"young coinbase", func(h *house, t *wire.Tx) { t.Ins[1].Prev = h.mints[11] }, Premature, 1},
		{"pays too much", func(_ *house, t *wire.Tx) { t.Outs[0].Value = 100*Coins + 1 }, InBelowOut, -1},
		{"coin out of range", func(h *house, _ *wire.Tx) { h.value(1, MaxMoney+1) }, InValueRange, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, mustChain(t, "regtest")).grow(110)
			tx := spend(100*Coins-7, h.mints[0], h.mints[1])
			c.edit(h, tx)
			tx.Seal()
			fee, checks, err := ConnectTx(&h.state, tx, h.coins.spent(tx), script.Standard)
			if c.rule != "" {
				wantRule(t, err, c.rule, -1, c.in)
				return
			}
			if err != nil || fee != 7 || len(checks) != 2 || checks[1].In != 1 || checks[0].Flags != script.Standard {
				t.Errorf("fee %d, %d checks, error %v", fee, len(checks), err)
			}
		})
	}
}

// TestSigopCost follows the fixtures of Core's sigopcount_tests.
func TestSigopCost(t *testing.T) {
	multisig := bytes.Join([][]byte{{0x51}, pushOf(make([]byte, 33)), pushOf(make([]byte, 33)), {0x52, 0xae}}, nil) // 1 of 2, accurately 2
	hash20, hash32 := make([]byte, 20), sha256.Sum256(multisig)
	p2sh := append(append([]byte{0xa9, 20}, hash20...), 0x87)
	p2wpkh := append([]byte{0, 20}, hash20...)
	p2wsh := append([]byte{0, 32}, hash32[:]...)
	p2tr := append([]byte{0x51, 32}, hash32[:]...)
	const with, bip16, none = script.P2SH | script.Witness, script.P2SH, script.None
	for _, c := range []struct {
		name    string
		pays    []byte
		sig     []byte
		witness [][]byte
		flags   script.Flags
		want    int
	}{
		{"bare multisig is counted where it is created", multisig, nil, nil, with, 0},
		{"signature script", anyone, checksigs(3), nil, with, 12},
		{"multisig in a signature script counts 20", anyone, multisig, nil, none, 80},
		{"P2SH", p2sh, pushOf(multisig), nil, with, 8},
		{"P2SH not in force", p2sh, pushOf(multisig), nil, none, 0},
		{"P2SH counts the last push", p2sh, append(pushOf(checksigs(9)), pushOf(multisig)...), nil, with, 8},
		{"P2SH with more than pushes", p2sh, append([]byte{0x61}, pushOf(multisig)...), nil, with, 0},
		{"P2SH with a broken push", p2sh, append(pushOf(multisig), 0x4c), nil, with, 0},
		{"P2SH with a small number last", p2sh, append(pushOf(multisig), 0x51), nil, with, 0},
		{"P2SH by PUSHDATA2", p2sh, append([]byte{0x4d, byte(len(multisig)), 0}, multisig...), nil, bip16, 8},
		{"P2SH by PUSHDATA4", p2sh, append([]byte{0x4e, byte(len(multisig)), 0, 0, 0}, multisig...), nil, bip16, 8},
		{"P2WPKH", p2wpkh, nil, [][]byte{{}, {}}, with, 1},
		{"P2WPKH without witness", p2wpkh, nil, nil, with, 1},
		{"P2WPKH not in force", p2wpkh, nil, [][]byte{{}, {}}, bip16, 0},
		{"P2SH of P2WPKH", p2sh, pushOf(p2wpkh), [][]byte{{}, {}}, with, 1},
		{"P2SH of P2WPKH with more than pushes", p2sh, append([]byte{0x61}, pushOf(p2wpkh)...), [][]byte{{}, {}}, with, 0},
		{"P2WSH", p2wsh, nil, [][]byte{{}, {}, multisig}, with, 2},
		{"P2WSH without witness", p2wsh, nil, nil, with, 0},
		{"P2SH of P2WSH", p2sh, pushOf(p2wsh), [][]byte{{}, {}, multisig}, with, 2},
		{"P2TR", p2tr, nil, [][]byte{{}, multisig}, with, 0},
		{"P2SH of P2TR", p2sh, pushOf(p2tr), [][]byte{{}, multisig}, with, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := spend(1, op(1, 0))
			tx.Ins[0].Script, tx.Ins[0].Witness = c.sig, c.witness
			spent := []Coin{{Out: wire.Out{Script: c.pays}}}
			if got := SigopCost(tx, spent, c.flags); got != c.want {
				t.Errorf("cost %d, want %d", got, c.want)
			}
			// Outputs count as before any upgrade.
			tx.Outs[0].Script = multisig
			if got := SigopCost(tx, spent, c.flags); got != c.want+80 {
				t.Errorf("cost with a multisig output %d, want %d", got, c.want+80)
			}
		})
	}
	coinbase := spend(1, wire.Outpoint{Index: wire.CoinbaseIndex})
	coinbase.Outs[0].Script = checksigs(2)
	if got := SigopCost(coinbase, nil, with); got != 8 {
		t.Errorf("coinbase costs %d", got)
	}
}

package spending

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// p2wpkh is an output script like a wallet's.
func p2wpkh(n byte) []byte { return append([]byte{0, 20, n}, make([]byte, 19)...) }

// coin is a confirmed P2WPKH coin: 41 bytes, a signature of 71 and a key.
func coin(n byte, value int64) Coin {
	return Coin{
		Outpoint: wire.Outpoint{TxID: wire.Hash{n}}, Out: wire.Out{Value: value, Script: p2wpkh(n)},
		Depth: 10, Weight: 4*41 + 1 + 72 + 34, Witness: true, Form: "bech32",
	}
}

func order(rng *rand.Rand, pay int64, coins ...Coin) Order {
	return Order{
		To: []Recipient{{Out: wire.Out{Value: pay, Script: p2wpkh(200)}}}, Coins: coins, Others: true, Version: 2,
		Change: p2wpkh(201), ChangeSpendSize: 68, Feerate: 10_000, LongTerm: LongTermFeerate, Discard: 3000, Dust: DustFeerate,
		Replaceable: true, Tip: new(uint32(1000)), MaxFee: MaxFee, LongestLine: LongestLine(64), Rand: rng,
	}
}

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 0)) }

// check holds what must be true of every transaction.
func check(t *testing.T, o *Order, d *Draft) {
	t.Helper()
	var in int64
	for _, c := range d.Coins {
		in += c.Value
	}
	if fee := in - paid(d.Tx); fee != d.Fee {
		t.Errorf("fee %d, said to be %d", fee, d.Fee)
	}
	if need := o.Feerate.Fee((d.Weight + 3) / 4); d.Fee < need {
		t.Errorf("fee %d, %d needed", d.Fee, need)
	}
	seen := make(map[wire.Outpoint]bool)
	for _, in := range d.Tx.Ins {
		if seen[in.Prev] {
			t.Errorf("%v is spent twice", in.Prev)
		}
		seen[in.Prev] = true
	}
	if d.ChangeAt >= 0 && IsDust(&d.Tx.Outs[d.ChangeAt], o.Dust) {
		t.Error("change is dust")
	}
}

func TestPaymentsOfAllSizes(t *testing.T) {
	for n := range uint64(300) {
		rng := seeded(n)
		var coins []Coin
		for i := range 1 + rng.IntN(40) {
			c := coin(byte(i), 1+rng.Int64N(2_000_000))
			c.Form = []string{"bech32", "legacy"}[rng.IntN(2)]
			coins = append(coins, c)
		}
		o := order(rng, 1000+rng.Int64N(3_000_000), coins...)
		o.Feerate = Feerate(1000 + rng.Int64N(80_000))
		o.To[0].Subtract = rng.IntN(3) == 0
		d, err := Create(o)
		if err == nil {
			check(t, &o, d)
		}
	}
}

func TestWithoutChange(t *testing.T) {
	fixed := 11 + 31 + 68
	o := order(seeded(1), 100_000, coin(1, 100_000+int64(fixed)*10+5), coin(2, 5_000_000))
	d, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	check(t, &o, d)
	if d.ChangeAt >= 0 || len(d.Tx.Ins) != 1 || d.Tx.Ins[0].Prev.TxID != (wire.Hash{1}) {
		t.Errorf("%d inputs, change at %d", len(d.Tx.Ins), d.ChangeAt)
	}
}

func TestSubtractedFee(t *testing.T) {
	o := order(seeded(1), 1_000_000, coin(1, 1_000_000))
	o.To[0].Subtract = true
	d, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	if d.ChangeAt >= 0 || d.Tx.Outs[0].Value != 1_000_000-d.Fee || d.Fee != o.Feerate.Fee((d.Weight+3)/4) {
		t.Errorf("%d paid, fee %d", d.Tx.Outs[0].Value, d.Fee)
	}
}

func TestPresetsKeepTheirOrder(t *testing.T) {
	o := order(seeded(1), 3_000_000, coin(9, 5_000_000))
	for i := range byte(3) {
		o.Preset = append(o.Preset, Preset{Coin: coin(i+1, 500_000), Sequence: new(uint32(i))})
	}
	d, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	check(t, &o, d)
	for i := range 3 {
		if in := d.Tx.Ins[i]; in.Prev.TxID[0] != byte(i+1) || in.Sequence != uint32(i) {
			t.Errorf("input %d: %v, sequence %d", i, in.Prev, in.Sequence)
		}
	}
	if d.Tx.LockTime != 0 {
		t.Errorf("lock time %d beside given sequences", d.Tx.LockTime)
	}
}

func TestCoinsOfOneScriptGoTogether(t *testing.T) {
	a, b := coin(1, 600_000), coin(2, 600_000)
	b.Out.Script = a.Out.Script
	o := order(seeded(1), 300_000, a, b, coin(3, 10_000))
	o.Together = true
	d, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Tx.Ins) < 2 {
		t.Errorf("%d inputs", len(d.Tx.Ins))
	}
}

func TestWaitingCoins(t *testing.T) {
	waiting := coin(1, 1_000_000)
	waiting.Depth, waiting.Ancestors, waiting.Cluster = 0, 1, 1
	if _, err := Create(order(seeded(1), 100_000, waiting)); !errors.Is(err, ErrFunds) {
		t.Errorf("others' waiting coin: %v", err)
	}
	waiting.FromMe = true
	if _, err := Create(order(seeded(1), 100_000, waiting)); err != nil {
		t.Errorf("own waiting coin: %v", err)
	}
	waiting.Ancestors = 25
	if _, err := Create(order(seeded(1), 100_000, waiting)); !errors.Is(err, errLongChain) {
		t.Errorf("at the end of a long line: %v", err)
	}
	waiting.Ancestors, waiting.Cluster = 1, 25
	if _, err := Create(order(seeded(1), 100_000, waiting)); !errors.Is(err, errLongChain) {
		t.Errorf("at the start of a long line: %v", err)
	}
	waiting.Cluster = 6
	o := order(seeded(1), 100_000, waiting)
	o.LongestLine = LongestLine(6)
	if _, err := Create(o); !errors.Is(err, errLongChain) {
		t.Errorf("in a cluster that the mempool lets no longer grow: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*Order)
	}{
		{"nobody", "Transaction must have at least one recipient", func(o *Order) { o.To = nil }},
		{"negative", "Transaction amounts must not be negative", func(o *Order) { o.To[0].Out.Value = -1 }},
		{"dust", "Transaction amount too small", func(o *Order) { o.To[0].Out.Value = 293 }},
		{"funds", "Insufficient funds", func(o *Order) { o.To[0].Out.Value = 2_000_000 }},
		{"fee", "The total exceeds your balance when the 0.0000042 transaction fee is included.", func(o *Order) { o.To[0].Out.Value = 1_000_000 }},
		{"subtracted", "The transaction amount is too small to pay the fee", func(o *Order) { o.To[0].Out.Value, o.To[0].Subtract = 294, true }},
		{"subtracted to dust", "The transaction amount is too small to send after the fee has been deducted", func(o *Order) { o.To[0].Out.Value, o.To[0].Subtract = 1500, true }},
		{"maximum", "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", func(o *Order) { o.MaxFee = 100 }},
		{"place", "Transaction change output index out of range", func(o *Order) { o.ChangeAt = new(3) }},
		{"weight", "Maximum transaction weight must be between 260 and 400000", func(o *Order) { o.MaxWeight = 100 }},
		{"little weight", "Maximum transaction weight is too low, can not accommodate change output", func(o *Order) { o.MaxWeight = 280 }},
		{"preset", "The preselected coins total amount does not cover the transaction target. Please allow", func(o *Order) { o.Others = false }},
		{"cluster", "too many unconfirmed transactions in cluster", func(o *Order) { o.Connects = func(*wire.Tx, int64) bool { return false } }},
		{"unsolvable", "Missing solving data for estimating transaction size", func(o *Order) { o.Coins[0].Weight = -1 }},
	} {
		o := order(seeded(1), 100_000, coin(1, 1_000_000))
		c.change(&o)
		if _, err := Create(o); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestBranchAndBoundFindsTheBest compares with all subsets.
func TestBranchAndBoundFindsTheBest(t *testing.T) {
	for n := range uint64(200) {
		rng := seeded(n)
		p := &params{feerate: 12_000, longTerm: 10_000}
		var pool []*group
		for i := range 10 {
			c := coin(byte(i), 10_000+rng.Int64N(100_000))
			c.price(p)
			g := newGroup(false)
			g.add(&c)
			pool = append(pool, g)
		}
		target, room := int64(120_000), int64(3000)
		least := int64(maxMoney)
		for set := range 1 << len(pool) {
			var sum, waste int64
			for i, g := range pool {
				if set>>i&1 == 1 {
					sum, waste = sum+g.amount(), waste+g.waste()
				}
			}
			if sum >= target && sum <= target+room {
				least = min(least, waste+sum-target)
			}
		}
		best, _ := branchAndBound(slices.Clone(pool), target, room, MaxWeight)
		got := int64(maxMoney)
		if best != nil {
			got = -target
			for _, g := range best {
				got += g.amount() + g.waste()
			}
		}
		if got != least {
			t.Fatalf("seed %d: waste %d, best %d", n, got, least)
		}
	}
}

// TestAncestorsArePaidFor spends two coins of one waiting transaction that pays too
// little: it is bumped once.
func TestAncestorsArePaidFor(t *testing.T) {
	a, b := coin(1, 300_000), coin(2, 300_000)
	for _, c := range []*Coin{&a, &b} {
		c.Depth, c.FromMe, c.Ancestors, c.Cluster, c.Bump = 0, true, 1, 1, 5000
	}
	o := order(seeded(1), 450_000, a, b)
	o.Bump = func([]wire.Outpoint) int64 { return 5000 }
	d, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	if want := o.Feerate.Fee((d.Weight+3)/4) + 5000; d.Fee != want {
		t.Errorf("fee %d, want %d", d.Fee, want)
	}
}

package payments

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
)

func regtest(t testing.TB) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// small has every kind of script, several blocks of payments, and old coins.
func small(t testing.TB) Config {
	return Config{
		Params: regtest(t), Seed: 7, Inputs: 600, Weight: 150_000, Coins: 1000,
		Mix: Mix{P2PKH: 20, P2SH: 5, P2SHP2WPKH: 15, P2WPKH: 30, P2WSH: 10, P2TR: 20},
	}
}

func write(t testing.TB, c Config) ([]byte, Summary) {
	t.Helper()
	made, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	s, err := made.Write(t.Context(), &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), s
}

// The golden hashes are of files that Bitcoin Core 31.99 imported to the tip and the
// coins that are given beside them.
func TestSameBytes(t *testing.T) {
	mixed := Config{Params: regtest(t), Seed: 1, Inputs: 300, Weight: 100_000, Mix: Mixed}
	for _, c := range []struct {
		name                 string
		config               Config
		sum, tip, serialized string
	}{
		{"every kind and old coins", small(t),
			"14a56e4c3893a7382f5e932285816ff0a965e22a5c9388e41c351718582df03f",
			"09bd125697dcdbea7c485af00b95d0ff084954240b328401afe2310a47c82168",
			"2c10e89bf4bc73dcc0423e918c18b9b753a1a64cc7c194b5dafc29b4c826c4aa"},
		{"mixed", mixed,
			"4583a0c1613ff3bb4473d32b9c2dfee3b789ccd8ff5114fa57e6049933a49d22",
			"49e2f2409b3926a0cdf417de021c862a259adb0f4664c23c811579188d7b1189",
			"ea3e12756950cc94fc7ec27084227eeca395c693a71a98da0039f2bd5db62a64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, s := write(t, c.config)
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(5))
			if other, _ := write(t, c.config); !bytes.Equal(one, other) {
				t.Error("made again by another number of cores, the file is another")
			}
			sum := sha256.Sum256(one)
			if got := hex.EncodeToString(sum[:]); got != c.sum || s.Tip.String() != c.tip {
				t.Errorf("file %s with tip %v, want %s with %s", got, s.Tip, c.sum, c.tip)
			}
			coins := accept(t, c.config, s)
			if coins.Hash.String() != c.serialized || coins.Coins != uint64(s.Coins) {
				t.Errorf("%d coins, hash %v; want %d, %s", coins.Coins, coins.Hash, s.Coins, c.serialized)
			}
		})
	}
}

// accept has a chain judge the blocks, and Payments behind them.
func accept(t *testing.T, c Config, want Summary) coinset.Stats {
	t.Helper()
	store, err := datastore.Open(datastore.Config{Params: c.Params, Backend: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	ch, err := chain.Open(t.Context(), chain.Config{Params: c.Params, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(ch.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	}()
	made, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.Payments(1); !errors.Is(err, errNoChain) {
		t.Errorf("payments before there is a chain: %v", err)
	}
	for b, err := range made.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := ch.AddBlock(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if tip := ch.Tip(); tip.ID != want.Tip {
		t.Fatalf("tip %v, want %v", tip.ID, want.Tip)
	}
	checkPayments(t, made, ch)
	stats, err := coinset.Sum(t.Context(), func(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
		_, err := ch.EachCoin(ctx, f)
		return err
	}, coinset.Serialized)
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// checkPayments has every rule judge payments that are in no block, by the flags
// of policy.
func checkPayments(t *testing.T, made *Chain, ch *chain.Chain) {
	t.Helper()
	txs, err := made.Payments(50)
	if err != nil {
		t.Fatal(err)
	}
	ins := 0
	for _, tx := range txs {
		ops := make([]wire.Outpoint, len(tx.Ins))
		for i := range tx.Ins {
			ops[i] = tx.Ins[i].Prev
		}
		ins += len(ops)
		s, coins, err := ch.Coins(ops)
		if err != nil {
			t.Fatal(err)
		}
		_, checks, err := consensus.ConnectTx(&s, tx, coins, script.Standard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ch.RunChecks(t.Context(), checks); err != nil {
			t.Fatal(err)
		}
	}
	if ins != 50 {
		t.Errorf("payments of %d inputs, want 50", ins)
	}
}

func TestPlanCounts(t *testing.T) {
	c := small(t)
	made, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	blocks, bytes := made.Plan()
	file, s := write(t, c)
	if blocks != s.Blocks || bytes < s.Bytes || bytes > s.Bytes*6/5 {
		t.Errorf("planned %d blocks of %d bytes, made %d of %d", blocks, bytes, s.Blocks, s.Bytes)
	}
	if len(file) != int(s.Bytes)+8*s.Blocks {
		t.Errorf("a file of %d bytes with %d blocks of %d", len(file), s.Blocks, s.Bytes)
	}
	if s.Inputs < c.Inputs || s.Inputs > c.Inputs+30 {
		t.Errorf("%d inputs, want %d and those that break mints up", s.Inputs, c.Inputs)
	}
	if s.Coins < c.Coins {
		t.Errorf("%d coins left, want %d at least", s.Coins, c.Coins)
	}
}

// Every key of a span is the one that its secret has.
func TestKeys(t *testing.T) {
	r := newRing(3)
	keys := r.all(5, span+3)
	for _, i := range []int{0, 1, span - 1, span, span + 2} {
		if want := r.secret(uint64(5 + i)).PubKey().SerializeCompressed(); !bytes.Equal(keys[i][:], want) {
			t.Errorf("key %d is %x, want %x", i, keys[i], want)
		}
	}
}

func TestMixes(t *testing.T) {
	for s, want := range map[string]Mix{
		"mixed": Mixed, "p2tr": {P2TR: 1}, "p2wpkh=40, p2sh-p2wpkh=5": {P2WPKH: 40, P2SHP2WPKH: 5},
	} {
		m, err := ParseMix(s)
		if err != nil || m != want {
			t.Errorf("%q: %v, %v", s, m, err)
		}
		if again, err := ParseMix(m.String()); err != nil || again != m {
			t.Errorf("%q written as %q: %v, %v", s, m, again, err)
		}
	}
	for s, want := range map[string]string{
		"":                "no script is called \"\"",
		"p2pk":            "there are p2pkh, p2sh,",
		"p2tr=x":          "no number of parts",
		"p2tr=-1":         "no number of parts",
		"p2tr=0":          "no part at all",
		"p2tr=1,p2tr=2":   "given twice",
		"p2wpkh=10,,p2tr": "no script is called",
	} {
		if _, err := ParseMix(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", s, err, want)
		}
	}
}

func TestBadWishes(t *testing.T) {
	good := small(t)
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Params, _ = consensus.Chain("main") }, "regtest's blocks only"},
		{func(c *Config) { c.Inputs = -1 }, "-1 inputs"},
		{func(c *Config) { c.Coins = -1 }, "coins cannot be made"},
		{func(c *Config) { c.Coins = 90_000_000 }, "too many for a chain"},
		{func(c *Config) { c.Weight = 1000 }, "1000 weight units"},
		{func(c *Config) { c.Weight = 4_000_001 }, "4000001 weight units"},
		{func(c *Config) { c.Mix = Mix{} }, "the mix has no kind"},
	} {
		bad := good
		c.change(&bad)
		if _, err := New(bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestInterrupted(t *testing.T) {
	made, err := New(small(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err = made.Write(ctx, new(bytes.Buffer), func(s Summary) {
		if s.Blocks == 3 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

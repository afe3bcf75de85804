package wallet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/leaktest"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const password = "correct horse"

// ground is a real regtest chain with a mempool and a miner.
type ground struct {
	*testing.T
	params *consensus.Params
	chain  *chain.Chain
	pool   *mempool.Pool
	miner  *mining.Assembler
	dir    string
}

func newGround(t *testing.T) *ground {
	t.Helper()
	return newPruning(t, 0)
}

// newPruning is newGround with a chain.Config.Prune.
func newPruning(t *testing.T, prune int64) *ground {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	store, err := datastore.Open(datastore.Config{Params: p, Backend: "memory", BlockFile: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{T: t, params: p, dir: t.TempDir()}
	if g.chain, err = chain.Open(t.Context(), chain.Config{Params: p, Store: store, Prune: prune}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(g.chain.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	if g.pool, err = mempool.New(mempool.Config{Chain: g.chain}); err != nil {
		t.Fatal(err)
	}
	g.run(g.pool.Run)
	if g.miner, err = mining.New(mining.Config{Chain: g.chain, Pool: g.pool}); err != nil {
		t.Fatal(err)
	}
	return g
}

// run keeps f running until the returned function or the test's end stops it.
func (g *ground) run(f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			g.Error(err)
		}
	}
	g.Cleanup(stop)
	return stop
}

// open returns a running set whose wallets are in a folder of this name.
func (g *ground) open(name string) (s *Set, stop func()) {
	g.Helper()
	s, err := Open(g.config(name))
	if err != nil {
		g.Fatal(err)
	}
	return s, g.run(s.Run)
}

func (g *ground) config(name string) Config {
	return Config{
		Chain: g.chain, Pool: g.pool, Params: g.params, Dir: filepath.Join(g.dir, name),
		KDF:     &KDF{Time: 1, Memory: 64, Threads: 1}, // tests have no secrets
		Keypool: 40,
	}
}

// create makes the default wallet of a new set.
func (g *ground) create(name string) (w *Wallet, words string) {
	g.Helper()
	s, _ := g.open(name)
	words, err := s.MakeWords(password)
	if err != nil {
		g.Fatal(err)
	}
	return g.only(s), words
}

func (g *ground) only(s *Set) *Wallet {
	g.Helper()
	w, err := s.Only()
	if err != nil {
		g.Fatal(err)
	}
	return w
}

// mine makes n blocks that pay w, or nobody when w is nil.
func (g *ground) mine(n int, w *Wallet) {
	g.Helper()
	script := []byte{0x51}
	if w != nil {
		var err error
		if script, err = w.NewScript(); err != nil {
			g.Fatal(err)
		}
	}
	if _, err := g.miner.Generate(g.Context(), n, script, 0); err != nil {
		g.Fatal(err)
	}
}

// settle waits until w has read the tip and the mempool knows it.
func (g *ground) settle(w *Wallet) {
	g.Helper()
	if err := g.pool.Sync(g.Context()); err != nil {
		g.Fatal(err)
	}
	// Reading is idempotent: doing it here as well is how to await it.
	if err := w.follow(g.Context()); err != nil {
		g.Fatal(err)
	}
}

func (g *ground) balance(w *Wallet, want Holdings) {
	g.Helper()
	g.settle(w)
	if got := w.Holdings(); got != want {
		g.Fatalf("balance %+v; want %+v", got, want)
	}
}

func (g *ground) address(w *Wallet, t AddressType) string {
	g.Helper()
	a, err := w.NewAddress(t, "")
	if err != nil {
		g.Fatal(err)
	}
	return a
}

func (g *ground) send(w *Wallet, to string, value int64) Sent {
	g.Helper()
	s, err := w.Send(g.Context(), Order{To: []Payment{{to, value}}, Password: password})
	if err != nil {
		g.Fatal(err)
	}
	if e, ok := g.pool.Get(s.Tx.ID()); !ok || !e.Unbroadcast {
		g.Fatalf("waits: %v; somebody else is known to have it: %v", ok, !e.Unbroadcast)
	}
	return s
}

const coinSats = consensus.Coins

func TestMineSendConfirm(t *testing.T) {
	g := newGround(t)
	alice, _ := g.create("alice")
	bob, _ := g.create("bob")
	g.mine(1, alice)
	g.balance(alice, Holdings{Immature: 50 * coinSats})
	g.mine(99, nil)
	g.balance(alice, Holdings{Immature: 50 * coinSats})
	g.mine(1, nil)
	g.balance(alice, Holdings{Confirmed: 50 * coinSats})

	for t := range AddressType(addressTypes) {
		before, held := alice.Holdings(), bob.Holdings()
		sent := g.send(alice, g.address(bob, t), coinSats)
		if rate := 1000 * sent.Fee / int64(sent.Tx.VSize()); rate < leastFeerate || rate > leastFeerate*11/10 {
			g.Errorf("the fee is %d for %d vB, want about %d per 1000", sent.Fee, sent.Tx.VSize(), leastFeerate)
		}
		g.balance(alice, Holdings{Pending: before.Confirmed - coinSats - sent.Fee})
		g.balance(bob, Holdings{Confirmed: held.Confirmed, Pending: coinSats})
		g.mine(1, nil)
		g.balance(alice, Holdings{Confirmed: before.Confirmed - coinSats - sent.Fee})
		g.balance(bob, Holdings{Confirmed: held.Confirmed + coinSats})
		records := bob.History(1)
		if len(records) != 1 || records[0].TxID != sent.Tx.ID() || records[0].Value != coinSats || records[0].Height != g.chain.Tip().Height {
			g.Errorf("bob's history %+v", records)
		}
		records = alice.History(0)
		if records[0].Value != -coinSats-sent.Fee || records[0].Fee != sent.Fee || len(records[0].Addresses) != 1 {
			g.Errorf("alice's history %+v", records)
		}
	}
	// All kinds of coins are spent together, down to nothing.
	all, err := bob.Send(t.Context(), Order{To: []Payment{{g.address(alice, Bech32m), addressTypes * coinSats}}, SubtractFee: true, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Tx.Ins) != addressTypes || len(all.Tx.Outs) != 1 {
		t.Errorf("%d inputs and %d outputs, want %d and 1", len(all.Tx.Ins), len(all.Tx.Outs), addressTypes)
	}
	g.balance(bob, Holdings{})
}

func TestOwnChangeIsSpentUnconfirmed(t *testing.T) {
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	first := g.send(w, g.address(w, Bech32), coinSats)
	second := g.send(w, g.address(w, Bech32), coinSats)
	if second.Tx.Ins[0].Prev.TxID != first.Tx.ID() {
		t.Error("the second payment does not spend the first one's change")
	}
	g.mine(1, nil)
	g.balance(w, Holdings{Confirmed: 50*coinSats - first.Fee - second.Fee})
}

// Where change is to be settled first, it is not spent before it is in a block.
func TestChangeMayHaveToBeSettled(t *testing.T) {
	g := newGround(t)
	c := g.config("w")
	c.Habits = &Habits{Address: Bech32, MaxFee: coinSats, Settled: true}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	g.run(s.Run)
	if _, err := s.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	w := g.only(s)
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	sent := g.send(w, g.address(w, Bech32m), coinSats)
	g.balance(w, Holdings{Pending: 50*coinSats - sent.Fee})
	if _, err := w.Send(t.Context(), Order{To: []Payment{{g.address(w, Bech32m), coinSats}}, Password: password}); !errors.Is(err, ErrFunds) {
		t.Errorf("unsettled change is spent: %v", err)
	}
	g.mine(1, nil)
	g.settle(w)
	g.send(w, g.address(w, Bech32m), coinSats)
}

func TestRestoreFindsItsCoins(t *testing.T) {
	g := newGround(t)
	w, words := g.create("old")
	g.mine(101, nil) // nothing of the wallet's
	for range 30 {
		g.mine(1, w)
	}
	g.mine(100, nil)
	g.settle(w)
	for i := range 3 {
		g.send(w, g.address(w, []AddressType{Bech32, Bech32m}[i%2]), coinSats)
		g.mine(1, nil)
	}
	g.settle(w)
	want := w.Holdings()
	set, _ := g.open("new")
	if err := set.RestoreWords("  "+strings.ToUpper(words)+"\n", "another password"); err != nil {
		t.Fatal(err)
	}
	restored := g.only(set)
	g.balance(restored, want)
	a, b := w.History(0), restored.History(0)
	if len(a) != len(b) {
		t.Fatalf("%d records of %d restored", len(b), len(a))
	}
	for i := range a {
		if a[i].TxID != b[i].TxID || a[i].Value != b[i].Value || a[i].Fee != b[i].Fee {
			t.Errorf("record %d is %+v, restored %+v", i, a[i], b[i])
		}
	}
	if g.address(restored, Bech32) != g.address(w, Bech32) {
		t.Error("the restored wallet hands out another address next")
	}
}

func TestReopenGoesOn(t *testing.T) {
	g := newGround(t)
	set, stop := g.open("w")
	if _, err := set.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	w := g.only(set)
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	sent := g.send(w, g.address(w, Bech32), coinSats)
	next := g.address(w, Bech32)
	stop()
	g.mine(1, nil)
	set, _ = g.open("w")
	again := g.only(set)
	g.balance(again, Holdings{Confirmed: 50*coinSats - sent.Fee})
	if g.address(again, Bech32) == next {
		t.Error("an address was handed out twice")
	}
}

func TestReorgGivesPaymentsBack(t *testing.T) {
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	fork := g.chain.Tip().ID
	sent := g.send(w, g.address(w, Bech32m), coinSats)
	g.mine(2, nil)
	g.balance(w, Holdings{Confirmed: 50*coinSats - sent.Fee})
	next, ok := g.chain.ActiveAt(102)
	if !ok || next.Parent != fork {
		t.Fatal("no block behind the fork")
	}
	if err := g.chain.Invalidate(t.Context(), next.ID); err != nil {
		t.Fatal(err)
	}
	g.balance(w, Holdings{Pending: 50*coinSats - sent.Fee})
	if _, ok := g.pool.Get(sent.Tx.ID()); !ok {
		t.Error("the payment is not back in the mempool")
	}
	// It pays somebody else: the very block that was set aside would be refused.
	if _, err := g.miner.Generate(t.Context(), 1, []byte{0x52}, 0); err != nil {
		t.Fatal(err)
	}
	g.balance(w, Holdings{Confirmed: 50*coinSats - sent.Fee})
}

func TestDoubleSpentPaymentIsAbandoned(t *testing.T) {
	g := newGround(t)
	w, words := g.create("w")
	set, err := Open(g.config("twin")) // not running: it does not hear of the payment
	if err != nil {
		t.Fatal(err)
	}
	if err := set.RestoreWords(words, password); err != nil {
		t.Fatal(err)
	}
	twin := g.only(set)
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	g.settle(twin)
	sent := g.send(w, g.address(w, Bech32), coinSats)
	// A block with another transaction that spends the same coin.
	d, err := twin.draft(twin.spendable(), []wire.Out{{Value: coinSats, Script: []byte{0x51}}}, 5000, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := twin.signWith(t.Context(), d, password); err != nil {
		t.Fatal(err)
	}
	if d.tx.Ins[0].Prev != sent.Tx.Ins[0].Prev {
		t.Fatal("the two do not conflict")
	}
	if _, err := g.miner.GenerateBlock(t.Context(), []byte{0x51}, []*wire.Tx{d.tx}, true); err != nil {
		t.Fatal(err)
	}
	g.balance(w, Holdings{Confirmed: 49*coinSats - d.fee})
	records := w.History(0)
	for _, r := range records {
		if r.TxID == sent.Tx.ID() && !r.Abandoned {
			t.Errorf("the double-spent payment is not marked: %+v", r)
		}
	}
}

func TestRefusals(t *testing.T) {
	g := newGround(t)
	set, _ := g.open("w")
	if _, err := set.Primary(); !errors.Is(err, ErrNone) {
		t.Errorf("no wallet: %v", err)
	}
	if _, err := set.MakeWords(""); err == nil || len(set.Loaded()) > 0 {
		t.Errorf("empty password: %v", err)
	}
	words, err := set.MakeWords(password)
	if err != nil {
		t.Fatal(err)
	}
	w := g.only(set)
	if _, err := set.MakeWords(password); !errors.Is(err, ErrExists) {
		t.Errorf("second create: %v", err)
	}
	if err := set.RestoreWords(words, password); !errors.Is(err, ErrExists) {
		t.Errorf("restore over keys: %v", err)
	}
	to := g.address(w, Bech32)
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	for _, c := range []struct {
		name, want string
		order      Order
	}{
		{"wrong password", ErrPassword.Error(), Order{To: []Payment{{to, coinSats}}, Password: "wrong"}},
		{"too much", ErrFunds.Error(), Order{To: []Payment{{to, 51 * coinSats}}, Password: password}},
		{"all but no fee", ErrFunds.Error(), Order{To: []Payment{{to, 50 * coinSats}}, Password: password}},
		{"dust", "cannot be paid", Order{To: []Payment{{to, 1}}, Password: password}},
		{"negative", "cannot be paid", Order{To: []Payment{{to, -5}}, Password: password}},
		{"sum over all money", "more than all money", Order{To: []Payment{{to, consensus.MaxMoney}, {to, consensus.MaxMoney}}, Password: password}},
		{"another chain's address", "tb1", Order{To: []Payment{{"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", coinSats}}, Password: password}},
		{"nobody", "nobody to pay", Order{Password: password}},
		{"mad feerate", "out of range", Order{To: []Payment{{to, coinSats}}, Feerate: 1 << 40, Password: password}},
		{"fee over payment", "too small to pay the fee", Order{To: []Payment{{to, 1000}}, Feerate: 100_000, SubtractFee: true, Password: password}},
	} {
		if _, err := w.Send(t.Context(), c.order); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	g.balance(w, Holdings{Confirmed: 50 * coinSats})
	// Refused payments must not use addresses up: a restore looks only so far
	// beyond the last one that was paid.
	if n := w.active[1][Bech32].rec.Next; n != 0 {
		t.Errorf("%d change addresses were used up by payments that were not made", n)
	}
}

func TestDamagedFiles(t *testing.T) {
	g := newGround(t)
	set, stop := g.open("w")
	if _, err := set.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	g.address(g.only(set), Bech32)
	stop()
	path := filepath.Join(g.dir, "w", fileName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	c := g.config("w")
	c.Keypool = 1
	for i := 0; i < len(good); i += 97 {
		bad := append([]byte(nil), good...)
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(c); err == nil {
			t.Errorf("a flipped bit at byte %d goes unseen", i)
			_ = s.Close()
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if c.Params, err = consensus.Chain("main"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(c); err == nil || !strings.Contains(err.Error(), "of chain regtest") {
		t.Errorf("another chain's wallet: %v", err)
	}
}

func TestSealIsBoundToItsWallet(t *testing.T) {
	g := newGround(t)
	c := g.config("w")
	s, err := seal(zeros{}, *c.KDF, password, []byte("secret"), []byte("here"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.open(password, []byte("here")); err != nil || string(got) != "secret" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := s.open(password, []byte("there")); !errors.Is(err, ErrPassword) {
		t.Errorf("opened elsewhere: %v", err)
	}
	if _, err := s.open("wrong", []byte("here")); !errors.Is(err, ErrPassword) {
		t.Errorf("opened with another password: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestRunFollowsByItself is the one test that leaves the reading to Run.
func TestRunFollowsByItself(t *testing.T) {
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(1, w)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !w.Status().Synced {
		changed := w.Changed()
		if w.Status().Synced {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatal("the wallet does not follow the chain")
		}
	}
	if b := w.Holdings(); b.Immature != 50*coinSats {
		t.Errorf("balance %+v", b)
	}
}

func FuzzFile(f *testing.F) {
	frame, err := encodeFrame([]record{recordOf(metaKey, metaRecord{ID: make([]byte, 16)}), recordOf(txKey+"00", txRecord{})})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append([]byte(journalHead), frame...))
	p, err := consensus.Chain("regtest")
	if err != nil {
		f.Fatal(err)
	}
	c := &Config{Params: p}
	c.fill()
	f.Fuzz(func(_ *testing.T, b []byte) {
		all := records{}
		if _, err := decodeJournal(b, all.apply); err == nil {
			_ = newWallet(c, "", "").load(all)
		}
	})
}

func FuzzFormer(f *testing.F) {
	f.Add([]byte(`{"format":"quern wallet","version":1}` + "\n00\n"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = decodeFormer(b) })
}

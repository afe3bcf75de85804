package peering

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

func TestSyncAndFollow(t *testing.T) {
	a, b := start(t, "a", setup{}), start(t, "b", setup{})
	a.mine(120)
	meet(t, a, b)
	waitTip(t, a, b)

	a.mine(1) // by the topic now, either way
	waitTip(t, a, b)
	b.mine(1)
	waitTip(t, b, a)

	waitSynced(t, a, b)
	st := b.Status(t.Context())
	if st.Syncing || st.Headers != 122 || st.Blocks != 122 || st.Progress != 1 || len(st.Peers) != 1 {
		t.Fatalf("status: %+v", st)
	}
	if p := st.Peers[0]; p.ID != a.net.ID() || p.Agent != "test/1 (a)" || p.Services != ServeBlocks|ServeRecent {
		t.Fatalf("peer's status: %+v", p)
	}
}

// Where the chain's clock stands (setmocktime), nodes still follow each other: what waits for
// something waits by the machine's clock.
func TestSyncWhileTheClockStands(t *testing.T) {
	at := time.Now()
	s := setup{now: func() time.Time { return at }}
	a, b := start(t, "a", s), start(t, "b", s)
	a.mine(1)
	meet(t, a, b)
	waitTip(t, a, b)
	for range 4 {
		a.mine(30)
		waitTip(t, a, b)
	}
}

// pruning is a chain that may prune, and has all or none of the bodies below first.
type pruning struct {
	*chain.Chain
	first uint32
}

func (pruning) Prunes() bool        { return true }
func (p pruning) FirstBody() uint32 { return p.first }

// Who may prune and has not yet gives what it has: all that it says.
func TestPruningPeerGivesWhatItHas(t *testing.T) {
	a := start(t, "a", setup{chain: func(c *chain.Chain) Chain { return pruning{c, 0} }})
	b := start(t, "b", setup{})
	a.mine(400)
	meet(t, b, a)
	waitTip(t, a, b)
}

// A hello of an earlier node has eight bytes of services, which say nothing of its first body.
func TestFirstBodyInHello(t *testing.T) {
	for _, c := range []struct {
		hello Hello
		want  uint32
	}{
		{Hello{Services: ServeBlocks | ServeRecent}, 0},
		{Hello{Services: ServeRecent}, math.MaxUint32},
		{Hello{Services: ServeRecent, First: 1}, 1},
		{Hello{Services: ServeRecent, First: 700}, 700},
	} {
		got, err := decodeHello(c.hello.encode())
		if err != nil || got != c.hello || got.first() != c.want {
			t.Errorf("%+v has bodies from %d on, %v; want %+v, %d", got, got.first(), err, c.hello, c.want)
		}
	}
	old := append(Hello{}.encode()[:4+2*wire.HashSize+wire.HashSize+4+32], 2, 0, 0, 0, 0, 0, 0, 0)
	old = append(old, make([]byte, 8+4)...)
	if h, err := decodeHello(old); err != nil || h.Services != ServeRecent || h.first() != math.MaxUint32 {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestTransactionsTravel(t *testing.T) {
	a, b, c := start(t, "a", setup{}), start(t, "b", setup{}), start(t, "c", setup{})
	a.mine(110)
	meet(t, a, b)
	meet(t, b, c)
	waitTip(t, a, b, c)
	waitSynced(t, a, b, c)
	op, value := a.coinbase(1)
	parent := spend(op, value-10_000)
	child := spend(parent.Outpoint(0), value-20_000)
	a.add(parent)
	a.add(child)
	waitTx(t, child, b, c)

	b.mine(1)
	waitTip(t, b, a, c)
	wait(t, func() error {
		if a.has(parent) || c.has(child) {
			return fmt.Errorf("mined transactions wait still")
		}
		return nil
	})
}

// A parent that pays nothing travels with the child that pays for both.
func TestPackageTravels(t *testing.T) {
	a, b := start(t, "a", setup{}), start(t, "b", setup{})
	a.mine(110)
	meet(t, a, b)
	waitTip(t, a, b)
	waitSynced(t, a, b)
	op, value := a.coinbase(1)
	parent := spend(op, value)
	child := spend(parent.Outpoint(0), value-20_000)
	if _, bad, err := a.pool.AddPackage([]*wire.Tx{parent, child}, 0); bad != nil || err != nil {
		t.Fatal(bad, err)
	}
	waitTx(t, child, b)
	waitTx(t, parent, b)
}

// What gossip never carried, since nobody was connected, is reconciled.
func TestMempoolIsReconciled(t *testing.T) {
	a, b := start(t, "a", setup{}), start(t, "b", setup{})
	a.mine(130)
	var txs []*wire.Tx
	for h := uint32(1); h <= 20; h++ {
		op, value := a.coinbase(h)
		txs = append(txs, spend(op, value-10_000))
		a.add(txs[len(txs)-1])
	}
	meet(t, a, b)
	for _, tx := range txs {
		waitTx(t, tx, b)
	}
}

// Both sides of a cut mine; when it heals all end on the branch with more work,
// and the payment of the other waits again, everywhere.
func TestPartitionHeals(t *testing.T) {
	a, b, c := start(t, "a", setup{}), start(t, "b", setup{}), start(t, "c", setup{})
	meet(t, a, b)
	meet(t, a, c)
	a.mine(105)
	waitTip(t, a, b, c)
	b.net.SetActive(false)
	wait(t, func() error {
		if a.knows(b) || b.knows(a) || b.knows(c) {
			return fmt.Errorf("still connected")
		}
		return nil
	})
	op, value := a.coinbase(1)
	lost := spend(op, value-10_000)
	a.add(lost)
	a.mine(3)
	waitTip(t, a, c)
	b.mine(4)
	if b.has(lost) || a.chain.Tip().Height != 108 || b.chain.Tip().Height != 109 {
		t.Fatal("the network was not cut")
	}
	b.net.SetActive(true)
	if err := a.net.Connect(t.Context(), b.net.Addrs()[0]); err != nil { // b dials too: whoever is first
		t.Log(err)
	}
	waitTip(t, b, a, c)
	waitTx(t, lost, a, b, c)
}

func TestOtherRulesAreRefused(t *testing.T) {
	log := newLines()
	height := uint32(500)
	other, err := regtest(t).With(consensus.Override{Taproot: &height})
	fatal(t, err)
	a := start(t, "a", setup{log: log})
	b := start(t, "b", setup{params: other, log: log}) // who hears the other first parts from it
	if err := a.net.Connect(t.Context(), b.net.Addrs()[0]); err != nil {
		t.Logf("connect: %v", err)
	}
	line := log.await(t, "peer refused")
	if want := "other rules on the same genesis"; !strings.Contains(line, want) {
		t.Fatalf("log says %q, not %q", line, want)
	}
	wait(t, func() error {
		if n := len(a.net.Peers()) + len(b.net.Peers()); n > 0 {
			return fmt.Errorf("%d connections", n)
		}
		return nil
	})
}

// A node that comes to a full mempool takes it over without telling everybody of it
// again; once the two are much the same, what a comparison brings travels on.
func TestJoinerDoesNotRepeatTheMempool(t *testing.T) {
	n := start(t, "n", setup{})
	n.mine(100 + maxBatch + 2)
	waitSynced(t, n)
	ts := n.crowd(1, maxBatch+2)
	told := func() int64 { return n.RelayStats().Told }
	heard := func() error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if len(n.transit) > 0 {
			return fmt.Errorf("%d events of the pool not heard yet", len(n.transit))
		}
		return nil
	}
	n.takeCompared("peer", ts[:maxBatch+1])
	wait(t, heard)
	n.takeCompared("peer", ts)
	wait(t, func() error {
		if told() == 0 {
			return fmt.Errorf("what came later is not told")
		}
		return nil
	})
	if !n.has(ts[0]) || told() != 1 {
		t.Errorf("%d transactions were told, want the last", told())
	}
}

package peering

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/leaktest"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// node is a whole node of the tests but for RPC: real chain, mempool and
// network on loopback, over a store in memory.
type node struct {
	*Peering
	t     *testing.T
	name  string
	chain *chain.Chain
	pool  *mempool.Pool
	net   *gossip.Net
	mill  *mining.Assembler
	store chain.Store
}

// rows counts the headers on disk.
func (n *node) rows() (rows int) {
	n.t.Helper()
	fatal(n.t, n.chain.Flush(n.t.Context()))
	headers, _, err := n.store.Load()
	fatal(n.t, err)
	for _, err := range headers {
		fatal(n.t, err)
		rows++
	}
	return rows
}

// setup changes a node before it starts.
type setup struct {
	params *consensus.Params
	chain  func(*chain.Chain) Chain // wraps the chain that peering sees
	log    slog.Handler
	before func(*node) // called when all is built and nothing runs
	// relayed has blocks come by relay or not at all, however slow the machine is: sync
	// leaves it the time, and only who has answered is followed by another.
	relayed bool
	now     func() time.Time // the chain's clock
}

// open is a script that anybody can spend, in a standard way: P2WSH of OP_TRUE.
func openScript() []byte {
	sum := sha256.Sum256([]byte{0x51})
	return append([]byte{0x00, 0x20}, sum[:]...)
}

func regtest(t *testing.T) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// start builds and runs a node until the test ends.
func start(t *testing.T, name string, s setup) *node {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if s.log != nil {
		log = slog.New(s.log)
	} else if os.Getenv("PEERING_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", name)
	}
	if s.params == nil {
		s.params = regtest(t)
	}
	store, err := datastore.Open(datastore.Config{Params: s.params, Backend: "memory"})
	fatal(t, err)
	c, err := chain.Open(t.Context(), chain.Config{Params: s.params, Store: store, Log: log.With("part", "chain")})
	fatal(t, err)
	pool, err := mempool.New(mempool.Config{Chain: c})
	fatal(t, err)
	mill, err := mining.New(mining.Config{Chain: c, Pool: pool})
	fatal(t, err)
	quiet := slog.New(slog.DiscardHandler)
	if os.Getenv("PEERING_LOG") == "gossip" {
		quiet = log.With("part", "gossip")
	}
	net, err := gossip.New(gossip.Config{
		Swarm: "test", Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"}, Private: true, Agent: "test/1", Log: quiet,
	})
	fatal(t, err)
	var seen Chain = c
	if s.chain != nil {
		seen = s.chain(c)
	}
	p, err := New(Config{
		Chain: seen, Pool: pool, Net: net, Params: s.params,
		Agent: "test/1 (" + name + ")", Now: s.now, Log: log, Reconcile: time.Second,
	})
	fatal(t, err)
	n := &node{Peering: p, t: t, name: name, chain: c, pool: pool, net: net, mill: mill, store: store}
	if s.relayed {
		p.relayTime, p.hedgeTime = time.Hour, time.Hour
	}
	if s.before != nil {
		s.before(n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	for _, run := range []func(context.Context) error{pool.Run, p.Run, net.Run} {
		go func() { ended <- run(ctx) }()
	}
	t.Cleanup(func() {
		cancel()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := c.Close(); err != nil && s.chain == nil {
			t.Errorf("%s: close chain: %v", name, err)
		}
		store.Close()
	})
	select {
	case <-net.Ready():
	case err := <-ended:
		t.Fatalf("%s ended at once: %v", name, err)
	}
	return n
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// meet connects a to b and waits until both know each other.
func meet(t *testing.T, a, b *node) {
	t.Helper()
	if err := a.net.Connect(t.Context(), b.net.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	wait(t, func() error {
		if !a.knows(b) || !b.knows(a) {
			return fmt.Errorf("%s and %s do not know each other", a.name, b.name)
		}
		return nil
	})
}

// gossiping has a find blocks until b hears of one from a by gossip, which
// begins some time after the two have met.
func gossiping(t *testing.T, a, b *node) {
	t.Helper()
	for heard := false; !heard; {
		a.mine(1)
		waitTip(t, a, b)
		key := toldKey(a.net.ID(), a.chain.Tip().ID)
		b.mu.Lock()
		heard = b.toldBy.count(key) > 0
		b.mu.Unlock()
	}
}

func (n *node) knows(o *node) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.peers[o.net.ID()] != nil
}

func (n *node) mine(blocks int) {
	n.t.Helper()
	if _, err := n.mill.Generate(n.t.Context(), blocks, openScript(), 0); err != nil {
		n.t.Fatalf("%s: mine: %v", n.name, err)
	}
}

// spend makes a standard transaction of an output that pays openScript.
func spend(op wire.Outpoint, value int64) *wire.Tx {
	return (&wire.Tx{
		Version: 2,
		Ins:     []wire.In{{Prev: op, Sequence: 0xfffffffd, Witness: [][]byte{{0x51}}}},
		Outs:    []wire.Out{{Value: value, Script: openScript()}},
	}).Seal()
}

// coinbase is the first output of the block at a height.
func (n *node) coinbase(height uint32) (wire.Outpoint, int64) {
	n.t.Helper()
	info, ok := n.chain.ActiveAt(height)
	if !ok {
		n.t.Fatalf("%s: no block at height %d", n.name, height)
	}
	b, err := n.chain.Block(info.ID)
	fatal(n.t, err)
	return b.Txs[0].Outpoint(0), b.Txs[0].Outs[0].Value
}

func (n *node) add(tx *wire.Tx) {
	n.t.Helper()
	if _, err := n.pool.Add(tx, ""); err != nil {
		n.t.Fatalf("%s: add %v: %v", n.name, tx.ID(), err)
	}
}

func (n *node) has(tx *wire.Tx) bool {
	_, ok := n.pool.Get(tx.ID())
	return ok
}

// patience is how long the tests wait for what must come.
const patience = 3 * time.Minute

// wait polls until f returns nil. It gives up when f's error has stayed the
// same for too long.
func wait(t *testing.T, f func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	last, since := "", time.Now()
	for ; ; <-tick.C {
		err := f()
		if err == nil {
			return
		}
		if err.Error() != last {
			last, since = err.Error(), time.Now()
		} else if time.Since(since) > patience {
			t.Fatalf("waited %v: %v", patience, err)
		}
	}
}

// waitTip waits until all nodes are at a's tip.
func waitTip(t *testing.T, a *node, others ...*node) {
	t.Helper()
	wait(t, func() error {
		for _, o := range others {
			if a.chain.Tip().ID != o.chain.Tip().ID {
				return fmt.Errorf("%s is at height %d, %s at %d", a.name, a.chain.Tip().Height, o.name, o.chain.Tip().Height)
			}
		}
		return nil
	})
}

// waitSynced waits until the nodes take transactions from peers.
func waitSynced(t *testing.T, nodes ...*node) {
	t.Helper()
	wait(t, func() error {
		for _, n := range nodes {
			if !n.Synced() {
				return fmt.Errorf("%s has not caught up", n.name)
			}
		}
		return nil
	})
}

func waitTx(t *testing.T, tx *wire.Tx, nodes ...*node) {
	t.Helper()
	wait(t, func() error {
		for _, n := range nodes {
			if !n.has(tx) {
				return fmt.Errorf("%s lacks transaction %v", n.name, tx.ID())
			}
		}
		return nil
	})
}

// lines is a log that tests read.
type lines struct {
	slog.Handler
	out chan string
}

func newLines() *lines { return &lines{out: make(chan string, 1000)} }

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	s := r.Message
	r.Attrs(func(a slog.Attr) bool { s += " " + a.String(); return true })
	select {
	case l.out <- s:
	default:
	}
	return nil
}

// came says whether a line that contains text is among those not read yet.
func (l *lines) came(text string) error {
	for {
		select {
		case s := <-l.out:
			if strings.Contains(s, text) {
				return nil
			}
		default:
			return fmt.Errorf("no log line with %q", text)
		}
	}
}

// await waits for a line that contains text.
func (l *lines) await(t *testing.T, text string) string {
	t.Helper()
	end := time.After(patience)
	for {
		select {
		case s := <-l.out:
			if strings.Contains(s, text) {
				return s
			}
		case <-end:
			t.Fatalf("no log line with %q", text)
		}
	}
}

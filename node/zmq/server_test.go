package zmq

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
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

// ground is a chain with a mempool, whose changes a server publishes.
type ground struct {
	*testing.T
	chain  *chain.Chain
	pool   *mempool.Pool
	blocks *mining.Assembler
}

var (
	anyone = []byte{0x51}
	pay    = func() []byte {
		h := sha256.Sum256(anyone)
		return append([]byte{0, 32}, h[:]...)
	}()
)

func newGround(t *testing.T) *ground {
	t.Helper()
	params, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	store, err := datastore.Open(datastore.Config{Params: params, Backend: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{T: t}
	if g.chain, err = chain.Open(t.Context(), chain.Config{Params: params, Store: store, Workers: 1}); err != nil {
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
	if g.blocks, err = mining.New(mining.Config{Chain: g.chain, Pool: g.pool}); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *ground) generate(n int) []wire.Hash {
	g.Helper()
	ids, err := g.blocks.Generate(g.Context(), n, pay, 0)
	if err != nil {
		g.Fatal(err)
	}
	if err := g.pool.Sync(g.Context()); err != nil {
		g.Fatal(err)
	}
	return ids
}

// spend pays the only output of from on, less a fee.
func spend(from *wire.Tx, fee int64) *wire.Tx {
	t := &wire.Tx{
		Version: 2,
		Ins:     []wire.In{{Prev: from.Outpoint(0), Sequence: 0xffffffff, Witness: [][]byte{anyone}}},
		Outs:    []wire.Out{{Value: from.Outs[0].Value - fee, Script: pay}},
	}
	return t.Seal()
}

func (g *ground) add(t *wire.Tx) {
	g.Helper()
	if _, err := g.pool.Add(t, ""); err != nil {
		g.Fatal(err)
	}
}

// serve runs a server and returns a subscriber to all that it publishes.
func (g *ground) serve() *reader {
	g.Helper()
	var all []Notification
	for _, topic := range Topics() {
		all = append(all, Notification{Topic: topic, Endpoint: "tcp://127.0.0.1:0"})
	}
	s, err := Listen(g.Context(), Config{
		Notifications: all, Chain: g.chain, Pool: g.pool, Catching: func() bool { return false }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		g.Fatal(err)
	}
	ctx, cancel := context.WithCancel(g.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	g.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			g.Error(err)
		}
	})
	return subscribe(g.T, s.publishers[0].Addr())
}

// reader is a subscriber, by hand.
type reader struct {
	*testing.T
	net.Conn
}

func subscribe(t *testing.T, to net.Addr) *reader {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), to.Network(), to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	r := &reader{t, c}
	if err := c.SetDeadline(time.Now().Add(3 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	hello := make([]byte, 64)
	hello[0], hello[9], hello[10] = 0xff, 0x7f, 3
	copy(hello[12:], "NULL")
	hello = append(hello, "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"...)
	hello = append(hello, "\x00\x01\x01\x04\x07\x04PING\x00\x00"...)
	if _, err := c.Write(hello); err != nil {
		t.Fatal(err)
	}
	r.read(64)
	r.frame() // READY
	r.frame() // PONG: the subscription was read
	return r
}

func (r *reader) read(n int) []byte {
	r.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r.Conn, b); err != nil {
		r.Fatal(err)
	}
	return b
}

func (r *reader) frame() (body []byte, more bool) {
	r.Helper()
	head := r.read(2)
	size := uint64(head[1])
	if head[0]&2 != 0 {
		size = binary.BigEndian.Uint64(append(head[1:], r.read(7)...))
	}
	return r.read(int(size)), head[0]&1 != 0
}

// next is a message as text: topic, the beginning of the body, counter.
func (r *reader) next() (topic, body string, count uint32) {
	r.Helper()
	var parts [][]byte
	for more := true; more; {
		var part []byte
		part, more = r.frame()
		parts = append(parts, part)
	}
	if len(parts) != 3 || len(parts[2]) != 4 {
		r.Fatalf("%d parts", len(parts))
	}
	return string(parts[0]), hex.EncodeToString(parts[1]), binary.LittleEndian.Uint32(parts[2])
}

// want reads a topic's messages until all of want came, passing over other topics.
func (r *reader) want(topic string, want ...string) {
	r.Helper()
	for len(want) > 0 {
		t, body, _ := r.next()
		if t != topic {
			continue
		}
		if body != want[0] {
			r.Fatalf("%s\n got %s\nwant %s", topic, body, want[0])
		}
		want = want[1:]
	}
}

func seq(id wire.Hash, label string) string { return id.String() + hex.EncodeToString([]byte(label)) }

func pooledSeq(id wire.Hash, label string, n uint64) string {
	return seq(id, label) + fmt.Sprintf("%016x", beToLe(n))
}

func beToLe(n uint64) uint64 {
	return binary.BigEndian.Uint64(binary.LittleEndian.AppendUint64(nil, n))
}

// coinbases are those of some blocks.
func (g *ground) coinbases(ids []wire.Hash) (out []*wire.Tx) {
	g.Helper()
	for _, id := range ids {
		b, err := g.chain.Block(id)
		if err != nil {
			g.Fatal(err)
		}
		out = append(out, b.Txs[0])
	}
	return out
}

// A block is told of transaction by transaction, then as connected, then as
// the tip; each topic counts for itself.
func TestBlock(t *testing.T) {
	g := newGround(t)
	r := g.serve()
	id := g.generate(1)[0]
	b, err := g.chain.Block(id)
	if err != nil {
		t.Fatal(err)
	}
	coinbase := b.Txs[0]
	want := []struct{ topic, body string }{
		{"hashtx", coinbase.ID().String()},
		{"rawtx", hex.EncodeToString(coinbase.Append(nil))},
		{"sequence", seq(id, "C")},
		{"hashblock", id.String()},
		{"rawblock", hex.EncodeToString(b.Bytes())},
	}
	for _, w := range want {
		if topic, body, count := r.next(); topic != w.topic || body != w.body || count != 0 {
			t.Fatalf("got %s %s %d\nwant %s %s 0", topic, body, count, w.topic, w.body)
		}
	}
	// Several that come at once are told of one after the other, each as the tip.
	g.generate(3)
	for round := range uint32(3) {
		for _, w := range want {
			if topic, _, count := r.next(); topic != w.topic || count != round+1 {
				t.Errorf("%s has number %d in round %d, want %s", topic, count, round+1, w.topic)
			}
		}
	}
}

// The mempool's changes carry its sequence; what a block takes out is told by
// the block, what it pushes out before it.
func TestPool(t *testing.T) {
	g := newGround(t)
	coins := g.coinbases(g.generate(102)[:2])
	r := g.serve()
	first, second := spend(coins[0], 1000), spend(coins[0], 5000)
	start := g.pool.Stats().Sequence
	g.add(first)
	r.want("sequence", pooledSeq(first.ID(), "A", start+1))
	g.add(second)
	r.want("sequence", pooledSeq(first.ID(), "R", start+2), pooledSeq(second.ID(), "A", start+3))
	id := g.generate(1)[0]
	r.want("sequence", seq(id, "C"))

	loser, winner := spend(coins[1], 1000), spend(coins[1], 2000)
	g.add(loser)
	r.want("sequence", pooledSeq(loser.ID(), "A", g.pool.Stats().Sequence))
	b, err := g.blocks.GenerateBlock(t.Context(), pay, []*wire.Tx{winner}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.pool.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.want("sequence", pooledSeq(loser.ID(), "R", g.pool.Stats().Sequence), seq(b.ID(), "C"))
}

// A reorganisation: the branch that goes, newest first, the one that comes, and
// what comes back into the mempool.
func TestReorganisation(t *testing.T) {
	g := newGround(t)
	coin := g.coinbases(g.generate(101)[:1])[0]
	g.add(spend(coin, 1000))
	old := g.generate(2)
	if err := g.chain.Invalidate(t.Context(), old[0]); err != nil {
		t.Fatal(err)
	}
	if err := g.pool.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := g.pool.IDs()
	if len(back) != 1 {
		t.Fatalf("%d transactions came back", len(back))
	}
	if err := g.chain.Reconsider(t.Context(), old[0]); err != nil {
		t.Fatal(err)
	}
	if err := g.pool.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := g.serve()
	if err := g.chain.Invalidate(t.Context(), old[0]); err != nil {
		t.Fatal(err)
	}
	var labels []string
	for !slices.Contains(labels, "A") {
		topic, body, _ := r.next()
		switch topic {
		case "hashblock", "rawblock":
			t.Error("a block that was the tip before is told of as the new one")
		case "sequence":
			label, err := hex.DecodeString(body[64:66])
			if err != nil {
				t.Fatal(err)
			}
			labels = append(labels, string(label))
		}
	}
	if !slices.Equal(labels, []string{"D", "D", "A"}) {
		t.Errorf("%v", labels)
	}
}

// What a reorganisation gives back is told after the blocks that went and before
// those that came, as every transaction of both is.
func TestReorganisationGivesBack(t *testing.T) {
	g := newGround(t)
	coin := g.coinbases(g.generate(102)[:1])[0]
	payment := spend(coin, 1000)
	g.add(payment)
	old := g.generate(1)[0]
	oldBase := g.coinbases([]wire.Hash{old})[0]
	if err := g.chain.Invalidate(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	var fresh []wire.Hash
	var bases []*wire.Tx
	for range 2 { // blocks without the payment
		b, err := g.blocks.GenerateBlock(t.Context(), pay, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		fresh, bases = append(fresh, b.ID()), append(bases, b.Txs[0])
	}
	if err := g.chain.Invalidate(t.Context(), fresh[0]); err != nil {
		t.Fatal(err)
	}
	if err := g.chain.Reconsider(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if err := g.pool.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := g.serve()
	start := g.pool.Stats().Sequence
	if err := g.chain.Reconsider(t.Context(), fresh[0]); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"hashtx " + oldBase.ID().String(), "hashtx " + payment.ID().String(), "sequence " + seq(old, "D"),
		"hashtx " + payment.ID().String(), "sequence " + pooledSeq(payment.ID(), "A", start+1),
		"hashtx " + bases[0].ID().String(), "sequence " + seq(fresh[0], "C"),
		"hashtx " + bases[1].ID().String(), "sequence " + seq(fresh[1], "C"), "hashblock " + fresh[1].String(),
	}
	for i, w := range want {
		topic, body, _ := r.next()
		for topic == "rawtx" || topic == "rawblock" {
			topic, body, _ = r.next()
		}
		if got := topic + " " + body; got != w {
			t.Fatalf("message %d is %s, want %s", i, got, w)
		}
	}
}

// What came into the mempool before a block is told before it, however late: who
// reads it afterwards would think that it still waits.
func TestPoolBeforeBlock(t *testing.T) {
	g := newGround(t)
	coins := g.coinbases(g.generate(102)[:2])
	s, err := Listen(t.Context(), Config{
		Notifications: []Notification{{Topic: Sequence, Endpoint: "tcp://127.0.0.1:0"}}, Chain: g.chain, Pool: g.pool,
		Catching: func() bool { return false }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	start := g.pool.Stats().Sequence
	first, second := spend(coins[0], 1000), spend(coins[1], 1000)
	g.add(first)
	one := g.generate(1)[0]
	g.add(second)
	two := g.generate(1)[0]
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.publishers[0].Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	r := subscribe(t, s.publishers[0].Addr())
	if err := s.tell(ctx); err != nil {
		t.Fatal(err)
	}
	r.want("sequence",
		pooledSeq(first.ID(), "A", start+1), seq(one, "C"),
		pooledSeq(second.ID(), "A", start+3), seq(two, "C"))
}

// An endpoint that cannot be had is named, and the others are released.
func TestEndpointTaken(t *testing.T) {
	g := newGround(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Listen(t.Context(), Config{
		Chain: g.chain, Pool: g.pool, Log: slog.New(slog.DiscardHandler),
		Notifications: []Notification{{RawTx, "tcp://127.0.0.1:0", 1}, {RawTx, "tcp://" + l.Addr().String(), 1}},
	})
	if err == nil {
		t.Fatal("an endpoint was opened twice")
	}
}

package mempool

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/leaktest"
	"github.com/quernnet/quern/work"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// Opcodes that tests write scripts with.
const (
	opReturn        = 0x6a
	opDup           = 0x76
	opHash160       = 0xa9
	opCheckSig      = 0xac
	opCheckMultisig = 0xae
)

// Anyone can spend a P2WSH of OP_TRUE: standard, and no keys are needed.
var (
	trueScript = []byte{op1}
	payTrue    = func() []byte {
		h := sha256.Sum256(trueScript)
		return append([]byte{0, 32}, h[:]...)
	}()
)

// ground is a regtest chain with a pool on it.
type ground struct {
	testing.TB
	params *consensus.Params
	chain  *chain.Chain
	pool   *Pool
	clock  time.Time
	spare  []wire.Outpoint // mature coins of 50 coins each
	made   int
}

const coinValue = 50 * consensus.Coins

func newGround(t testing.TB, mature int, change func(*Config)) *ground {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{TB: t, params: p, clock: time.Unix(int64(p.Genesis.Header.Time), 0).Add(time.Hour)}
	store, err := datastore.Open(datastore.Config{Params: p, Backend: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return g.clock }
	g.chain, err = chain.Open(t.Context(), chain.Config{Params: p, Store: store, Now: now, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(g.chain.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	c := Config{Chain: g.chain, Now: now}
	if change != nil {
		change(&c)
	}
	for range mature {
		b := g.mine(g.chain.Tip())
		g.spare = append(g.spare, b.Txs[0].Outpoint(0))
	}
	if mature > 0 {
		for range p.Maturity {
			g.mine(g.chain.Tip())
		}
	}
	if g.pool, err = New(c); err != nil {
		t.Fatal(err)
	}
	return g
}

// block makes a block on s with a proof, which the chain has not seen.
func (g *ground) block(s consensus.State, txs ...*wire.Tx) *wire.Block {
	g.Helper()
	g.made++
	height := s.Height + 1
	cb := &wire.Tx{Version: 2, Ins: []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Sequence: finalSequence}}}
	push := []byte{2, byte(height), byte(height >> 8)}
	switch {
	case height <= 16:
		push = []byte{op1 - 1 + byte(height)}
	case height < 128:
		push = []byte{1, byte(height)}
	case height < 256:
		push = []byte{2, byte(height), 0}
	}
	cb.Ins[0].Script = binary.LittleEndian.AppendUint64(append(push, 8), uint64(g.made))
	cb.Ins[0].Witness = [][]byte{make([]byte, 32)}
	cb.Outs = []wire.Out{{Value: g.params.Subsidy(height), Script: payTrue}}
	all := append([]*wire.Tx{cb}, txs...)
	root := consensus.WitnessRoot(&wire.Block{Txs: all})
	cb.Outs = append(cb.Outs, wire.Out{Script: consensus.WitnessCommitment(root, [32]byte{})})
	cb.Seal()
	ids := make([]wire.Hash, len(all))
	for i := range all {
		ids[i] = all[i].ID()
	}
	merkle, _ := wire.MerkleRoot(ids)
	h := wire.Header{Version: 0x20000000, Parent: s.ID, Merkle: merkle, Time: s.MedianTimePast() + 1}
	h.Bits = uint32(consensus.NextBits(&s, h.Time))
	for !work.Bits(h.Bits).Met(h.ID()) {
		h.Nonce++
	}
	// Decoded, so that its transactions share its bytes as those from a peer or disk do.
	b, err := wire.DecodeBlock(wire.NewBlock(h, all).Bytes())
	if err != nil {
		g.Fatal(err)
	}
	return b
}

func (g *ground) mine(s consensus.State, txs ...*wire.Tx) *wire.Block {
	g.Helper()
	b := g.block(s, txs...)
	if err := g.chain.AddBlock(g.Context(), b); err != nil {
		g.Fatalf("block %v refused: %v", b.ID(), err)
	}
	return b
}

func (g *ground) sync() {
	g.Helper()
	if err := g.pool.Sync(g.Context()); err != nil {
		g.Fatal(err)
	}
}

// take returns a mature coin of its own.
func (g *ground) take() wire.Outpoint {
	g.Helper()
	if len(g.spare) == 0 {
		g.Fatal("the fixture has no coins left")
	}
	op := g.spare[0]
	g.spare = g.spare[1:]
	return op
}

// pay spends coins worth in, in equal parts to n outputs, with a fee.
func pay(in, fee int64, n int, ops ...wire.Outpoint) *wire.Tx {
	t := &wire.Tx{Version: 2}
	for _, op := range ops {
		t.Ins = append(t.Ins, wire.In{Prev: op, Sequence: 0xfffffffd, Witness: [][]byte{trueScript}})
	}
	for range n {
		t.Outs = append(t.Outs, wire.Out{Value: (in - fee) / int64(n), Script: payTrue})
	}
	t.Outs[0].Value += in - fee - int64(n)*t.Outs[0].Value
	return t.Seal()
}

// change returns a copy of t with f applied.
func change(t *wire.Tx, f func(*wire.Tx)) *wire.Tx {
	c, err := wire.DecodeTx(t.Append(nil))
	if err != nil {
		panic(err)
	}
	f(c)
	return c.Seal()
}

func (g *ground) add(t *wire.Tx) Entry {
	g.Helper()
	r, err := g.pool.Add(t, "")
	if err != nil {
		g.Fatalf("%v refused: %v", t.ID(), err)
	}
	return r.Entry
}

func (g *ground) refused(t *wire.Tx, reason, detail string) *Error {
	g.Helper()
	_, err := g.pool.Add(t, "")
	var e *Error
	if !errors.As(err, &e) || e.Reason != reason || detail != "*" && e.Detail != detail {
		g.Fatalf("got %v, want %q with %q", err, reason, detail)
	}
	return e
}

func (g *ground) has(t *wire.Tx, want bool) {
	g.Helper()
	if _, ok := g.pool.Get(t.ID()); ok != want {
		g.Fatalf("%v in the pool: %v, want %v", t.ID(), ok, want)
	}
}

// sound compares the graph with what it says of itself.
func (g *ground) sound() {
	g.Helper()
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	if err := g.pool.graph.check(); err != nil {
		g.Fatal(err)
	}
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/bench/payments"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/work"
)

// Waiting is what transactions cost that wait for a block, and the block that
// comes of them.
type Waiting struct {
	Txs    int          `json:"transactions"`
	Inputs int          `json:"inputs"`
	Mix    payments.Mix `json:"mix"`

	OneCore  float64 `json:"one_core_tx_per_second"` // parsed, judged and kept, one after the other
	AllCores float64 `json:"all_cores_tx_per_second"`
	Memory   int64   `json:"bytes_per_transaction"`
	Size     int64   `json:"size_per_transaction"` // as encoded, for comparison

	Template float64 `json:"template_ms"` // to choose a block's transactions and have the chain judge it
	Block    float64 `json:"block_ms"`    // to judge and apply that block when it comes from outside
	BlockTxs int     `json:"block_transactions"`
	BlockMB  float64 `json:"block_mb"`

	Kept []Kept `json:"keeper,omitempty"`
}

// templates is how many times one is built; the best counts.
const templates = 5

// MempoolConfig says what is to be timed.
type MempoolConfig struct {
	Mix     payments.Mix
	Inputs  int   // of the payments whose acceptance is timed
	Waiting []int // payments that wait while templates are asked for, rising; none: they are not
	Tips    int   // blocks that come meanwhile, for each of Waiting
	Show    Show
	// Profile runs f and profiles it: the wait for the first template after a block. May be nil.
	Profile func(f func() error) error
}

// coins is how many the chain needs for all payments.
func (c *MempoolConfig) coins() int {
	n, most := 2*c.Inputs, 0
	for _, w := range c.Waiting {
		most = max(most, w)
		n += c.Tips * perBlock(w)
	}
	n += most*inputsTenth/10 + min(topUp, inputsTenth*most)
	return n * 5 / 4 // some are left over, where the kinds do not come out even
}

// inputsTenth is an upper bound of ten payments' inputs.
const inputsTenth = 27

// acceptedBytes is the node's memory of scripts that hold.
const acceptedBytes = 8 << 20

// Mempool times a pool on a chain in memory. Half of the payments are judged one after the other, the
// rest on all cores.
func Mempool(ctx context.Context, c MempoolConfig) (w Waiting, err error) {
	params, err := consensus.Chain("regtest")
	if err != nil {
		return w, err
	}
	made, err := payments.New(payments.Config{Params: params, Mix: c.Mix, Weight: consensus.MaxWeight, Ready: c.coins()})
	if err != nil {
		return w, err
	}
	store, err := datastore.Open(datastore.Config{Params: params, Backend: "memory"})
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	accepted := script.NewAccepted(acceptedBytes, [32]byte{})
	accepted.Add(wire.Hash{}, 0) // its memory is there before the first payment's
	ch, err := chain.Open(ctx, chain.Config{Params: params, Store: store, Accepted: accepted})
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, ch.Close()) }()
	for b, err := range made.Blocks(ctx) {
		if err == nil {
			err = ch.AddBlock(ctx, b)
		}
		if err != nil {
			return w, err
		}
	}
	pool, err := mempool.New(mempool.Config{Chain: ch, MaxSize: math.MaxInt64, Accepted: accepted})
	if err != nil {
		return w, err
	}
	raws, err := encoded(made, c.Inputs)
	if err != nil {
		return w, err
	}
	w.Mix, w.Txs, w.Inputs = c.Mix, len(raws), c.Inputs
	if err := w.fill(ctx, pool, raws); err != nil {
		return w, err
	}
	if err := w.mine(ctx, ch, pool); err != nil {
		return w, err
	}
	if c.Profile == nil {
		c.Profile = func(f func() error) error { return f() }
	}
	for _, n := range c.Waiting {
		k := asking{chain: ch, pool: pool, more: func(inputs int) ([][]byte, error) { return encoded(made, inputs) }, watch: c.Profile}
		kept, err := k.keep(ctx, n, c.Tips, c.Show)
		if err != nil {
			return w, err
		}
		w.Kept = append(w.Kept, kept)
	}
	return w, nil
}

// encoded makes payments as they come over the wire.
func encoded(made *payments.Chain, inputs int) ([][]byte, error) {
	txs, err := made.Payments(inputs)
	if err != nil {
		return nil, err
	}
	raws := make([][]byte, len(txs))
	for i, t := range txs {
		raws[i] = t.Append(nil)
	}
	return raws, nil
}

// fill has the pool take all payments.
func (w *Waiting) fill(ctx context.Context, pool *mempool.Pool, raws [][]byte) error {
	half := len(raws) / 2
	before := heap()
	one, err := admit(ctx, pool, raws[:half], 1)
	if err != nil {
		return err
	}
	all, err := admit(ctx, pool, raws[half:], runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	w.OneCore, w.AllCores = float64(half)/one.Seconds(), float64(len(raws)-half)/all.Seconds()
	w.Memory = (heap() - before) / int64(len(raws))
	for _, raw := range raws {
		w.Size += int64(len(raw))
	}
	w.Size /= int64(len(raws))
	return nil
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what lies in pools outlives the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// admit adds payments by so many goroutines, and says how long it took.
func admit(ctx context.Context, pool *mempool.Pool, raws [][]byte, workers int) (time.Duration, error) {
	var wg sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, workers)
	start := time.Now()
	for w := range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(raws) && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = ctx.Err()
				if t, err := wire.DecodeTx(raws[i]); err != nil {
					errs[w] = err
				} else if _, err = pool.Add(t, "peer"); err != nil {
					errs[w] = fmt.Errorf("payment %v: %w", t.ID(), err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start), errors.Join(errs...)
}

// mine builds templates, and gives the last one's block to the chain as if
// somebody else had found it.
func (w *Waiting) mine(ctx context.Context, ch *chain.Chain, pool *mempool.Pool) error {
	a, err := mining.New(mining.Config{Chain: ch, Pool: pool})
	if err != nil {
		return err
	}
	var t *mining.Template
	best := time.Duration(math.MaxInt64)
	for extra := range templates {
		start := time.Now()
		if t, err = a.Build(ctx, []byte{0x51}, uint64(extra), nil); err != nil {
			return err
		}
		best = min(best, time.Since(start))
	}
	w.Template = best.Seconds() * 1e3
	h := t.Block.Header
	for !work.Bits(h.Bits).Met(h.ID()) {
		h.Nonce++
	}
	raw := wire.NewBlock(h, t.Block.Txs).Bytes()
	w.BlockTxs, w.BlockMB = len(t.Block.Txs), float64(len(raw))/1e6
	start := time.Now()
	b, err := wire.DecodeBlock(raw)
	if err != nil {
		return err
	}
	if err := ch.AddBlock(ctx, b); err != nil {
		return err
	}
	w.Block = time.Since(start).Seconds() * 1e3
	if tip := ch.Tip(); tip.ID != b.ID() {
		return fmt.Errorf("the block %v did not become the tip, that is %v", b.ID(), tip.ID)
	}
	return nil
}

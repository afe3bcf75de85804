package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/work"
)

// Kept is how long a miner waits for the template that a keeper holds, with so many
// payments waiting. Times are in milliseconds, each a median and a 95th percentile.
type Kept struct {
	Waiting  int     `json:"waiting"`        // payments, on average
	First    Spread  `json:"first_ms"`       // the very first, nothing being built ahead yet
	Ready    Spread  `json:"ready_ms"`       // nothing has changed
	Coming   Spread  `json:"coming_ms"`      // while payments come in, one after the other
	NewTip   Spread  `json:"new_tip_ms"`     // from when the chain shows another's block as its tip
	TipCPU   Spread  `json:"new_tip_cpu_ms"` // what the process spent meanwhile, whatever on; 0 where the system does not tell
	BlockTxs int     `json:"block_txs"`      // of the blocks, on average
	BlockMB  float64 `json:"block_mb"`       // on average
	Accepts  float64 `json:"tx_per_second"`  // taken in meanwhile by one goroutine, beside the one that asks
}

// Spread sums up some times, in milliseconds.
type Spread struct {
	Count  int     `json:"count"`
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
}

func spread(ds []time.Duration) Spread {
	if len(ds) == 0 {
		return Spread{}
	}
	slices.Sort(ds)
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	return Spread{len(ds), ms(ds[len(ds)/2]), ms(ds[(len(ds)*95-1)/100])}
}

// asking is a keeper that is asked while blocks and payments come.
type asking struct {
	chain  *chain.Chain
	pool   *mempool.Pool
	keeper *mining.Keeper
	more   func(inputs int) ([][]byte, error) // makes payments
	watch  func(f func() error) error         // profiles what f does

	ready, coming, first, spent []time.Duration
	accepted                    int // payments that came while templates were asked for, and in which time
	accepting                   time.Duration
	blockTxs, blockBytes        int
	waiting                     int // summed over rounds
}

// keep asks a keeper with so many payments waiting, in so many rounds, each of which
// ends with a new block.
func (k *asking) keep(ctx context.Context, waiting, rounds int, show Show) (out Kept, err error) {
	a, err := mining.New(mining.Config{Chain: k.chain, Pool: k.pool})
	if err != nil {
		return out, err
	}
	if k.keeper, err = mining.NewKeeper(mining.KeeperConfig{Assembler: a, ShowTx: show.Tx, Show: show.Txs}); err != nil {
		return out, err
	}
	if err := k.fill(ctx, waiting); err != nil {
		return out, err
	}
	start := time.Now()
	if _, err := k.keeper.Latest(ctx); err != nil {
		return out, err
	}
	out.First = spread([]time.Duration{time.Since(start)})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 2)
	go func() { ended <- k.keeper.Run(running) }()
	go func() { ended <- k.pool.Run(running) }()
	for range rounds {
		if err = k.round(ctx, waiting); err != nil {
			break
		}
	}
	stop()
	for range 2 {
		if e := <-ended; err == nil {
			err = e
		}
	}
	out.Waiting = k.waiting / rounds
	out.Ready, out.Coming = spread(k.ready), spread(k.coming)
	out.NewTip, out.TipCPU = spread(k.first), spread(k.spent)
	out.BlockTxs, out.BlockMB = k.blockTxs/rounds, float64(k.blockBytes)/float64(rounds)/1e6
	out.Accepts = float64(k.accepted) / k.accepting.Seconds()
	return out, err
}

// perBlock is how many inputs payments have that come between two blocks: about as many as one takes
// out of so many payments.
func perBlock(waiting int) int { return min(8000, inputsTenth*waiting/10) }

const (
	topUp = 50_000 // inputs of payments that are made at a time
)

// fill has the pool hold so many payments.
func (k *asking) fill(ctx context.Context, n int) error {
	for {
		have := k.pool.Stats().Count
		if have >= n {
			return nil
		}
		raws, err := k.more(min(topUp, 3*(n-have)))
		if err != nil {
			return err
		}
		if len(raws) == 0 {
			return fmt.Errorf("there are no more payments: %d wait", have)
		}
		if _, err := admit(ctx, k.pool, raws[:min(len(raws), n-have)], runtime.GOMAXPROCS(0)); err != nil {
			return err
		}
	}
}

const (
	askEvery = 25 * time.Millisecond
	asks     = 10 // while nothing changes
	// lull is how long nothing comes before a block does, so that the keeper has seen all: what takes a second here
	// takes minutes elsewhere.
	lull = 2500 * time.Millisecond
)

// round asks while payments come, while nothing happens, and after a block.
func (k *asking) round(ctx context.Context, waiting int) error {
	raws, err := k.more(perBlock(waiting))
	if err != nil {
		return err
	}
	came := make(chan error, 1)
	start := time.Now()
	go func() {
		_, err := admit(ctx, k.pool, raws, 1)
		came <- err
	}()
	for coming := true; coming; {
		select {
		case err := <-came:
			if err != nil {
				return err
			}
			coming = false
		case <-time.After(askEvery):
			if err := k.ask(ctx, &k.coming); err != nil {
				return err
			}
		}
	}
	k.accepted, k.accepting = k.accepted+len(raws), k.accepting+time.Since(start)
	time.Sleep(lull)
	for range asks {
		time.Sleep(askEvery)
		if err := k.ask(ctx, &k.ready); err != nil {
			return err
		}
	}
	return k.block(ctx)
}

func (k *asking) ask(ctx context.Context, took *[]time.Duration) error {
	start := time.Now()
	_, err := k.keeper.Latest(ctx)
	*took = append(*took, time.Since(start))
	return err
}

// block has somebody else find a block, and a miner that waits for it ask at once.
func (k *asking) block(ctx context.Context) error {
	r, err := k.keeper.Latest(ctx)
	if err != nil {
		return err
	}
	h := r.Block.Header
	for !work.Bits(h.Bits).Met(h.ID()) {
		h.Nonce++
	}
	raw := wire.NewBlock(h, r.Block.Txs).Bytes()
	b, err := wire.DecodeBlock(raw)
	if err != nil {
		return err
	}
	k.waiting += k.pool.Stats().Count
	k.blockTxs, k.blockBytes = k.blockTxs+len(b.Txs), k.blockBytes+len(raw)
	asked := make(chan error, 1)
	go func() {
		for moved := k.chain.Changed(); k.chain.Tip().ID != b.ID(); moved = k.chain.Changed() {
			select {
			case <-moved:
			case <-ctx.Done():
				asked <- ctx.Err()
				return
			}
		}
		before := Own().CPU
		err := k.watch(func() error { return k.ask(ctx, &k.first) })
		k.spent = append(k.spent, Own().CPU-before)
		asked <- err
	}()
	if err := k.chain.AddBlock(ctx, b); err != nil {
		return err
	}
	return <-asked
}

// Show is how templates are written for miners, as of mining.KeeperConfig.
type Show struct {
	Tx  func(*wire.Tx) []byte
	Txs func(*mining.Template, [][]byte) [][]byte
}

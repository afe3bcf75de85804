package mining

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
	"github.com/quernnet/quern/work/miner"
)

// MinerConfig is what a Miner is built from. Zero values mean the defaults.
type MinerConfig struct {
	Assembler *Assembler
	// Script returns what the next block pays to. It is asked again after each
	// block found, so that a wallet can give fresh addresses.
	Script  func(ctx context.Context) ([]byte, error)
	Workers int           // goroutines; 0: off until SetWorkers
	Refresh time.Duration // least time until new transactions are taken in; 0: 5 s
	Every   time.Duration // least time between two blocks of its own; for chains without difficulty
	Log     *slog.Logger
}

// Miner looks for blocks on the tip, by itself. Safe for concurrent use.
//
// mu guards all below it. Run is the only one that mines; SetWorkers
// changes the number and closes turned, by which Run notices at once.
type Miner struct {
	a              *Assembler
	script         func(ctx context.Context) ([]byte, error)
	refresh, every time.Duration
	log            *slog.Logger
	look           searcher // miner.SearchAll

	mu      sync.Mutex
	workers int
	turned  chan struct{}
	stats   MinerStats
}

// searcher looks for a nonce, as miner.SearchAll does.
type searcher func(ctx context.Context, workers int, header [miner.HeaderSize]byte, bits work.Bits, from uint32, count uint64) (nonce uint32, found bool, tried uint64)

// MinerStats says how mining goes.
type MinerStats struct {
	Workers  int
	Hashes   uint64  // since Run began
	Hashrate float64 // a second, a moving average; 0 when it does not mine
	Found    int     // blocks that the chain took
	Last     wire.Hash
	LastTime time.Time
	Err      string // why it does not mine, empty when it does
}

// NewMiner builds a miner; Run makes it work.
func NewMiner(c MinerConfig) (*Miner, error) {
	if c.Assembler == nil || c.Script == nil {
		return nil, errors.New("mining: the miner needs an assembler and a script to pay to")
	}
	if c.Workers < 0 {
		return nil, errors.New("mining: the number of workers is negative")
	}
	m := &Miner{a: c.Assembler, script: c.Script, refresh: c.Refresh, every: c.Every, log: c.Log, look: miner.SearchAll,
		workers: c.Workers, turned: make(chan struct{})}
	if m.refresh == 0 {
		m.refresh = 5 * time.Second
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	return m, nil
}

// SetWorkers changes the number of goroutines that mine; 0 stops mining. The
// next block pays what Script then says.
func (m *Miner) SetWorkers(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.workers = max(n, 0)
	close(m.turned)
	m.turned = make(chan struct{})
}

// Stats says how mining goes.
func (m *Miner) Stats() MinerStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.Workers = m.workers
	return s
}

func (m *Miner) setting() (workers int, turned <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.workers, m.turned
}

// retry is how long the miner waits after it could not build a block, unless
// the chain or the number of workers changes before.
const retry = 2 * time.Second

// Run mines until ctx ends, then returns nil. All its goroutines have ended then.
func (m *Miner) Run(ctx context.Context) error {
	defer m.idle("")
	var pay []byte
	var set <-chan struct{}
	extra := rand.Uint64() // so that two miners that pay alike do not search alike
	for ctx.Err() == nil {
		workers, turned := m.setting()
		if turned != set {
			pay, set = nil, turned // who is paid may have changed too
		}
		if workers == 0 {
			m.idle("")
			wait(ctx, nil, turned, nil)
			continue
		}
		moved := m.a.chain.Changed()
		var err error
		if pay == nil {
			pay, err = m.script(ctx)
		}
		found := false
		if err == nil {
			extra += 1 << 32 // far from what rolling reaches
			found, err = m.round(ctx, pay, extra, workers, turned)
		}
		switch {
		case err != nil:
			m.stuck(ctx, err)
			wait(ctx, time.After(retry), turned, moved)
		case found:
			pay = nil
			if m.every > 0 {
				wait(ctx, time.After(m.every), turned, nil)
			}
		}
	}
	return nil
}

// wait returns when ctx ends, a time has come or a channel is closed; nil never is.
func wait(ctx context.Context, due <-chan time.Time, turned, moved <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-due:
	case <-turned:
	case <-moved:
	}
}

// stale is the age at which a template is built anew, if only for its time.
const stale = time.Minute

// round searches one template until a block is found, the tip moves, new
// transactions have come and the template is old enough, or workers changes.
func (m *Miner) round(ctx context.Context, pay []byte, extra uint64, workers int, turned <-chan struct{}) (found bool, err error) {
	var grown, ripe <-chan struct{}
	if m.a.pool != nil {
		grown = m.a.pool.Changed()
	}
	t, err := m.a.Build(ctx, pay, extra, nil)
	if err != nil {
		return false, err
	}
	if err := signed(t); err != nil {
		return false, err
	}
	ctx2, stop := context.WithCancel(ctx)
	defer stop()
	result := make(chan *wire.Block, 1)
	go func() { result <- m.search(ctx2, t, workers) }()
	young, old := time.NewTimer(m.refresh), time.NewTimer(max(m.refresh, stale))
	defer young.Stop()
	defer old.Stop()
	for moved := m.a.chain.Changed(); m.a.chain.Tip().ID == t.Prev.ID; {
		select {
		case b := <-result:
			return m.submit(ctx, b)
		case <-young.C:
			ripe = grown
			continue
		case <-moved:
			moved = m.a.chain.Changed() // the best header perhaps
			continue
		case <-ripe:
		case <-old.C:
		case <-turned:
		case <-ctx.Done():
		}
		break
	}
	stop()
	return m.submit(ctx, <-result)
}

// slice is how many hashes a worker makes between two looks at the clock.
const slice = 1 << 22

// search returns t's block with its proof, or nil when ctx ended before.
func (m *Miner) search(ctx context.Context, t *Template, workers int) *wire.Block {
	for ; ; t = t.roll() {
		for done := uint64(0); done < miner.Nonces; {
			began := time.Now()
			count := min(slice*uint64(workers), miner.Nonces-done)
			nonce, found, n := m.look(ctx, workers, header(t.Block), work.Bits(t.Block.Header.Bits), uint32(done), count)
			m.count(n, time.Since(began))
			if done += n; found {
				return withNonce(t.Block, nonce)
			}
			if ctx.Err() != nil || n == 0 {
				return nil
			}
		}
	}
}

// count adds hashes made in a time.
func (m *Miner) count(n uint64, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Hashes += n
	m.stats.Err = ""
	if took < time.Millisecond {
		return // too short to tell
	}
	rate := float64(n) / took.Seconds()
	if m.stats.Hashrate == 0 {
		m.stats.Hashrate = rate
	}
	m.stats.Hashrate += (rate - m.stats.Hashrate) / 4
}

// submit gives a block to the chain.
func (m *Miner) submit(ctx context.Context, b *wire.Block) (bool, error) {
	if b == nil {
		return false, nil
	}
	if err := m.a.submit(ctx, b); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Found++
	m.stats.Last, m.stats.LastTime = b.ID(), m.a.now()
	m.log.Info("block found", "id", b.ID(), "transactions", len(b.Txs))
	return true, nil
}

// stuck reports why there is nothing to mine.
func (m *Miner) stuck(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	same := m.stats.Err == err.Error()
	m.mu.Unlock()
	if !same {
		m.log.Warn("not mining", "err", err)
	}
	m.idle(err.Error())
}

func (m *Miner) idle(why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Err, m.stats.Hashrate = why, 0
}

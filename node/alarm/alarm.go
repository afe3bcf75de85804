package alarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Chain is what the watch needs of the chain. *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	Branches() []chain.Branch
	Block(id wire.Hash) (*wire.Block, error)
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
}

// Pool says what waits. *mempool.Pool satisfies it.
type Pool interface {
	Sync(ctx context.Context) error // returns when the pool has followed the chain
	Get(id wire.Hash) (mempool.Entry, bool)
}

// Config is what a Watch is built from.
type Config struct {
	Chain Chain
	Pool  Pool
	Store datastore.Datastore // where the last tip and the alarms are kept over restarts
	Depth uint32              // least number of blocks undone that is an alarm; 0: none is
	Show  time.Duration       // how long an alarm is shown
	Now   func() time.Time
	Log   *slog.Logger
}

// Block is one end of a branch.
type Block struct {
	ID     wire.Hash `json:"hash"`
	Height uint32    `json:"height"`
}

// Reorg is a deep reorganisation. Values are in satoshis, of a transaction its
// outputs together.
type Reorg struct {
	Time time.Time `json:"time"`
	Fork uint32    `json:"fork"` // height of the last block that both branches have
	From Block     `json:"from"` // the tip that was
	To   Block     `json:"to"`   // the tip when the reorganisation was noticed

	// What was undone; counted after the rest is known.
	Counted  bool  `json:"counted"`
	Txs      int   `json:"transactions"` // confirmed before, not in the new branch; coinbases not counted
	Value    int64 `json:"value"`        // of them
	Waiting  int   `json:"waiting"`      // of them, in the mempool again
	Spent    int   `json:"spent"`        // of them, can never confirm: the new branch spends their coins otherwise
	SpentVal int64 `json:"spent_value"`
	Rewards  int64 `json:"rewards"` // of miners, gone
}

// Depth is how many blocks were undone.
func (r *Reorg) Depth() uint32 { return r.From.Height - r.Fork }

// mostKept bounds the alarms that are kept.
const mostKept = 16

// saveEvery is how often the last tip is written down while nothing happens.
const saveEvery = time.Minute

var stateKey = datastore.NewKey("/alarm")

// state is what outlives the process.
type state struct {
	At     wire.Hash `json:"at"` // the tip of most work that was seen
	Reorgs []Reorg   `json:"reorgs"`
}

// Watch follows the tip.
//
// Only Run's goroutine moves at, the tip with the most work that was seen; mu
// guards what others read. A reorganisation is noticed when a tip has more work
// than at and does not descend from it: tips of less work, which a deep one
// shows on its way, are passed over. A restart goes on from the stored at, so
// one that happened around a crash is noticed too.
type Watch struct {
	Config
	at    wire.Hash
	saved time.Time

	mu     sync.Mutex
	reorgs []Reorg // oldest first
	all    int64   // reorganisations since the start, of any depth
	deep   int64
}

// New reads what was kept.
func New(c Config) (*Watch, error) {
	w := &Watch{Config: c, at: c.Chain.Tip().ID}
	raw, err := c.Store.Get(context.Background(), stateKey)
	if errors.Is(err, datastore.ErrNotFound) {
		return w, nil
	}
	if err != nil {
		return nil, fmt.Errorf("alarms: %w", err)
	}
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		c.Log.Warn("earlier alarms cannot be read", "err", err)
		return w, nil
	}
	if _, ok := c.Chain.Header(s.At); ok {
		w.at = s.At
	}
	w.reorgs = s.Reorgs[max(0, len(s.Reorgs)-mostKept):]
	return w, nil
}

// Run watches until ctx ends. What goes wrong is logged: a node does not stop
// because it cannot count.
func (w *Watch) Run(ctx context.Context) error {
	for {
		changed := w.Chain.Changed()
		w.look(ctx)
		select {
		case <-ctx.Done():
			w.save()
			return nil
		case <-changed:
		}
	}
}

// look compares the chain's tip with the last one.
func (w *Watch) look(ctx context.Context) {
	tip := w.Chain.Tip()
	at, ok := w.Chain.Header(w.at)
	switch {
	case !ok || at.Active || at.Invalid: // went on; or the operator set it aside
		w.move(tip.ID)
	case tip.Work.Cmp(at.Work) <= 0: // on its way to the other branch
	default:
		w.reorganised(ctx, at)
	}
}

// move takes a tip for the last one seen.
func (w *Watch) move(to wire.Hash) {
	if w.at == to {
		return
	}
	w.at = to
	if w.Now().Sub(w.saved) >= saveEvery || w.saved.After(w.Now()) {
		w.save()
	}
}

// reorganised is for when the active branch left at behind.
func (w *Watch) reorganised(ctx context.Context, at chain.HeaderInfo) {
	old := w.end(at)
	fork := old
	for !fork.Active {
		parent, ok := w.Chain.Header(fork.Parent)
		if !ok {
			return // genesis is always active
		}
		fork = parent
	}
	tip := w.Chain.Tip()
	r := Reorg{
		Time: w.Now(), Fork: fork.Height,
		From: Block{old.ID, old.Height}, To: Block{tip.ID, tip.Height},
	}
	w.mu.Lock()
	w.all++
	deep := w.Depth > 0 && r.Depth() >= w.Depth
	if deep {
		w.deep++
		w.reorgs = append(w.reorgs, r)
		w.reorgs = w.reorgs[max(0, len(w.reorgs)-mostKept):]
	}
	w.mu.Unlock()
	w.at = tip.ID
	if deep {
		w.save()
		w.tell(ctx, r)
	}
}

// end is the last block of the branch of at that was ever the tip: the chain may
// have gone on from at before it left.
func (w *Watch) end(at chain.HeaderInfo) chain.HeaderInfo {
	last := at
	for _, b := range w.Chain.Branches() {
		if b.Status != "valid-fork" || b.Height <= last.Height {
			continue
		}
		h, ok := w.Chain.Header(b.ID)
		for ok && h.Height > at.Height && !h.Active {
			h, ok = w.Chain.Header(h.Parent)
		}
		if ok && h.ID == at.ID {
			if last, ok = w.Chain.Header(b.ID); !ok {
				last = at
			}
		}
	}
	return last
}

// tell counts what was undone and says it all.
func (w *Watch) tell(ctx context.Context, r Reorg) {
	err := w.count(ctx, &r)
	if err == nil {
		r.Counted = true
		w.mu.Lock()
		if n := len(w.reorgs) - 1; n >= 0 && w.reorgs[n].From == r.From {
			w.reorgs[n] = r
		}
		w.mu.Unlock()
		w.save()
	}
	w.Log.Error("deep reorganisation: blocks that were confirmed are no longer part of the chain",
		"blocks", r.Depth(), "fork_height", r.Fork, "old_tip", r.From.ID, "old_height", r.From.Height, "new_tip", r.To.ID, "new_height", r.To.Height,
		"unconfirmed", r.Txs, "value", coins(r.Value), "waiting_again", r.Waiting, "spent_otherwise", r.Spent, "spent_value", coins(r.SpentVal),
		"rewards_lost", coins(r.Rewards))
	if err != nil && ctx.Err() == nil {
		w.Log.Error("what the reorganisation undid could not be counted", "err", err)
	}
}

func (w *Watch) save() {
	w.mu.Lock()
	s := state{At: w.at, Reorgs: slices.Clone(w.reorgs)}
	w.mu.Unlock()
	raw, err := json.Marshal(s)
	if err == nil {
		err = errors.Join(w.Store.Put(context.Background(), stateKey, raw), w.Store.Sync(context.Background(), stateKey))
	}
	if err != nil {
		w.Log.Error("alarms will not outlive this run", "err", err)
	}
	w.saved = w.Now()
}

// Shown lists the alarms that are to be shown now, the newest first.
func (w *Watch) Shown() []Reorg {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Reorg
	for _, r := range slices.Backward(w.reorgs) {
		if w.Now().Sub(r.Time) < w.Show {
			out = append(out, r)
		}
	}
	return out
}

// Counts are the reorganisations since the start: of any depth, and deep ones.
func (w *Watch) Counts() (all, deep int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all, w.deep
}

// Words is the alarm for people.
func (r *Reorg) Words() string {
	s := fmt.Sprintf("Deep reorganisation at %s: %d blocks after height %d were replaced by a branch with more work (tip %v at height %d, was %v at height %d).",
		r.Time.UTC().Format(time.DateTime+" MST"), r.Depth(), r.Fork, r.To.ID, r.To.Height, r.From.ID, r.From.Height)
	if !r.Counted {
		return s + " What it undid is being counted."
	}
	s += fmt.Sprintf(" %d transactions worth %s are unconfirmed, %d of them wait again, %d worth %s were spent otherwise; %s of rewards are void.",
		r.Txs, coins(r.Value), r.Waiting, r.Spent, coins(r.SpentVal), coins(r.Rewards))
	return s + " Ask for more confirmations than before."
}

// coins writes satoshis as coins.
func coins(sat int64) string { return fmt.Sprintf("%d.%08d", sat/consensus.Coins, sat%consensus.Coins) }

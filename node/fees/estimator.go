package fees

import (
	"math"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// Horizon names an average by how far back it remembers.
type Horizon int

// The horizons, the shortest memory first.
const (
	Short  Horizon = iota // half-life 18 blocks; delays up to 12 blocks
	Medium                // half-life 144 blocks; delays up to 48
	Long                  // half-life 1008 blocks; delays up to 1008
	horizons
)

func (h Horizon) String() string { return [...]string{"short", "medium", "long"}[h] }

// Horizons lists them all.
func Horizons() []Horizon { return []Horizon{Short, Medium, Long} }

// shapes are the horizons' constants, and the least average of transactions a
// block for which buckets are judged.
var shapes = [horizons]struct {
	periods    int
	decay      float64
	scale      int
	sufficient float64
}{
	Short:  {12, .962, 1, 0.5},
	Medium: {24, .9952, 2, 0.1},
	Long:   {42, .99931, 24, 0.1},
}

// Shares of transactions that have to be mined within half the target, the target and twice the target.
const (
	halfShare   = .6
	fullShare   = .85
	doubleShare = .95
)

const (
	leastFeerate = 100 // satoshis per 1000 vB, the first bucket's bound
	mostFeerate  = 1e7
	spacing      = 1.05
	boundless    = 1e99     // the last bucket's bound
	oldest       = 6 * 1008 // blocks after which a saved history is no longer counted on
)

// newBuckets are the upper bounds of the buckets, in satoshis per 1000 vB.
func newBuckets() []float64 {
	var bs []float64
	for b := float64(leastFeerate); b <= mostFeerate; b *= spacing {
		bs = append(bs, b)
	}
	return append(bs, boundless)
}

// Estimator is the history of feerates. It knows nothing of time but heights. Not
// safe for concurrent use.
//
// Invariants: every tracked transaction is counted in one cell of waiting or old
// of each horizon, in its bucket; first is 0 or at most best.
type Estimator struct {
	buckets []float64
	stats   [horizons]*stats
	tracked map[wire.Hash]waiter

	best  uint32 // height of the highest block seen
	first uint32 // of the first block that a tracked transaction was in; 0: none yet
	// The same of the history that was read from a file.
	pastFirst, pastBest uint32
}

// waiter is a transaction whose delay is being counted.
type waiter struct {
	height  uint32 // of the tip when it entered
	bucket  int
	feerate int64 // satoshis per 1000 vB, rounded down
}

// New returns an estimator without history.
func New() *Estimator {
	e := &Estimator{buckets: newBuckets(), tracked: make(map[wire.Hash]waiter)}
	for h, s := range shapes {
		e.stats[h] = newStats(s.periods, s.decay, s.scale, len(e.buckets))
	}
	return e
}

// Best is the height of the highest block seen.
func (e *Estimator) Best() uint32 { return e.best }

// Entry is a transaction that enters the mempool.
type Entry struct {
	ID        wire.Hash
	Fee, Size int64  // satoshis, virtual bytes
	Height    uint32 // of the tip
	// Telling: it spends nothing that waits, came neither in a package nor from a
	// reverted block, and the node had caught up. The delay of any other says little of its feerate.
	Telling bool
}

// Enter begins to track a transaction. One that enters at another height than that of the highest block
// seen is not tracked: there was a reorganisation, or blocks are yet to be told of.
func (e *Estimator) Enter(t Entry) {
	if _, known := e.tracked[t.ID]; known || t.Height != e.best || !t.Telling || t.Size <= 0 || t.Fee < 0 {
		return
	}
	w := waiter{height: t.Height, feerate: t.Fee * 1000 / t.Size}
	w.bucket, _ = slices.BinarySearch(e.buckets, float64(w.feerate))
	for _, s := range e.stats {
		s.enter(w.height, w.bucket)
	}
	e.tracked[t.ID] = w
}

// Leave tells that a transaction left the pool without having been mined, which counts
// against its feerate if it has waited long enough.
func (e *Estimator) Leave(id wire.Hash) { e.leave(id, false) }

func (e *Estimator) leave(id wire.Hash, mined bool) (waiter, bool) {
	w, ok := e.tracked[id]
	if !ok {
		return w, false
	}
	for _, s := range e.stats {
		s.leave(w.height, e.best, w.bucket, mined)
	}
	delete(e.tracked, id)
	return w, true
}

// Mine tells of a block and the waiting transactions that are in it. Blocks
// that are not higher than all before them, as in a reorganisation, are
// ignored, and so are their transactions: they go on being counted as waiting (Core's processBlock).
func (e *Estimator) Mine(height uint32, ids []wire.Hash) {
	if height <= e.best {
		return
	}
	e.best = height
	for _, s := range e.stats {
		s.begin(height)
	}
	counted := false
	for _, id := range ids {
		w, ok := e.leave(id, true)
		if !ok || w.height >= height {
			continue
		}
		counted = true
		for _, s := range e.stats {
			s.record(int(height-w.height), w.bucket, float64(w.feerate))
		}
	}
	if e.first == 0 && counted {
		e.first = height
	}
}

// Skip tells of blocks after height from up to height to with nothing in them that waited. Any number
// costs little.
func (e *Estimator) Skip(from, to uint32) {
	if far := uint32(e.Highest(Long)); to > from && to-from > far && from >= e.best {
		for _, s := range e.stats {
			s.fadeAll(math.Pow(s.decay, float64(to-from-far)))
		}
		from = to - far
	}
	for h := from + 1; h <= to; h++ {
		e.Mine(h, nil)
	}
}

// LeaveAll is Leave of everything tracked, as before the history is saved.
func (e *Estimator) LeaveAll() {
	for id := range e.tracked {
		e.leave(id, false)
	}
}

// Lose forgets what is tracked without counting it: what became of it is not known.
func (e *Estimator) Lose() {
	clear(e.tracked)
	for _, s := range e.stats {
		s.forgetWaiting()
	}
}

// span is how many blocks this run has recorded, pastSpan how many the file had.
func (e *Estimator) span() uint32 {
	if e.first == 0 {
		return 0
	}
	return e.best - e.first
}

func (e *Estimator) pastSpan() uint32 {
	if e.pastFirst == 0 || e.best-e.pastBest > oldest {
		return 0
	}
	return e.pastBest - e.pastFirst
}

// usable is the longest target that the history is long enough for: it has to have seen
// transactions fail, too.
func (e *Estimator) usable() int {
	return min(e.Highest(Long), int(max(e.span(), e.pastSpan())/2))
}

// Highest is the longest target that a horizon tells apart, in blocks.
func (e *Estimator) Highest(h Horizon) int { return e.stats[h].highest() }

// Raw asks one horizon for the feerate, in satoshis per 1000 vB, of which at least a share
// of transactions is mined within target blocks; 0 when there is no answer.
func (e *Estimator) Raw(target int, share float64, h Horizon) (feerate int64, d Detail) {
	if target <= 0 || target > e.Highest(h) || share > 1 {
		return 0, Detail{}
	}
	f, d := e.ask(h, target, share)
	return rate(f), d
}

func rate(f float64) int64 {
	if f < 0 {
		return 0
	}
	return int64(math.Round(f))
}

func (e *Estimator) ask(h Horizon, target int, share float64) (float64, Detail) {
	return e.stats[h].estimate(e.buckets, target, shapes[h].sufficient, share, e.best)
}

// Smart returns the feerate, in satoshis per 1000 vB, that a transaction should pay to be mined within target
// blocks, and the target that the answer is for, which may be longer or shorter where the
// history asks for it. A feerate of 0 says that there is no answer.
//
// It is the highest of three: what 60% of transactions needed for half the
// target, 85% for the target and 95% for twice the target. A conservative
// estimate has the last hold over longer horizons, too.
func (e *Estimator) Smart(target int, conservative bool) (feerate int64, within int) {
	if target <= 0 || target > e.Highest(Long) {
		return 0, target
	}
	target = min(max(target, 2), e.usable())
	if target <= 1 {
		return 0, target
	}
	f := max(
		e.combined(target/2, halfShare, true),
		e.combined(target, fullShare, true),
		e.combined(2*target, doubleShare, !conservative),
	)
	if conservative || f == -1 {
		f = max(f, e.longer(2*target))
	}
	return rate(f), target
}

// combined asks the shortest horizon that tells target apart; with shorter set, a lower answer of a
// shorter horizon for the longest target it has counts as well, so that estimates do not rise
// with the target.
func (e *Estimator) combined(target int, share float64, shorter bool) float64 {
	h := Short
	for h < Long && target > e.Highest(h) {
		h++
	}
	if target < 1 || target > e.Highest(h) {
		return -1
	}
	f, _ := e.ask(h, target, share)
	for h--; shorter && h >= Short; h-- {
		if g, _ := e.ask(h, e.Highest(h), share); g > 0 && (f == -1 || g < f) {
			f = g
		}
	}
	return f
}

// longer is the highest answer of the horizons beyond the shortest that tells target apart.
func (e *Estimator) longer(target int) float64 {
	f := -1.0
	for h := Short; h < Long; h++ {
		if target <= e.Highest(h) {
			g, _ := e.ask(h+1, target, doubleShare)
			f = max(f, g)
		}
	}
	return f
}

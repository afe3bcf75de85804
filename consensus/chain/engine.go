package chain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// engine moves the coins. All its fields belong to the goroutine of run.
//
// Invariants: the store's coins are those after tip, which is the last of the
// window or, when that is empty, the last verified block. No block in the
// window is bad by what is known. While hidden, the lock coins is held and tip
// is off the published branch or behind its end; otherwise, with the window
// empty, tip is the published one.
type engine struct {
	c     *Chain
	store Store

	tip      *node
	state    consensus.State // after tip
	hidden   bool            // a reorg is under way that nobody shall see half done
	reverted int             // blocks, since it began to hide

	waiting map[*node]*job // blocks stored, on their way to be applied
	calls   []*call

	unflushed bool        // something has changed since the last freeze
	flushAt   *time.Timer // runs while unflushed
	flushDue  bool
	flush     *flush    // under way; nil: none
	behind    *behind   // nil: there is nothing to prove
	pruneAt   int64     // bytes of bodies at which pruning is tried again
	told      time.Time // when progress was last logged
	checking  string    // why scripts are checked, as last logged; empty while they are not
}

// job is a block handed in. It holds room until it is decided.
type job struct {
	n     *node
	block *wire.Block
	room  int64
	done  func(error) // must not block
}

// moment is a state of the engine in which a call may run.
type moment uint8

const (
	drained moment = iota // all that was applied is verified, and the tip published
	flushed               // and it is flushed
	settled               // drained, and the tip is the best there is
)

// call is a function for the engine to run.
type call struct {
	at   moment
	f    func() error // may be nil
	done chan error   // buffered
}

// inbox is what others hand to the engine. The signal has a buffer of one: it
// says that something has changed since the engine last looked.
type inbox struct {
	signal chan struct{}

	mu     sync.Mutex // guards what follows
	jobs   []*job     // bounded by Chain.room
	calls  []*call    // one for each goroutine that waits
	closed bool
}

func (in *inbox) wake() {
	select {
	case in.signal <- struct{}{}:
	default:
	}
}

// putJob is false when the engine has ended.
func (in *inbox) putJob(j *job) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return false
	}
	in.jobs = append(in.jobs, j)
	in.wake()
	return true
}

func (in *inbox) putCall(f *call) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return false
	}
	in.calls = append(in.calls, f)
	in.wake()
	return true
}

func (in *inbox) nextJob() (j *job) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.jobs) > 0 {
		j, in.jobs[0] = in.jobs[0], nil // it has a block
		in.jobs = in.jobs[1:]
	}
	return j
}

func (in *inbox) takeCalls() []*call {
	in.mu.Lock()
	defer in.mu.Unlock()
	fs := in.calls
	in.calls = nil
	return fs
}

// close refuses what comes later and returns what was not taken.
func (in *inbox) close() ([]*job, []*call) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	return in.jobs, in.calls
}

// do has the engine run f, if not nil, at the given moment, and waits for it.
func (c *Chain) do(ctx context.Context, at moment, f func() error) error {
	k := &call{at: at, f: f, done: make(chan error, 1)}
	if !c.inbox.putCall(k) {
		return c.stopped()
	}
	select {
	case err := <-k.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newEngine(c *Chain, tip *node) *engine {
	e := &engine{
		c: c, store: c.store,
		tip: tip, state: tip.state(c.params),
		waiting: make(map[*node]*job),
		flushAt: time.NewTimer(time.Hour),
		told:    time.Now(),

		checking: "from the start",
	}
	if id := c.params.AssumeValid; !id.IsZero() {
		c.log.Info("a block is assumed valid: scripts of those before it are checked only until its chain is known and has the work", "assumed", id)
	}
	e.flushAt.Stop()
	if c.proving != nil {
		e.prove(c.proving)
	}
	return e
}

func (e *engine) run() {
	for e.c.stopped() == nil {
		if e.step() {
			continue
		}
		select {
		case <-e.c.inbox.signal:
		case <-e.flushAt.C:
			e.flushDue = true
		case <-e.c.quit:
		}
	}
	e.end()
}

// step does the next thing that needs no waiting; false when there is none.
func (e *engine) step() bool {
	if e.flushEnded() || e.commit() || e.commitBehind() {
		return true
	}
	e.calls = append(e.calls, e.c.inbox.takeCalls()...)
	if len(e.calls) == 0 {
		if j := e.c.inbox.nextJob(); j != nil {
			e.accept(j)
			return true
		}
	}
	e.writeHeaders()
	return e.advance() || e.stepBehind()
}

// advance brings the coins one block nearer to the best tip.
func (e *engine) advance() bool {
	empty := len(e.c.window) == 0
	best := e.best()
	crowded := e.store.NeedsFlush()
	switch {
	case e.c.Err() != nil:
		return false
	case e.flush == nil && (e.flushDue || crowded):
		if e.ahead() {
			return false // until what is behind is verified
		}
		e.freeze()
		return true
	case crowded:
		return false // until there is no flush under way
	case e.tip == best:
		return empty && e.settle()
	case !best.follows(e.tip):
		if empty {
			e.revert()
		}
		return empty
	case e.wantsDrain():
		return empty && e.runCalls(flushed)
	case e.full():
		return false
	default:
		e.apply(best.ancestor(e.tip.height() + 1))
		return true
	}
}

func (e *engine) best() *node {
	e.c.mu.RLock()
	defer e.c.mu.RUnlock()
	return e.c.tree.best
}

func (e *engine) full() bool {
	size := int64(0)
	for _, a := range e.c.window {
		size += a.size
	}
	return len(e.c.window) >= windowBlocks || size >= e.c.memory
}

func (e *engine) wantsDrain() bool {
	if e.hidden {
		return false
	}
	for _, k := range e.calls {
		if k.at != settled {
			return true
		}
	}
	return false
}

// settle is for when the best tip is reached and verified: it shows it and
// answers all who waited for that. It says whether it did anything.
func (e *engine) settle() bool {
	e.show()
	did := len(e.waiting) > 0
	for n, j := range e.waiting {
		delete(e.waiting, n)
		e.finish(j, nil)
	}
	return e.runCalls(settled) || did
}

// runCalls runs the calls that may run at a moment or at an earlier one, the
// window being empty. It says whether there was one.
func (e *engine) runCalls(at moment) (did bool) {
	calls := e.calls
	e.calls = nil
	for _, k := range calls {
		if k.at > at || k.at == flushed && e.ahead() {
			e.calls = append(e.calls, k)
			continue
		}
		did = true
		if k.at == flushed {
			e.flushAll()
		}
		err := e.c.Err()
		if err == nil && k.f != nil {
			err = k.f()
		}
		k.done <- err
	}
	return did
}

// accept stores a block that was judged as far as it can be without coins.
func (e *engine) accept(j *job) {
	if known := e.known(j.n); known != nil {
		e.finish(j, known)
		return
	}
	e.writeHeaders()
	if err := e.store.PutBlock(j.block); err != nil {
		e.finish(j, e.c.fail(fmt.Errorf("store block %v: %w", j.n.id, err)))
		return
	}
	e.touched()
	c := e.c
	c.mu.Lock()
	c.tree.gotBody(j.n, len(j.block.Txs))
	c.save(j.n)
	best := c.tree.best
	c.mu.Unlock()
	if best.follows(j.n) && !e.tip.follows(j.n) {
		e.waiting[j.n] = j
		return
	}
	e.finish(j, nil)
}

// known is AddBlock's answer for a block that came to be known while it waited.
func (e *engine) known(n *node) error {
	e.c.mu.RLock()
	defer e.c.mu.RUnlock()
	switch {
	case n.has(bad):
		return badness(n)
	case n.has(hasBody):
		return ErrDuplicate
	default:
		return nil
	}
}

func (e *engine) finish(j *job, err error) {
	if j == nil {
		return
	}
	e.c.room.Release(j.room)
	j.done(err)
}

// writeHeaders hands new headers and marks to the store.
func (e *engine) writeHeaders() {
	hs := e.c.saved()
	if len(hs) == 0 || e.c.Err() != nil {
		return
	}
	if err := e.store.AddHeaders(hs); err != nil {
		e.c.fail(fmt.Errorf("store %d headers: %w", len(hs), err))
		return
	}
	e.touched()
}

// touched starts the time after which the store is flushed.
func (e *engine) touched() {
	if !e.unflushed {
		e.unflushed = true
		e.flushAt.Reset(e.c.every)
	}
}

// end gives up what is not decided, flushes unless the store has failed, and
// answers everybody.
func (e *engine) end() {
	e.abandon()
	e.endBehind()
	e.awaitFlush()
	if e.c.Err() == nil && (e.unflushed || e.hasUnsaved()) {
		e.flushAll()
	}
	if e.hidden {
		e.hidden = false
		e.c.coins.Unlock()
	}
	e.flushAt.Stop()
	why := e.c.stopped()
	if why == nil {
		why = ErrClosed
	}
	for n, j := range e.waiting {
		delete(e.waiting, n)
		e.finish(j, why)
	}
	jobs, calls := e.c.inbox.close()
	for _, j := range jobs {
		e.finish(j, why)
	}
	for _, k := range append(e.calls, calls...) {
		k.done <- why
	}
	close(e.c.ended)
}

func (e *engine) hasUnsaved() bool {
	e.c.mu.RLock()
	defer e.c.mu.RUnlock()
	return len(e.c.unsaved) > 0
}

// isRule says whether err blames a block.
func isRule(err error) bool {
	var r *consensus.RuleError
	return errors.As(err, &r)
}

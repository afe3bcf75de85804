package chain

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// How many checks a worker takes at a time. Many signatures verified together
// cost less each; few leave something for the other workers.
const (
	takeMin = 64
	takeMax = 1024
)

// checker runs script checks on a fixed number of goroutines, in the order in
// which they were handed over and across the blocks that they are of. What waits
// is bounded by those who hand over: the engine by its window, all others by
// waiting for their verdict.
type checker struct {
	fail     func(error) // told of verifiers' errors
	accepted Accepted    // nil for none
	n        int
	workers  sync.WaitGroup

	mu      sync.Mutex // guards what follows
	some    sync.Cond  // something is pending, or closed
	queue   []portion  // oldest first
	pending int        // checks in it
	closed  bool
}

// portion is some of the checks of one verdict, in their order.
type portion struct {
	checks []script.Check
	of     *verdict
}

// verdict is on checks that hold together or not at all. The check that fails
// first in block order is the one reported, however the work was spread. After
// a verifier's error it is never ready.
type verdict struct {
	left   atomic.Int64 // checks
	given  atomic.Bool  // nobody wants to know any more
	ready  atomic.Bool
	signal func()
	block  wire.Hash // zero for none

	mu    sync.Mutex
	fault *failure
}

// failure is a check that failed.
type failure struct {
	script.Check
	why *script.Error
}

// newChecker starts workers, each with a batch of its own.
func newChecker(workers int, batch func() *script.Batch, accepted Accepted, fail func(error)) *checker {
	k := &checker{n: workers, accepted: accepted, fail: fail}
	k.some.L = &k.mu
	for range workers {
		k.workers.Go(func() { k.work(batch()) })
	}
	return k
}

// close waits for the workers to end what was started.
func (k *checker) close() {
	k.mu.Lock()
	k.closed = true
	k.some.Broadcast()
	k.mu.Unlock()
	k.workers.Wait()
}

// start hands checks, of a block or of none, to the workers; signal is called
// once, from anywhere, when the verdict is ready. After close it returns nil.
func (k *checker) start(block wire.Hash, checks []script.Check, signal func()) *verdict {
	v := &verdict{signal: signal, block: block}
	v.left.Store(int64(len(checks)))
	if len(checks) == 0 {
		v.ready.Store(true)
		signal()
		return v
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil
	}
	k.queue = append(k.queue, portion{checks, v})
	k.pending += len(checks)
	if k.pending > takeMin {
		k.some.Broadcast()
	} else {
		k.some.Signal()
	}
	return v
}

// passed is a verdict on what needs no checks.
func passed() *verdict {
	v := new(verdict)
	v.ready.Store(true)
	return v
}

// drop makes what is left of the work trivial.
func (v *verdict) drop() { v.given.Store(true) }

// err is the verdict, once ready: a *consensus.RuleError or nil.
func (v *verdict) err() error {
	f := v.found()
	if f == nil {
		return nil
	}
	return &consensus.RuleError{
		Rule: consensus.Rule(fmt.Sprintf("block-script-verify-flag-failed (%s)", f.why.Detail)),
		Tx:   f.TxIndex,
		In:   f.In,
	}
}

func (v *verdict) found() *failure {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.fault
}

// load is what a worker has taken. It keeps its memory.
type load struct {
	portions []portion
	tasks    []task
	checks   []script.Check // that are not known to hold
	ok       []bool
}

// task is what is left to be done for a portion of n checks.
type task struct {
	of       *verdict
	n        int
	from, to int // the load's checks that are its
}

func (k *checker) work(b *script.Batch) {
	var l load
	for k.take(&l) {
		if err := l.run(b, k.accepted); err != nil {
			k.fail(err)
		}
		b.Forget()
		l.clear()
	}
}

// take waits for work and takes its share of what there is. It is false when
// there will be no more.
func (k *checker) take(l *load) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.pending == 0 {
		if k.closed {
			return false
		}
		k.some.Wait()
	}
	left := min(max(k.pending/(2*k.n), takeMin), takeMax, k.pending)
	k.pending -= left
	for left > 0 {
		p := &k.queue[0]
		n := min(left, len(p.checks))
		l.portions = append(l.portions, portion{p.checks[:n], p.of})
		p.checks = p.checks[n:]
		left -= n
		if len(p.checks) == 0 {
			*p = portion{}
			k.queue = k.queue[1:]
		}
	}
	return true
}

// run judges what was taken. An error is the verifier's; the verdicts that hang
// on it are then never ready.
func (l *load) run(b *script.Batch, accepted Accepted) error {
	for _, p := range l.portions {
		n := len(p.checks)
		if p.of.idle(p.checks[0]) {
			p.of.done(n)
			continue
		}
		from := len(l.checks)
		l.checks = appendUnknown(l.checks, p.checks, accepted)
		l.tasks = append(l.tasks, task{p.of, n, from, len(l.checks)})
	}
	l.ok = slices.Grow(l.ok[:0], len(l.checks))[:len(l.checks)]
	err := b.Pass(l.checks, l.ok)
	for i := 0; i < len(l.tasks) && err == nil; i++ {
		err = l.settle(b, &l.tasks[i])
	}
	return l.inBlock(err)
}

// appendUnknown leaves out the checks of transactions that are known to pass.
func appendUnknown(dst, checks []script.Check, accepted Accepted) []script.Check {
	if accepted == nil {
		return append(dst, checks...)
	}
	for len(checks) > 0 {
		s, n := checks[0].Spend, 1
		for n < len(checks) && checks[n].Spend == s {
			n++
		}
		if !accepted.Has(s.Tx.WitnessID(), s.Flags) {
			dst = append(dst, checks[:n]...)
		}
		checks = checks[n:]
	}
	return dst
}

// settle has those interpreted that the fast path did not accept, up to the
// first that fails.
func (l *load) settle(b *script.Batch, t *task) error {
	for i := t.from; i < t.to; i++ {
		c := l.checks[i]
		if l.ok[i] {
			continue
		}
		if t.of.idle(c) {
			break
		}
		err := b.Interpret(c)
		if why := (*script.Error)(nil); errors.As(err, &why) {
			t.of.failed(c, why)
			break
		}
		if err != nil {
			return err
		}
	}
	t.of.done(t.n)
	return nil
}

// inBlock tells a divergence which block it came up in.
func (l *load) inBlock(err error) error {
	var d *script.Divergence
	if !errors.As(err, &d) {
		return err
	}
	for _, t := range l.tasks {
		for _, c := range l.checks[t.from:t.to] {
			if c.In == d.In && c.Tx.ID() == d.Tx {
				d.Block = t.of.block
				return err
			}
		}
	}
	return err
}

// clear lets go of what was taken and keeps the memory.
func (l *load) clear() {
	clear(l.portions)
	clear(l.tasks)
	clear(l.checks)
	l.portions, l.tasks, l.checks = l.portions[:0], l.tasks[:0], l.checks[:0]
}

// done counts checks that need no more work.
func (v *verdict) done(n int) {
	if v.left.Add(int64(-n)) == 0 {
		v.ready.Store(true)
		v.signal()
	}
}

// idle says that c and what follows it do not matter any more.
func (v *verdict) idle(c script.Check) bool {
	if v.given.Load() {
		return true
	}
	f := v.found()
	return f != nil && f.before(c)
}

func (f *failure) before(c script.Check) bool {
	return f.TxIndex < c.TxIndex || f.TxIndex == c.TxIndex && f.In < c.In
}

func (v *verdict) failed(c script.Check, why *script.Error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fault == nil || !v.fault.before(c) {
		v.fault = &failure{c, why}
	}
}

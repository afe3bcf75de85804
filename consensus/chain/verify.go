package chain

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
)

// batchMax is how many scripts a worker checks between two looks at the queue.
const batchMax = 64

// checker runs script checks on a fixed number of goroutines. They wait for
// nobody but whoever hands them work.
type checker struct {
	batches chan batch
	workers sync.WaitGroup
	n       int

	mu     sync.RWMutex // held for reading while work is handed over
	closed bool
}

type batch struct {
	checks []script.Check
	of     *verdict
}

// verdict is on checks that hold together or not at all. The check that fails
// first in block order is the one reported, however the work was spread.
type verdict struct {
	left   atomic.Int64 // batches
	given  atomic.Bool  // nobody wants to know any more
	ready  atomic.Bool
	signal func()

	mu    sync.Mutex
	fault *consensus.RuleError
}

func newChecker(workers int) *checker {
	k := &checker{batches: make(chan batch, 1024), n: workers}
	for range workers {
		k.workers.Go(func() {
			for b := range k.batches {
				b.run()
			}
		})
	}
	return k
}

// close waits for the workers to end what was started.
func (k *checker) close() {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.batches)
	}
	k.mu.Unlock()
	k.workers.Wait()
}

// start spreads checks over the workers; signal is called once, from anywhere,
// when the verdict is ready. It may wait for a place in the queue. After close
// it returns nil.
func (k *checker) start(checks []script.Check, signal func()) *verdict {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.closed {
		return nil
	}
	v := &verdict{signal: signal}
	size := min(batchMax, max(1, len(checks)/(4*k.n)))
	v.left.Store(int64((len(checks) + size - 1) / size))
	if len(checks) == 0 {
		v.ready.Store(true)
		signal()
		return v
	}
	for len(checks) > 0 {
		n := min(size, len(checks))
		k.batches <- batch{checks[:n], v}
		checks = checks[n:]
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
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fault == nil {
		return nil
	}
	return v.fault
}

func (b batch) run() {
	for _, c := range b.checks {
		if b.of.given.Load() || b.of.faultBefore(c) {
			break
		}
		if err := c.Run(); err != nil {
			b.of.failed(c, err)
			break
		}
	}
	if b.of.left.Add(-1) == 0 {
		b.of.ready.Store(true)
		b.of.signal()
	}
}

func (v *verdict) faultBefore(c script.Check) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.fault != nil && (v.fault.Tx < c.TxIndex || v.fault.Tx == c.TxIndex && v.fault.In < c.In)
}

func (v *verdict) failed(c script.Check, err error) {
	if v.faultBefore(c) {
		return
	}
	why := err.Error()
	var e *script.Error
	if errors.As(err, &e) {
		why = e.Detail
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = &consensus.RuleError{
		Rule: consensus.Rule(fmt.Sprintf("block-script-verify-flag-failed (%s)", why)),
		Tx:   c.TxIndex,
		In:   c.In,
	}
}

package chain

import "fmt"

// flush brings one state to the disk while the engine goes on. It is begun by
// freezing the store, at once, whatever is in the window; it is written, on a
// goroutine of its own, when the last block of that state is verified. What is
// frozen is given up when that block turns out not to hold.
type flush struct {
	at     *node      // the last block
	behind *node      // that of the set behind; nil: there is none
	usage  int64      // bytes of bodies when it began
	done   chan error // has an entry when it has ended; nil: not yet begun
}

// freeze begins a flush at tip. There is none under way.
func (e *engine) freeze() {
	e.writeHeaders()
	if e.c.Err() != nil {
		return
	}
	if err := e.store.Freeze(e.tip.id); err != nil {
		e.c.fail(fmt.Errorf("flush at height %d: %w", e.tip.height(), err))
		return
	}
	e.unflushed, e.flushDue = false, false
	e.flushAt.Stop()
	e.flush = &flush{at: e.tip, behind: e.provenNode(), usage: e.c.Usage()}
	if len(e.c.window) == 0 {
		e.write()
	}
}

// write starts to write what is frozen: it is verified.
func (e *engine) write() {
	done := make(chan error, 1)
	e.flush.done = done
	go func() {
		done <- e.store.Flush()
		e.c.inbox.wake()
	}()
}

// verifiedAt starts to write what waited for n to be verified.
func (e *engine) verifiedAt(n *node) {
	if f := e.flush; f != nil && f.done == nil && f.at == n {
		e.write()
	}
}

// thaw gives up a flush that has not begun to write.
func (e *engine) thaw() {
	if e.flush != nil && e.flush.done == nil {
		e.store.Thaw()
		e.flush = nil
		e.touched()
	}
}

// flushEnded takes note of a flush that has ended, and says whether one has.
func (e *engine) flushEnded() bool {
	if e.flush == nil || e.flush.done == nil {
		return false
	}
	select {
	case err := <-e.flush.done:
		e.ended(err)
		return true
	default:
		return false
	}
}

func (e *engine) ended(err error) {
	f := e.flush
	e.flush = nil
	if err != nil {
		e.c.fail(fmt.Errorf("flush at height %d: %w", f.at.height(), err))
		return
	}
	e.c.disk.Store(&f.at.id)
	e.pruneFlushed(f)
}

// awaitFlush waits for the flush under way, the window being empty or given up.
func (e *engine) awaitFlush() {
	if e.flush != nil && e.flush.done != nil {
		e.ended(<-e.flush.done)
	}
}

// flushAll makes the store durable at tip before it returns; the window is
// empty.
func (e *engine) flushAll() {
	e.awaitFlush()
	e.freeze()
	e.awaitFlush()
}

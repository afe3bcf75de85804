package plainhttp

import (
	"context"
	"net"
	"sync"
	"time"
)

// patience is how long a request runs before its client is watched. Most have
// been answered by then, and cost neither a goroutine nor a read more.
const patience = 20 * time.Millisecond

var past = time.Unix(1, 0)

// watch ends a request whose client leaves, which is seen by reading. mu guards
// cancel and reading. While somebody reads, byte is his; the connection's own
// goroutine, which calls begin and end in turn, does not read meanwhile.
type watch struct {
	nc    net.Conn
	timer *time.Timer

	mu      sync.Mutex
	cancel  context.CancelFunc // of the request that runs; nil: none does
	reading chan struct{}      // closed when the reading has ended; nil: nobody has begun
	early   []byte             // a byte of the next request
}

// begin watches a request, in a while.
func (w *watch) begin(cancel context.CancelFunc) {
	w.mu.Lock()
	w.cancel = cancel
	w.mu.Unlock()
	if w.timer == nil {
		w.timer = time.AfterFunc(patience, w.read)
	} else {
		w.timer.Reset(patience)
	}
}

// read waits for a byte of a request that comes too early, and no longer: who
// has sent one is there. A timer that fires late finds another request, which it
// may watch as well.
func (w *watch) read() {
	w.mu.Lock()
	cancel := w.cancel
	if cancel == nil || w.reading != nil {
		w.mu.Unlock()
		return
	}
	done := make(chan struct{})
	defer close(done)
	w.reading, w.early = done, nil
	_ = w.nc.SetReadDeadline(time.Time{}) // a closed connection is noticed when it is read
	w.mu.Unlock()
	b := make([]byte, 1)
	n, err := w.nc.Read(b)
	w.early = b[:n]
	if err != nil && !timedOut(err) { // which is end's doing
		cancel()
	}
}

// end ends the watching, and returns what has been read of the next request.
func (w *watch) end() (early []byte) {
	if w.timer == nil {
		return nil
	}
	w.timer.Stop()
	w.mu.Lock()
	w.cancel = nil
	done := w.reading
	w.reading = nil
	if done != nil {
		_ = w.nc.SetReadDeadline(past) // a closed connection wakes the reader, too
	}
	w.mu.Unlock()
	if done == nil {
		return nil
	}
	<-done
	return w.early
}

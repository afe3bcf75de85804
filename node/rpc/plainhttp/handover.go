package plainhttp

import (
	"net"
	"sync"
)

// handover is a listener of connections that come from here instead of the
// network.
type handover struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// give hands a connection over, from which sent has been read. From then on it
// is the other side's; when there is none any more, it is closed.
func (h *handover) give(c net.Conn, sent []byte) {
	select {
	case h.conns <- &handed{Conn: c, sent: sent}:
	case <-h.closed:
		_ = c.Close() // nobody is there to hear what went wrong
	}
}

// Accept, Close and Addr make it a net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handover) Addr() net.Addr { return h.addr }

// handed is a connection that is read from the first byte on once more.
type handed struct {
	net.Conn
	sent []byte // what is still to be read of it; only readers touch it
}

func (h *handed) Read(b []byte) (int, error) {
	if len(h.sent) == 0 {
		return h.Conn.Read(b)
	}
	n := copy(b, h.sent)
	if h.sent = h.sent[n:]; len(h.sent) == 0 {
		h.sent = nil // the memory
	}
	return n, nil
}

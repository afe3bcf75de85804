package plainhttp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"
)

const (
	usual   = 4 << 10  // bytes of a buffer that a connection keeps
	maxBody = 32 << 10 // bytes of a plain request's body
)

// States of a connection. Its own goroutine takes it from idle to busy, when a
// request has come as a whole, and back; the server's end takes it from idle to
// ended, and closes it.
const (
	idle = iota
	busy
	ended
)

// conn is a connection that is served here. All of it is its goroutine's, but
// for state, and for what watch says.
type conn struct {
	s       *server
	nc      net.Conn
	state   atomic.Int32
	in      []byte          // read and not served yet
	again   bool            // something was served
	last    *head           // of the newest request
	pattern *http.Request   // what all requests have in common
	ctx     context.Context // until the connection ends
	body    body
	answer  answer
	watch   watch
}

func newConn(s *server, nc net.Conn) *conn {
	c := &conn{s: s, nc: nc, in: make([]byte, 0, usual), last: new(head)}
	c.pattern = &http.Request{Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if a := nc.RemoteAddr(); a != nil { // some systems do not tell it of who has left already
		c.pattern.RemoteAddr = a.String()
	}
	c.answer = answer{s: s, nc: nc, header: make(http.Header)}
	c.watch.nc = nc
	return c
}

// endIdle closes the connection if it serves nothing.
func (c *conn) endIdle() {
	if c.state.CompareAndSwap(idle, ended) {
		_ = c.nc.Close() // the server ends
	}
}

// serve answers requests until one is not plain, or none comes.
func (c *conn) serve() {
	ctx, cancel := context.WithCancel(c.s.base)
	defer cancel()
	c.ctx = ctx
	handed := false
	defer func() {
		p := recover()
		if err, _ := p.(error); p != nil && !errors.Is(err, http.ErrAbortHandler) {
			c.s.Log.Error("panic in a request", "from", c.pattern.RemoteAddr, "panic", p, "stack", string(debug.Stack()))
		}
		c.watch.end() // of a handler that panicked
		if !handed {
			_ = c.nc.Close() // what was to be sent is sent
		}
	}()
	for {
		h, then := c.next()
		if then == handOver {
			handed = true
			c.s.hand.give(c.nc, c.in)
			return
		}
		if then == hangUp || !c.state.CompareAndSwap(idle, busy) || !c.handle(h) {
			return
		}
		c.state.Store(idle)
		if c.s.ending.Load() {
			return // the server saw a busy connection, or has closed an idle one
		}
	}
}

// step is what a connection does next.
type step int

const (
	answerIt step = iota
	handOver      // to net/http, with all of in
	hangUp
)

// next waits until a request has come as a whole, or is known not to be plain.
func (c *conn) next() (h *head, then step) {
	c.waitFrom(time.Now())
	if len(c.in) == 0 {
		if err := c.read(); err != nil {
			return nil, hangUp
		}
	}
	late := false
	for sought, blanks := 0, 0; ; {
		blanks += c.skipBlanks(blanks)
		few := c.again && len(c.in)+blanks < len(emptyLines)
		if h == nil && !few {
			var plain bool
			if h, plain = c.look(sought); !plain {
				return nil, handOver
			}
			sought = len(c.in)
		}
		if h != nil && len(c.in) >= len(h.raw)+h.length {
			return h, answerIt
		}
		if !late { // once it has begun
			late = true
			c.waitFrom(time.Now())
		}
		switch err := c.read(); {
		case errors.Is(err, io.EOF) && len(c.in) > 0 && !few:
			return nil, handOver // which knows what is said to half a request
		case err != nil:
			return nil, hangUp
		}
	}
}

// waitFrom gives the client its time to send.
func (c *conn) waitFrom(now time.Time) {
	_ = c.nc.SetReadDeadline(now.Add(c.s.Timeout)) // a closed connection is noticed when it is read
}

// read reads what has come, into no more than twice its room.
func (c *conn) read() error {
	c.in = slices.Grow(c.in, 1)
	n, err := c.nc.Read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	if n > 0 {
		return nil
	}
	return err
}

// emptyLines are what net/http lets old clients send behind a body: up to four bytes of these.
const emptyLines = "\r\n\r\n"

// skipBlanks drops them, of which so many were dropped before.
func (c *conn) skipBlanks(before int) (n int) {
	if !c.again {
		return 0
	}
	for n < len(c.in) && before+n < len(emptyLines) && (c.in[n] == '\r' || c.in[n] == '\n') {
		n++
	}
	if n > 0 {
		c.in = c.in[:copy(c.in, c.in[n:])]
	}
	return n
}

// look says whether what has come can be, or become, a plain request, and
// returns its head once that is there. The first sought bytes do not end one.
func (c *conn) look(sought int) (h *head, plain bool) {
	if n := min(len(c.in), len(begin)); string(c.in[:n]) != begin[:n] {
		return nil, false
	}
	n, plain := endOfHead(c.in, sought)
	if !plain || n > c.s.MaxHeaders || n == 0 && len(c.in) > c.s.MaxHeaders {
		return nil, false
	}
	if n == 0 {
		return nil, true
	}
	if string(c.in[:n]) == string(c.last.raw) {
		return c.last, true
	}
	if h = parse(c.in[:n]); h == nil || h.length > maxBody {
		return nil, false
	}
	c.last = h
	return h, true
}

// handle answers a request, and says whether another may follow.
func (c *conn) handle(h *head) (more bool) {
	size := len(h.raw) + h.length
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	r := c.pattern.WithContext(ctx)
	r.URL, r.RequestURI, r.Host, r.Header = h.url, h.url.Path, h.host, h.header
	r.ContentLength, r.Close, r.Body = int64(h.length), h.last, http.NoBody
	if h.length > 0 {
		c.body.rest = c.in[len(h.raw):size]
		r.Body = &c.body
	}
	c.watch.begin(cancel)
	c.answer.begin(h.last)
	c.s.Handler.ServeHTTP(&c.answer, r)
	more = c.answer.end()
	early := c.watch.end()
	c.body.rest = nil
	c.again = true
	c.drop(size)
	c.in = append(c.in, early...)
	return more
}

// drop removes what was served, and gives a large buffer back.
func (c *conn) drop(n int) {
	rest := c.in[n:]
	if cap(c.in) > usual && len(rest) < usual {
		c.in = make([]byte, 0, usual)
		c.in = append(c.in, rest...)
		return
	}
	c.in = c.in[:copy(c.in, rest)]
}

// body is a request's, which has come as a whole.
type body struct{ rest []byte }

func (b *body) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *body) Close() error {
	b.rest = nil
	return nil
}

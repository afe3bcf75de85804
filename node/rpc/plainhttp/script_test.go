package plainhttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// script is a connection whose client sends these pieces, then no more, and
// keeps what it is answered.
type script struct {
	name   addr
	mu     sync.Mutex
	pieces [][]byte
	answer bytes.Buffer
	closed chan struct{}
	once   sync.Once
}

type addr string

func (a addr) Network() string { return "script" }
func (a addr) String() string  { return string(a) }

func (s *script) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.pieces[0])
	if s.pieces[0] = s.pieces[0][n:]; len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

func (s *script) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer.Write(b)
}

func (s *script) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func (s *script) LocalAddr() net.Addr              { return addr("server") }
func (s *script) RemoteAddr() net.Addr             { return s.name }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// stage is a server that plays scripts, and what its handler saw, by client.
type stage struct {
	l    *handover
	mu   sync.Mutex
	next int
	saw  map[string][]string
}

// newStage starts one: run serves a listener with a handler until ctx ends.
func newStage(t testing.TB, run func(ctx context.Context, l net.Listener, h http.Handler)) *stage {
	s := &stage{l: newHandover(addr("server")), saw: make(map[string][]string)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx, s.l, s)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return s
}

// play sends pieces, and returns what was answered and what the handler saw.
func (s *stage) play(pieces ...[]byte) (answer []byte, saw []string) {
	s.mu.Lock()
	s.next++
	c := &script{name: addr(fmt.Sprintf("client %d", s.next)), closed: make(chan struct{})}
	s.mu.Unlock()
	for _, p := range pieces {
		if len(p) > 0 {
			c.pieces = append(c.pieces, bytes.Clone(p))
		}
	}
	s.l.conns <- c
	<-c.closed
	s.mu.Lock()
	defer s.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	saw = s.saw[c.name.String()]
	delete(s.saw, c.name.String())
	return c.answer.Bytes(), saw
}

func testConfig(h http.Handler) Config {
	return Config{Handler: h, Timeout: time.Minute, Grace: time.Minute, MaxHeaders: 8 << 10, Log: slog.New(slog.DiscardHandler)}
}

// here is a stage of this package's server, there one of net/http's.
func here(t testing.TB) *stage {
	return newStage(t, func(ctx context.Context, l net.Listener, h http.Handler) {
		if err := Serve(ctx, l, testConfig(h)); err != nil {
			t.Error(err)
		}
	})
}

func there(t testing.TB) *stage {
	return newStage(t, func(ctx context.Context, l net.Listener, h http.Handler) {
		c := testConfig(h)
		s := &http.Server{
			Handler: h, ReadTimeout: c.Timeout, MaxHeaderBytes: c.MaxHeaders, ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
		}
		defer context.AfterFunc(ctx, func() { _ = s.Close() })()
		_ = s.Serve(l)
	})
}

package plainhttp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what a server is built from.
type Config struct {
	// Handler answers. It must not keep or change what it gets, nor write later
	// than it returns; of http.ResponseController it may set write deadlines.
	Handler http.Handler
	// Timeout is how long a client may send nothing, take for a request, and
	// read nothing of an answer.
	Timeout    time.Duration
	Grace      time.Duration // for requests that run when the server ends
	MaxHeaders int           // bytes of a request's headers, about
	Log        *slog.Logger
}

// server serves one listener. mu guards conns and ending; whoever changes a
// connection's state does so as conn.state says.
type server struct {
	Config
	base  context.Context // of requests
	other *http.Server    // answers what is not plain
	hand  *handover       // to it

	mu     sync.Mutex
	conns  map[*conn]struct{} // those that are served here
	none   chan struct{}      // closed when the last has gone, once the server ends
	ending atomic.Bool        // set under mu
}

// Serve answers whoever connects, until ctx ends, of which requests have a
// context. Then requests that run have a while to end. It closes the listener.
func Serve(ctx context.Context, l net.Listener, c Config) error {
	base, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{Config: c, base: base, hand: newHandover(l.Addr()), conns: make(map[*conn]struct{}), none: make(chan struct{})}
	s.other = &http.Server{
		Handler:           c.Handler,
		ReadHeaderTimeout: c.Timeout,
		ReadTimeout:       c.Timeout,
		IdleTimeout:       c.Timeout,
		MaxHeaderBytes:    c.MaxHeaders,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	handed := make(chan struct{})
	go func() {
		defer close(handed)
		_ = s.other.Serve(s.hand) // until it is shut down: the handover never fails
	}()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // so that accept ends
	defer stop()
	err := s.accept(l)
	_ = l.Close() // it has failed, or is closed
	s.shutdown()
	<-handed
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// accept serves connections until the listener fails, but for a moment.
func (s *server) accept(l net.Listener) error {
	var pause time.Duration
	for {
		c, err := l.Accept()
		if err == nil {
			pause = 0
			s.start(c)
			continue
		}
		if t, ok := err.(interface{ Temporary() bool }); !ok || !t.Temporary() {
			return err
		}
		// Out of file descriptors, say: as net/http, wait and try again.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.Log.Debug("accept", "err", err, "again in", pause)
		select {
		case <-time.After(pause):
		case <-s.base.Done():
		}
	}
}

// start serves a connection, in a goroutine of its own.
func (s *server) start(nc net.Conn) {
	c := newConn(s, nc)
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	go func() {
		defer s.gone(c)
		c.serve()
	}()
}

func (s *server) gone(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.ending.Load() && len(s.conns) == 0 {
		close(s.none)
	}
}

// shutdown ends idle connections, here and in net/http, lets busy ones answer,
// and cuts off those that have not when the grace is over.
func (s *server) shutdown() {
	grace, cancel := context.WithTimeout(context.WithoutCancel(s.base), s.Grace)
	defer cancel()
	s.mu.Lock()
	s.ending.Store(true)
	for c := range s.conns {
		c.endIdle()
	}
	if len(s.conns) == 0 {
		close(s.none)
	}
	s.mu.Unlock()
	if s.other.Shutdown(grace) != nil {
		_ = s.other.Close() // whoever is still connected has had the grace
	}
	select {
	case <-s.none:
		return
	case <-grace.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.nc.Close() // as above
	}
}

// timedOut says whether an error is a deadline that has passed.
func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

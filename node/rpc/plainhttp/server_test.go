package plainhttp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	plain = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
	get   = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
)

// served is a server whose clients are at the ends of pipes: what they have
// written, somebody has read.
type served struct {
	l     *handover
	end   func()
	ended chan error
}

func serve(t *testing.T, c Config) *served {
	ctx, cancel := context.WithCancel(t.Context())
	s := &served{l: newHandover(addr("server")), end: cancel, ended: make(chan error, 1)}
	go func() { s.ended <- Serve(ctx, s.l, c) }()
	return s
}

// stop ends the server, and waits for it.
func (s *served) stop(t *testing.T) {
	t.Helper()
	s.end()
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
}

// client is one end of a connection to it.
type client struct {
	net.Conn
	in *bufio.Reader
	t  *testing.T
}

func (s *served) dial(t *testing.T) *client {
	theirs, ours := net.Pipe()
	s.l.conns <- ours
	t.Cleanup(func() { _ = theirs.Close() })
	return &client{theirs, bufio.NewReader(theirs), t}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Error(err)
	}
}

// read reads an answer, and whether it is to be the last.
func (c *client) read() (body string, last bool) {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(raw), res.Close
}

// closed waits for the server to hang up.
func (c *client) closed() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
		c.t.Errorf("%q, %v instead of the end", rest, err)
	}
}

func TestLeavingClientEndsItsRequest(t *testing.T) {
	running, left := make(chan struct{}), make(chan error)
	s := serve(t, testConfig(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		running <- struct{}{}
		<-r.Context().Done()
		left <- context.Cause(r.Context())
	})))
	for _, request := range []string{plain, get} {
		c := s.dial(t)
		c.send(request)
		<-running
		_ = c.Close()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	s.stop(t)
}

// What comes while a request runs belongs to the next one; and whoever has sent it
// is still there.
func TestEarlyRequestWaits(t *testing.T) {
	running, goOn := make(chan struct{}), make(chan struct{})
	s := serve(t, testConfig(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running <- struct{}{}
		<-goOn
		if r.Context().Err() != nil {
			t.Error("the client is taken for gone")
		}
		_, _ = io.WriteString(w, r.Method)
	})))
	c := s.dial(t)
	c.send(plain)
	for _, next := range []string{plain, plain, get} {
		<-running
		c.send(next[:1]) // read meanwhile: a pipe keeps nothing
		goOn <- struct{}{}
		if body, _ := c.read(); body != "POST" {
			t.Errorf("answered %q", body)
		}
		c.send(next[1:])
	}
	<-running
	goOn <- struct{}{}
	if body, _ := c.read(); body != "GET" {
		t.Errorf("answered %q", body)
	}
	s.stop(t)
	c.closed()
}

// At the end idle connections are closed, and busy ones answer first.
func TestEndLetsRequestsEnd(t *testing.T) {
	running, goOn := make(chan struct{}), make(chan struct{})
	s := serve(t, testConfig(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running <- struct{}{}
		<-goOn
		<-r.Context().Done()
		_, _ = io.WriteString(w, "at last")
	})))
	idle, half, ours, theirs := s.dial(t), s.dial(t), s.dial(t), s.dial(t)
	half.send(plain[:20])
	ours.send(plain)
	<-running
	theirs.send(get)
	<-running
	s.end()
	idle.closed()
	half.closed()
	close(goOn)
	if body, last := ours.read(); body != "at last" || !last {
		t.Errorf("%q, the last: %v", body, last)
	}
	ours.closed()
	if body, _ := theirs.read(); body != "at last" { // net/http may learn of the end a moment later
		t.Errorf("%q", body)
	}
	theirs.closed()
	s.stop(t)
}

func TestEndWaitsForNobodyForEver(t *testing.T) {
	running, goOn := make(chan struct{}), make(chan struct{})
	config := testConfig(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		running <- struct{}{}
		<-goOn
	}))
	config.Grace = time.Millisecond
	s := serve(t, config)
	ours, theirs := s.dial(t), s.dial(t)
	ours.send(plain)
	<-running
	theirs.send(get)
	<-running
	s.stop(t)
	ours.closed()
	theirs.closed()
	close(goOn)
}

// A panic ends its connection, not the server, and is logged.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	config := testConfig(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, asked := r.Header["Origin"]; asked {
			panic("as asked")
		}
		_, _ = io.WriteString(w, "fine")
	}))
	config.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := serve(t, config)
	bad, good := s.dial(t), s.dial(t)
	bad.send(strings.Replace(plain, "Host", "Origin: b\r\nHost", 1))
	bad.closed()
	good.send(plain)
	if body, _ := good.read(); body != "fine" {
		t.Errorf("answered %q", body)
	}
	s.stop(t)
	if !strings.Contains(log.String(), "as asked") || !strings.Contains(log.String(), "server_test.go") {
		t.Errorf("logged: %s", &log)
	}
}

// Clients that send or read nothing are cut off.
func TestSlowClients(t *testing.T) {
	failed := make(chan error, 1)
	config := testConfig(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := w.Write(make([]byte, 2*atOnce))
		for err == nil {
			_, err = w.Write(make([]byte, 2*atOnce))
		}
		failed <- err
	}))
	config.Timeout = 10 * time.Millisecond
	s := serve(t, config)
	s.dial(t).closed()
	half := s.dial(t)
	_, _ = io.WriteString(half, plain[:len(plain)-1]) // it may be too late already
	half.closed()
	for {
		if _, err := io.WriteString(s.dial(t), plain); err == nil {
			break // all of it was read in time, and is answered to nobody
		}
	}
	if err := <-failed; !timedOut(err) {
		t.Error(err)
	}
	s.stop(t)
}

// flaky is a listener that fails as told, then as its connections do.
type flaky struct {
	*handover
	fail chan error
}

func (f *flaky) Accept() (net.Conn, error) {
	select {
	case err := <-f.fail:
		return nil, err
	case c := <-f.conns:
		return c, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

type fleeting struct{ error }

func (fleeting) Temporary() bool { return true }

func TestListenerFails(t *testing.T) {
	l := &flaky{newHandover(addr("server")), make(chan error)}
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(t.Context(), l, testConfig(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	}()
	l.fail <- fleeting{errors.New("too many open files")}
	s := &served{l: l.handover}
	c := s.dial(t)
	c.send(plain)
	c.read()
	broken := errors.New("broken")
	l.fail <- broken
	if err := <-ended; !errors.Is(err, broken) {
		t.Error(err)
	}
	c.closed()
}

// A client that sent much once does not keep that much memory.
func TestLargeRequestLeavesNoBuffer(t *testing.T) {
	c := &conn{in: make([]byte, 0, usual)}
	c.in = append(c.in, make([]byte, maxBody)...)
	c.in = append(c.in, "next"...)
	c.drop(maxBody)
	if string(c.in) != "next" || cap(c.in) != usual {
		t.Errorf("%d bytes of %d", len(c.in), cap(c.in))
	}
	c.drop(2)
	if string(c.in) != "xt" || cap(c.in) != usual {
		t.Errorf("%q of %d", c.in, cap(c.in))
	}
}

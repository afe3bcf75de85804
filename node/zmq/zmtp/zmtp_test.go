package zmtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func publish(t *testing.T, endpoint string, highWater int) *Publisher {
	t.Helper()
	p, err := Listen(t.Context(), Config{Endpoint: endpoint, HighWater: highWater, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

// subscriberTo connects and says READY, by hand.
func subscriberTo(t *testing.T, p *Publisher, topics ...string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), p.Addr().Network(), p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(3 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	out := greeting()
	out = appendCommand(out, "READY", socketType("SUB"))
	for _, topic := range topics {
		out = appendFrame(out, 0, append([]byte{1}, topic...))
	}
	// The answer to a heartbeat tells that all before it was read.
	out = appendCommand(out, "PING", []byte("\x00\x0aabc"))
	if _, err := c.Write(out); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, greetingSize)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READY", "PONG"} {
		f, err := readFrame(c)
		if err != nil {
			t.Fatal(err)
		}
		if name, data, ok := f.command(); !ok || name != want || name == "PONG" && string(data) != "abc" {
			t.Fatalf("%q %q, want %s", name, data, want)
		}
	}
	return c
}

// next reads a message's parts.
func next(t *testing.T, c net.Conn) (parts []string) {
	t.Helper()
	for {
		f, err := readFrame(c)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(f.body))
		if f.flags&flagMore == 0 {
			return parts
		}
	}
}

func TestPublish(t *testing.T) {
	for _, endpoint := range []string{"tcp://127.0.0.1:0", "ipc://" + filepath.Join(t.TempDir(), "sock")} {
		p := publish(t, endpoint, 10)
		blocks, all, none := subscriberTo(t, p, "hashblock"), subscriberTo(t, p, ""), subscriberTo(t, p)
		long := strings.Repeat("x", 1000)
		p.Publish([]byte("hashtx"), []byte(long), []byte{1, 0, 0, 0})
		p.Publish([]byte("hashblock"), []byte("b"), []byte{2, 0, 0, 0})
		if got := fmt.Sprintf("%q", next(t, blocks)); got != `["hashblock" "b" "\x02\x00\x00\x00"]` {
			t.Errorf("%s", got)
		}
		if got := next(t, all); got[0] != "hashtx" || got[1] != long {
			t.Errorf("%q", got)
		}
		if got := next(t, all); got[0] != "hashblock" {
			t.Errorf("%q", got)
		}
		if _, err := none.Write(appendFrame(nil, 0, []byte("\x01seq"))); err != nil {
			t.Fatal(err)
		}
		if _, err := none.Write(appendCommand(nil, "PING", []byte("\x00\x0a"))); err != nil {
			t.Fatal(err)
		}
		if f, err := readFrame(none); err != nil || f.flags&flagCommand == 0 {
			t.Fatalf("before it subscribed it got %q, %v", f.body, err)
		}
		p.Publish([]byte("sequence"), []byte("s"))
		if got := next(t, none); got[1] != "s" {
			t.Errorf("%q", got)
		}
	}
}

// Subscriptions of version 3.1 come as commands; what is cancelled ends.
func TestCommands(t *testing.T) {
	s := newSubscriber(nil, 0)
	say := func(f frame) {
		t.Helper()
		if err := s.hear(&f); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name, data string) frame {
		return frame{flagCommand, append(append([]byte{byte(len(name))}, name...), data...)}
	}
	say(command("SUBSCRIBE", "raw"))
	say(frame{0, []byte("\x01raw")})
	say(command("CANCEL", "raw"))
	if !s.wants([]byte("rawtx")) || s.wants([]byte("hash")) {
		t.Error("subscribed twice and cancelled once: it is still wanted")
	}
	say(frame{0, []byte("\x00raw")})
	say(frame{0, []byte("\x00never")})
	if s.wants([]byte("rawtx")) || len(s.topics) != 0 {
		t.Error("it was cancelled as often as it was subscribed to")
	}
}

// A subscriber that does not read loses messages beyond the high water mark, and
// no more than the bound of bytes waits.
func TestSlowSubscriber(t *testing.T) {
	s := newSubscriber(nil, 3)
	for range 5 {
		s.offer([]byte("m"))
	}
	if len(s.waiting) != 3 || s.size != 3 {
		t.Errorf("%d messages wait", len(s.waiting))
	}
	s = newSubscriber(nil, 0)
	big := make([]byte, maxWaiting+1)
	s.offer(big)
	s.offer(big)
	if len(s.waiting) != 1 {
		t.Errorf("%d messages of %d bytes wait", len(s.waiting), len(big))
	}
}

// What must not subscribe is refused, and what misbehaves is left.
func TestRefused(t *testing.T) {
	good := greeting()
	change := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	ready := func(kind string) []byte { return appendCommand(nil, "READY", socketType(kind)) }
	for name, sent := range map[string][]byte{
		"signature":    change(0, 0),
		"version":      change(signatureEnd, 2),
		"mechanism":    change(mechanismAt, 'P'),
		"socket type":  append(bytes.Clone(good), ready("PUSH")...),
		"no command":   append(bytes.Clone(good), 0, 1, 'x'),
		"cut property": append(bytes.Clone(good), appendCommand(nil, "READY", []byte{200, 'a'})...),
		"huge frame":   append(append(bytes.Clone(good), ready("SUB")...), flagLong, 0, 0, 0, 0, 0xff, 0, 0, 0),
		"flags":        append(append(bytes.Clone(good), ready("SUB")...), 0xf0, 0),
		"long prefix":  append(append(bytes.Clone(good), ready("SUB")...), appendFrame(nil, 0, bytes.Repeat([]byte{1}, 300))...),
	} {
		t.Run(name, func(t *testing.T) {
			p := publish(t, "tcp://127.0.0.1:0", 0)
			c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(3 * time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection was not ended: %v", err)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:1", "tcp://127.0.0.1", "ipc://", "inproc://x", "unix:"} {
		if CheckEndpoint(bad) == nil {
			t.Errorf("%q passed", bad)
		}
	}
	if _, address, err := parseEndpoint("tcp://*:28332"); err != nil || address != ":28332" {
		t.Errorf("%q, %v", address, err)
	}
}

func FuzzHandshake(f *testing.F) {
	f.Add(append(greeting(), appendCommand(nil, "READY", socketType("SUB"))...))
	f.Fuzz(func(t *testing.T, theirs []byte) {
		rw := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(theirs), io.Discard}
		if handshake(rw) != nil {
			return
		}
		s := newSubscriber(nil, 1)
		for {
			fr, err := readFrame(rw)
			if err != nil || s.hear(&fr) != nil {
				return
			}
		}
	})
}

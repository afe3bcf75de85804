package rpc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
)

// Whoever takes localhost for either of its addresses is answered, and after Close nobody.
func TestLocalhostIsBothAddresses(t *testing.T) {
	if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp6", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := listen(t.Context(), "localhost:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	dial := func(host string) (net.Conn, error) {
		return new(net.Dialer).DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := dial(host)
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.RemoteAddr().String(), c.LocalAddr().String(); got != want {
			t.Errorf("by %s: accepted %s, want %s", host, got, want)
		}
		if err := errors.Join(c.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		if c, err := dial(host); err == nil {
			t.Errorf("%s still answers", host)
			_ = c.Close()
		}
	}
}

// Where another program has one of the addresses, the other one does.
func TestLocalhostWithoutIPv6(t *testing.T) {
	other, err := new(net.ListenConfig).Listen(t.Context(), "tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	defer func() { _ = other.Close() }()
	_, port, _ := net.SplitHostPort(other.Addr().String())
	told := new(counter)
	l, err := listen(t.Context(), "localhost:"+port, slog.New(told))
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Addr().String(); got != "127.0.0.1:"+port || told.n != 1 {
		t.Errorf("it listens on %s and says %d things", got, told.n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// counter counts what is logged.
type counter struct {
	slog.TextHandler
	n int
}

func (c *counter) Enabled(context.Context, slog.Level) bool      { return true }
func (c *counter) Handle(_ context.Context, _ slog.Record) error { c.n++; return nil }

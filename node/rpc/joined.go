package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"
)

// listen opens the port. Of localhost's two addresses the IPv4 one must be had; the
// other as well where there is one, as in Bitcoin Core: some clients know no other.
func listen(ctx context.Context, addr string, log *slog.Logger) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host != "localhost" {
		return new(net.ListenConfig).Listen(ctx, "tcp", addr)
	}
	four, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	_, port, _ = net.SplitHostPort(four.Addr().String()) // of 0 the system made another
	six, err := new(net.ListenConfig).Listen(ctx, "tcp6", net.JoinHostPort("::1", port))
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT):
		return four, nil // a machine without IPv6
	case err != nil:
		log.Warn("RPC listens on 127.0.0.1 alone: clients that take localhost for [::1] reach another program", "err", err)
		return four, nil
	}
	return join(four, six), nil
}

// joined is two listeners in one, with the first one's address. Each has a goroutine that
// accepts, until it fails for good or Close.
type joined struct {
	all      []net.Listener
	accepted chan accepted
	closed   chan struct{}
	once     sync.Once
	running  sync.WaitGroup
	err      error // of closing
}

type accepted struct {
	conn net.Conn
	err  error
}

func join(all ...net.Listener) *joined {
	j := &joined{all: all, accepted: make(chan accepted), closed: make(chan struct{})}
	for _, l := range all {
		j.running.Go(func() { j.run(l) })
	}
	return j
}

func (j *joined) run(l net.Listener) {
	for {
		c, err := l.Accept()
		select {
		case j.accepted <- accepted{c, err}:
		case <-j.closed:
			if err == nil {
				_ = c.Close() // nobody has been told of it
			}
			return
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// Accept, Close and Addr make it a net.Listener.
func (j *joined) Accept() (net.Conn, error) {
	select {
	case a := <-j.accepted:
		return a.conn, a.err
	case <-j.closed:
		return nil, fmt.Errorf("accept on %v: %w", j.Addr(), net.ErrClosed)
	}
}

func (j *joined) Close() error {
	j.once.Do(func() {
		close(j.closed)
		for _, l := range j.all {
			j.err = errors.Join(j.err, l.Close())
		}
		j.running.Wait()
	})
	return j.err
}

func (j *joined) Addr() net.Addr { return j.all[0].Addr() }

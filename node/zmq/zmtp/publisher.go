package zmtp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	maxSubscribers = 128
	patience       = 10 * time.Second // for a handshake
)

// Config is what a Publisher is opened with.
type Config struct {
	Endpoint string // tcp://host:port (host * for all), ipc://path or unix:path
	// HighWater is how many messages wait for a subscriber, at most; further
	// ones are lost for it. 0 leaves the bound of bytes alone (maxWaiting).
	HighWater int
	Log       *slog.Logger
}

// Publisher is a PUB socket that listens.
//
// mu guards subscribers: exactly the connections whose handshake succeeded and
// that have not ended. Each connection is served by two goroutines of Run's, one that
// reads what it subscribes to and one that sends.
type Publisher struct {
	c        Config
	listener net.Listener

	mu          sync.Mutex
	subscribers map[*subscriber]struct{}
}

// Listen opens the endpoint; subscribers are served once Run runs.
func Listen(ctx context.Context, c Config) (*Publisher, error) {
	network, address, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		removeStale(ctx, address)
	}
	l, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Endpoint, err)
	}
	return &Publisher{c: c, listener: l, subscribers: make(map[*subscriber]struct{})}, nil
}

// CheckEndpoint says what is wrong with an endpoint's form, if anything.
func CheckEndpoint(endpoint string) error {
	_, _, err := parseEndpoint(endpoint)
	return err
}

func parseEndpoint(s string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(s, "ipc://"); ok && path != "" {
		return "unix", path, nil
	}
	if path, ok := strings.CutPrefix(s, "unix:"); ok && path != "" {
		return "unix", path, nil
	}
	if rest, ok := strings.CutPrefix(s, "tcp://"); ok {
		host, port, err := net.SplitHostPort(rest)
		if err != nil {
			return "", "", fmt.Errorf("%q is no endpoint: %w", s, err)
		}
		if host == "*" {
			host = ""
		}
		return "tcp", net.JoinHostPort(host, port), nil
	}
	return "", "", fmt.Errorf("%q is no endpoint: use tcp://host:port, ipc://path or unix:path", s)
}

// removeStale removes the socket file of a process that is gone: one on which
// nobody answers.
func removeStale(ctx context.Context, path string) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSocket == 0 {
		return
	}
	if c, err := new(net.Dialer).DialContext(ctx, "unix", path); err == nil {
		_ = c.Close()
		return
	}
	_ = os.Remove(path) // if it stays, listening says so
}

// Addr is where the publisher listens.
func (p *Publisher) Addr() net.Addr { return p.listener.Addr() }

// Close ends a publisher that will not run.
func (p *Publisher) Close() error { return p.listener.Close() }

// Run accepts subscribers and serves them until ctx ends.
func (p *Publisher) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = p.listener.Close() })()
	var serving sync.WaitGroup
	defer serving.Wait()
	defer cancel() // before waiting
	places := make(chan struct{}, maxSubscribers)
	for {
		conn, err := p.listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("zmq: %w", err)
		}
		if err != nil { // out of descriptors, perhaps: others keep their places
			p.c.Log.Warn("subscriber not accepted", "endpoint", p.c.Endpoint, "err", err)
			pause(ctx, time.Second)
			continue
		}
		select {
		case places <- struct{}{}:
		default:
			p.c.Log.Warn("too many subscribers, one was refused", "endpoint", p.c.Endpoint, "most", maxSubscribers)
			_ = conn.Close()
			continue
		}
		serving.Go(func() {
			defer func() { <-places }()
			if err := p.serve(ctx, conn); err != nil && ctx.Err() == nil {
				p.c.Log.Debug("subscriber left", "endpoint", p.c.Endpoint, "from", conn.RemoteAddr(), "err", err)
			}
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// serve shakes hands with one that connected, then keeps it until either side
// ends.
func (p *Publisher) serve(ctx context.Context, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := handshake(conn); err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	s := newSubscriber(conn, p.c.HighWater)
	p.mu.Lock()
	p.subscribers[s] = struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.subscribers, s)
		p.mu.Unlock()
	}()
	return s.run()
}

// Publish sends a message of several parts to all that subscribed to a prefix
// of the first. It does not wait: who cannot keep up loses it.
func (p *Publisher) Publish(parts ...[]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var message []byte
	for s := range p.subscribers {
		if !s.wants(parts[0]) {
			continue
		}
		if message == nil {
			message = encode(parts)
		}
		s.offer(message)
	}
}

package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain waits for libp2p's last goroutines, which end some time after what
// they belong to has been closed: on a busy machine later than goleak is patient.
func TestMain(m *testing.M) {
	code := m.Run()
	for end := time.Now().Add(patience); code == 0 && goleak.Find() != nil && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // they announce nothing
	}
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// node is a Net of the tests with what it saw.
type node struct {
	*Net
	t      *testing.T
	joined chan Peer
	left   chan Peer
	values chan value
	stop   func()

	publish func(context.Context, string) error
	mute    bool // it passes nothing on
}

type value struct {
	from Peer
	text string
}

var words = Topic[string]{
	Name: "words", MaxSize: 1 << 16,
	Encode: func(s string) []byte { return []byte(s) },
	Decode: func(b []byte) (string, error) {
		if string(b) == "garbage" {
			return "", errors.New("not a word")
		}
		return string(b), nil
	},
}

// textTime is for an answer that comes: long, on a busy machine.
const textTime = time.Minute

func text(id string) Protocol[string, string] {
	raw := func(b []byte) (string, error) {
		if string(b) == "garbage" {
			return "", errors.New("not a text")
		}
		return string(b), nil
	}
	enc := func(s string) []byte { return []byte(s) }
	return Protocol[string, string]{ID: id, MaxRequest: 1 << 10, MaxReply: 1 << 10, Timeout: textTime,
		EncodeQ: enc, DecodeQ: raw, EncodeA: enc, DecodeA: raw}
}

func echo(_ context.Context, _ Peer, q string) (string, error) { return q, nil }

// loopback is the config of a test node: nothing leaves the machine.
func loopback() Config {
	return Config{Swarm: "test", Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"}, Private: true, Agent: "test/1"}
}

// build makes a node with a handshake, an echo and a topic, not yet running.
func build(t *testing.T, c Config) *node {
	t.Helper()
	if os.Getenv("GOSSIP_LOG") != "" && c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	n, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return &node{Net: n, t: t, joined: make(chan Peer, 100), left: make(chan Peer, 100), values: make(chan value, 1000)}
}

// standard registers what most tests use.
func (n *node) standard() func(context.Context, string) error {
	n.t.Helper()
	Serve(n.Net, text("hello/1"), echo)
	Serve(n.Net, text("echo/1"), echo)
	n.OnPeer(func(ctx context.Context, p Peer) error {
		if _, err := Call(ctx, n.Net, text("hello/1"), p, "hi"); err != nil {
			return err
		}
		n.joined <- p
		return nil
	}, func(p Peer) { n.left <- p })
	publish, err := Join(n.Net, words, func(_ context.Context, from Peer, s string) Verdict {
		if s == "bad" {
			return Reject
		}
		if n.mute {
			return Ignore
		}
		n.values <- value{from, s}
		return Accept
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.publish = publish
	return publish
}

// run starts n and stops it at the test's end, or by n.stop.
func (n *node) run() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			n.t.Errorf("Run: %v", err)
		}
	}
	n.t.Cleanup(n.stop)
	select {
	case <-n.Ready():
	case err := <-ended:
		stopped = true
		n.t.Fatalf("Run: %v", err)
	}
}

// start builds and runs a standard node.
func start(t *testing.T, c Config) (*node, func(context.Context, string) error) {
	t.Helper()
	n := build(t, c)
	publish := n.standard()
	n.run()
	return n, publish
}

// patience is for what comes for sure: longer than a kept peer is left alone after
// dials that failed, a minute.
const patience = 3 * time.Minute

// await receives from c.
func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}

// meet connects a to b and waits until both know each other.
func meet(t *testing.T, a, b *node) {
	t.Helper()
	if err := a.Connect(t.Context(), b.Addrs()[0]); err != nil {
		t.Logf("dialed again: %v", err) // libp2p gives a dial five seconds, little on a busy machine
	}
	await(t, a.joined, "joined")
	await(t, b.joined, "joined")
	waitFor(t, func() error {
		if !a.members.passed(b.ID()) || !b.members.passed(a.ID()) {
			return errors.New("handshake not done")
		}
		return nil
	})
}

// meshed waits until n has somebody to publish to: what nobody is sent is lost.
func (n *node) meshed() {
	n.t.Helper()
	n.live.Load().mesh.ready(n.t.Context(), n.prefixed(words.Name), patience)
}

// waitFor polls until f returns nil: for states that have no event.
func waitFor(t *testing.T, f func() error) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited %v: %v", patience, err)
		}
	}
}

func TestTwoNodes(t *testing.T) {
	a, publish := start(t, loopback())
	b, _ := start(t, loopback())
	meet(t, a, b)

	got, err := Call(t.Context(), a.Net, text("echo/1"), b.ID(), "how do you do")
	if err != nil || got != "how do you do" {
		t.Fatalf("Call: %q, %v", got, err)
	}
	a.meshed()
	if err := publish(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	if v := await(t, b.values, "the value"); v != (value{a.ID(), "first"}) {
		t.Fatalf("got %v", v)
	}
	infos := b.Peers()
	if len(infos) != 1 || infos[0].ID != a.ID() || !infos[0].Inbound || infos[0].Agent != "test/1" ||
		infos[0].Sent == 0 || infos[0].Received == 0 || infos[0].Source != "inbound" {
		t.Fatalf("Peers: %+v", infos)
	}
	waitFor(t, func() error {
		if i := a.Peers(); len(i) != 1 || i[0].Latency == 0 || i[0].Inbound || i[0].Source != "rpc" {
			return fmt.Errorf("Peers: %+v", i)
		}
		return nil
	})
	b.stop()
	if p := await(t, a.left, "left"); p != b.ID() {
		t.Fatalf("left: %v", p)
	}
	if len(a.values) != 0 {
		t.Fatalf("own value came back: %v", <-a.values)
	}
}

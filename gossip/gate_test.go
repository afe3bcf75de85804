package gossip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/quernnet/quern/gossip/swarm"
)

// clock is a hand-set time.
type clock struct{ d atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_700_000_000, 0).Add(time.Duration(c.d.Load())) }
func (c *clock) advance(d time.Duration) { c.d.Add(int64(d)) }

func TestPointsFadeAndBansEnd(t *testing.T) {
	var c clock
	store := dssync.MutexWrap(datastore.NewMapDatastore())
	cfg := Config{Swarm: "test", Store: store, Now: c.now}
	n, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(Config{Swarm: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p, cause := other.ID(), errors.New("a test")

	n.Report(p, 80, cause)
	c.advance(halfLife)
	if got := n.scores.of(p); got != 40 {
		t.Fatalf("80 points after a half-life: %v", got)
	}
	n.Report(p, 59, cause)
	if n.scores.banned(p) {
		t.Fatal("banned at 99")
	}
	n.Report(p, 1, cause)
	if !n.scores.banned(p) || n.scores.of(p) != 0 {
		t.Fatal("not banned at 100")
	}
	c.advance(banTime - time.Second)
	again, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !again.scores.banned(p) || len(again.Bans()) != 1 {
		t.Fatal("the ban did not outlive the run")
	}
	c.advance(time.Second)
	if n.scores.banned(p) || again.scores.banned(p) || len(again.Bans()) != 0 {
		t.Fatal("banned after 24 hours")
	}
	if last, err := New(cfg); err != nil || len(last.scores.bans) != 0 {
		t.Fatal("an ended ban was loaded", err)
	}
	n.Report(n.ID(), 100, cause)
	if n.scores.banned(n.ID()) {
		t.Fatal("banned itself")
	}
}

func TestBoundedScores(t *testing.T) {
	s, err := loadScores(t.Context(), datastore.NewMapDatastore(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.add("worst", 90)
	for i := range maxScored + 100 {
		s.add(Peer(rune(i+1000)), 5)
	}
	if len(s.points) > maxScored || s.of("worst") < 80 {
		t.Fatalf("%d peers scored, the worst has %v", len(s.points), s.of("worst"))
	}
}

// A banned peer is cut off, and can neither come back nor be dialed.
func TestBanned(t *testing.T) {
	a, b := pair(t, nil)
	b.Report(a.ID(), 100, errors.New("a test"))
	await(t, b.left, "left")
	await(t, a.left, "left")
	if err := b.Connect(t.Context(), a.Addrs()[0]); err == nil {
		t.Fatal("dialed a banned peer")
	}
	if err := a.Connect(t.Context(), b.Addrs()[0]); err == nil {
		// The dialer's side of a refused QUIC connection looks good for a moment.
		waitFor(t, func() error {
			if a.members.connected(b.ID()) {
				return errors.New("still connected")
			}
			return nil
		})
	}
	if len(b.joined) != 0 || len(b.Peers()) != 0 {
		t.Fatal("a banned peer joined")
	}
	if err := b.Unban(a.ID().String()); err != nil || len(b.Bans()) != 0 {
		t.Fatal(err, b.Bans())
	}
	await(t, b.joined, "joined when the ban is over")
	await(t, a.joined, "joined when the ban is over")
	if err := a.Ban(b.ID(), time.Hour); err != nil || len(a.Bans()) != 1 {
		t.Fatal(err, a.Bans())
	}
	await(t, b.left, "left")
}

// Rejected and undecodable gossip cost points, and the sender its place in the mesh.
func TestRejectedGossip(t *testing.T) {
	for _, sent := range []string{"bad", "garbage"} {
		t.Run(sent, func(t *testing.T) {
			a, publish := start(t, loopback())
			b, _ := start(t, loopback())
			meet(t, a, b)
			a.meshed()
			if err := publish(t.Context(), sent); err != nil {
				t.Fatal(err)
			}
			score(t, b, a.ID(), pointsRejected)
		})
	}
}

// What is over MaxSize is refused at once; what is just within it arrives.
func TestLargestValue(t *testing.T) {
	a, publish := start(t, loopback())
	b, _ := start(t, loopback())
	meet(t, a, b)
	if err := publish(t.Context(), string(make([]byte, words.MaxSize+1))); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("oversize: %v", err)
	}
	a.meshed()
	if err := publish(t.Context(), string(make([]byte, words.MaxSize))); err != nil {
		t.Fatal(err)
	}
	if v := await(t, b.values, "the largest value"); len(v.text) != words.MaxSize {
		t.Fatal(len(v.text))
	}
}

// Until joined returns nil, a peer is not listed, its questions are refused but
// the handshake's, and its gossip is dropped unseen: the same bytes count later.
func TestOutsider(t *testing.T) {
	gate := make(chan struct{})
	a, publish := start(t, loopback())
	b := build(t, loopback())
	Serve(b.Net, text("hello/1"), echo)
	Serve(b.Net, text("echo/1"), echo)
	b.OnPeer(func(ctx context.Context, p Peer) error {
		b.joined <- p
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func(p Peer) { b.left <- p })
	if _, err := Join(b.Net, words, func(_ context.Context, from Peer, s string) Verdict {
		b.values <- value{from, s}
		return Accept
	}); err != nil {
		t.Fatal(err)
	}
	b.run()
	if err := a.Connect(t.Context(), b.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	await(t, b.joined, "joined has begun")
	await(t, a.joined, "joined") // a asked hello, and was answered
	if err := publish(t.Context(), "early"); err != nil {
		t.Fatal(err)
	}
	p := text("echo/1")
	p.Timeout = 300 * time.Millisecond
	if _, err := Call(t.Context(), a.Net, p, b.ID(), "early"); err == nil {
		t.Fatal("an outsider's question was answered")
	}
	if len(b.Peers()) != 0 || len(b.values) != 0 {
		t.Fatalf("an outsider is listed or heard: %v", b.Peers())
	}
	close(gate)
	waitFor(t, func() error {
		_, err := Call(t.Context(), a.Net, text("echo/1"), b.ID(), "late")
		return err
	})
	if !slices.ContainsFunc(b.Peers(), func(i Info) bool { return i.ID == a.ID() }) {
		t.Fatal("passed and not listed")
	}
	tries := 0
	waitFor(t, func() error { // b may have refused a its place in the mesh, and take it back at any time
		tries++
		if err := publish(t.Context(), fmt.Sprint("late", tries)); err != nil {
			t.Fatal(err)
		}
		if len(b.values) == 0 {
			return fmt.Errorf("nothing heard after %d values", tries)
		}
		return nil
	})
}

// Who fails the handshake is disconnected and not spoken to for a while.
func TestHandshakeFails(t *testing.T) {
	var c clock
	cfg := loopback()
	cfg.Now = c.now
	a, _ := start(t, loopback())
	b := build(t, cfg)
	Serve(b.Net, text("hello/1"), echo)
	tried := make(chan struct{}, 10)
	b.OnPeer(func(context.Context, Peer) error {
		tried <- struct{}{}
		return errors.New("another chain")
	}, func(Peer) { t.Error("left without joined") })
	b.run()
	// An error says that the handshake failed before Connect returned.
	_ = b.Connect(t.Context(), a.Addrs()[0])
	await(t, tried, "the handshake")
	waitFor(t, func() error {
		if b.members.connected(a.ID()) || !b.book.BackingOff(a.ID()) {
			return errors.New("still there")
		}
		return nil
	})
	if err := b.Connect(t.Context(), a.Addrs()[0]); err == nil {
		t.Fatal("dialed in back-off")
	}
	b.Forget(a.ID())
	c.advance(time.Hour)
	// An error says that the dialer was first and has been refused already.
	_ = b.Connect(t.Context(), a.Addrs()[0])
	await(t, tried, "the second handshake")
}

// A node of another swarm is a stranger: swept, never joined.
func TestOtherSwarm(t *testing.T) {
	var c clock
	cfg := loopback()
	cfg.Now = c.now
	a, _ := start(t, cfg)
	other := loopback()
	other.Swarm = "other"
	b, _ := start(t, other)
	if err := a.Connect(t.Context(), b.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	a.members.sweepOnce(t.Context())
	if !a.members.connected(b.ID()) {
		t.Fatal("swept at once")
	}
	c.advance(strangerTime)
	a.members.sweepOnce(t.Context())
	waitFor(t, func() error {
		if a.members.connected(b.ID()) {
			return errors.New("a stranger stays")
		}
		return nil
	})
	if len(a.joined)+len(b.joined) != 0 {
		t.Fatal("joined")
	}
}

// SetActive cuts everything, and lets kept peers come back.
func TestSetActive(t *testing.T) {
	a, b := pair(t, nil)
	a.SetActive(false)
	await(t, a.left, "left")
	await(t, b.left, "left")
	if err := a.Connect(t.Context(), b.Addrs()[0]); err == nil || a.Active() {
		t.Fatal("dialed while inactive")
	}
	a.SetActive(true)
	await(t, a.joined, "joined again")
	await(t, b.joined, "joined again")
	if err := a.Disconnect(b.ID()); err != nil {
		t.Fatal(err)
	}
	await(t, a.left, "left")
}

// Who was sent away by a peer that it chose itself leaves that alone for a while, as the
// peer does.
func TestSentAwayStaysAway(t *testing.T) {
	a, _ := start(t, loopback())
	b, _ := start(t, loopback())
	info, err := peerAddr(b.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := a.dial(t.Context(), info, swarm.ForSlot); err != nil {
		t.Fatal(err)
	}
	await(t, a.joined, "joined")
	await(t, b.joined, "joined")
	if err := b.Disconnect(a.ID()); err != nil {
		t.Fatal(err)
	}
	await(t, a.left, "left")
	if due := a.book.Pick(1, func(Peer) bool { return false }, nil); len(due) > 0 {
		t.Fatal("to be dialed at once")
	}
	if len(b.book.Pick(1, func(Peer) bool { return false }, nil)) > 0 {
		t.Fatal("to be dialed at once by who sent it away")
	}
}

// A node that the config makes impossible says what is wrong, and leaves nothing behind.
func TestBadConfig(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no swarm", func(c *Config) { c.Swarm = "" }, "swarm name"},
		{"slash in the swarm", func(c *Config) { c.Swarm = "a/b" }, `swarm name "a/b"`},
		{"listen", func(c *Config) { c.Listen = []string{"127.0.0.1:80"} }, `listen address "127.0.0.1:80"`},
		{"peer without id", func(c *Config) { c.Peers = []string{"/ip4/127.0.0.1/tcp/1"} }, `peer address "/ip4/127.0.0.1/tcp/1"`},
		{"seed without id", func(c *Config) { c.Seeds = []string{"/ip4/127.0.0.1/tcp/1"} }, `seed "/ip4/127.0.0.1/tcp/1"`},
		{"seed without address", func(c *Config) { c.Seeds = []string{"/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"} }, "not where"},
		{"no door", func(c *Config) { c.MeetAt = []string{"/dnsaddr/example.org"} }, `public DHT peer "/dnsaddr/example.org"`},
		{"negative", func(c *Config) { c.MaxPeers = -1 }, "negative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := loopback()
			test.change(&c)
			if _, err := New(c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatal(err)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	a, _ := start(t, loopback())
	if err := a.Run(t.Context()); err == nil {
		t.Fatal("ran twice")
	}
	taken := loopback()
	taken.Listen = []string{strings.Split(a.Addrs()[0], "/p2p/")[0]}
	b := build(t, taken)
	b.standard()
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), taken.Listen[0]) {
		t.Fatalf("a taken port: %v", err)
	}
	c := build(t, loopback())
	c.standard()
	Serve(c.Net, text("echo/1"), echo)
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "echo/1") {
		t.Fatalf("served twice: %v", err)
	}
}

// TCP and metrics, and a second start from saved peers alone.
func TestSavedPeers(t *testing.T) {
	registry := prometheus.NewRegistry()
	c := loopback()
	c.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	c.Metrics = registry
	a, _ := start(t, loopback())
	c.Store = dssync.MutexWrap(datastore.NewMapDatastore())
	c.Identity = t.TempDir() + "/identity"
	b, _ := start(t, c)
	meet(t, b, a)
	families, err := registry.Gather()
	if err != nil || !slices.ContainsFunc(families, func(f *dto.MetricFamily) bool {
		return f.GetName() == "quern_peers" && f.GetMetric()[0].GetGauge().GetValue() == 1
	}) {
		t.Fatal("no metrics", err)
	}
	b.stop()
	await(t, a.left, "left")
	again, _ := start(t, c)
	if again.ID() != b.ID() {
		t.Fatal("another identity")
	}
	await(t, again.joined, "joined by a saved address")
	if got := again.book.Source(a.ID()); got != "saved" {
		t.Fatal(got)
	}
}

// Who is cut is no member from that moment on, also when it is back before the
// host has told anybody: it joins again.
func TestCutAtOnce(t *testing.T) {
	a, b := pair(t, nil)
	member := func() *member {
		a.members.mu.RLock()
		defer a.members.mu.RUnlock()
		return a.members.m[b.ID()]
	}
	before := member()
	if err := a.Disconnect(b.ID()); err != nil {
		t.Fatal(err)
	}
	if member() == before {
		t.Fatal("still the same member")
	}
	await(t, a.left, "left")
	await(t, a.joined, "joined again")
}

package gossip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

func TestRates(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := newRates(0, func() time.Time { return now })
	r := &rawProtocol{id: "dear/1", rate: 1000, burst: 100_000}
	other := &rawProtocol{id: "other/1", rate: 1000, burst: 100_000}
	ask := func(p Peer, r *rawProtocol, bytes int) (time.Duration, bool) {
		d, ok := s.enter(p, r)
		if ok {
			s.charge(p, r, bytes)
		}
		return d, ok
	}
	if d, ok := ask("a", r, 100_000); d != 0 || !ok {
		t.Fatalf("within the burst: %v, %v", d, ok)
	}
	if d, ok := ask("a", r, 0); !ok || d != questionCost*time.Millisecond {
		t.Fatalf("over it: %v, %v", d, ok)
	}
	for p, r := range map[Peer]*rawProtocol{"b": r, "a": other} { // nobody else pays for it
		if d, ok := ask(p, r, 0); d != 0 || !ok {
			t.Fatalf("peer %s at %s: %v, %v", p, r.id, d, ok)
		}
	}
	if _, ok := ask("a", r, 0); ok {
		t.Fatal("owes more than ten seconds and is not refused")
	}
	now = now.Add(7 * time.Second)
	if d, ok := ask("a", r, 0); !ok || d > maxDelay {
		t.Fatalf("a little later: %v, %v", d, ok)
	}
	now = now.Add(time.Hour)
	if d, ok := ask("a", r, 0); d != 0 || !ok || s.m[asker{"a", "dear/1"}].bytes > 100_000 {
		t.Fatalf("after a rest: %v, %v", d, ok)
	}
	for i := range 3 * maxBuckets {
		ask(Peer(fmt.Sprint(i)), r, 0)
	}
	if len(s.m) > maxBuckets {
		t.Errorf("%d buckets", len(s.m))
	}
}

// The rate of all is kept piece by piece: a short answer passes a long one, and
// nobody is refused for it.
func TestUploadLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, func(i int, c *Config) { c.Limits.Upload = 128 << 10 })
		long := text("long/1")
		long.MaxReply, long.Timeout = 4<<20, time.Minute
		Serve(w[0].Net, long, func(context.Context, Peer, string) (string, error) { return strings.Repeat("x", 2<<20), nil })
		for _, n := range w {
			n.run()
		}
		meet(t, w[1], w[0])
		meet(t, w[2], w[0])
		began := time.Now()
		done := make(chan error, 1)
		go func() {
			_, err := Call(t.Context(), w[1].Net, long, w[0].ID(), "")
			done <- err
		}()
		time.Sleep(3 * time.Second)
		for range 3 {
			asked := time.Now()
			if _, err := Call(t.Context(), w[2].Net, text("echo/1"), w[0].ID(), "short"); err != nil || time.Since(asked) > 2*time.Second {
				t.Errorf("a short answer: %v after %v", err, time.Since(asked))
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 13*time.Second || took > 25*time.Second {
			t.Errorf("2 MiB at 128 KiB/s took %v", took)
		}
	})
}

// A peer that asks for too much is slowed down, then refused without its
// question being read, and has no points for it; another is answered at once.
func TestTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, func(i int, c *Config) {})
		dear := text("dear/1")
		dear.MaxReply, dear.Rate, dear.Burst, dear.Timeout = 1<<16, 16<<10, 64<<10, time.Minute
		Serve(w[0].Net, dear, func(context.Context, Peer, string) (string, error) { return strings.Repeat("x", 1<<15), nil })
		for _, n := range w {
			n.run()
		}
		meet(t, w[1], w[0])
		meet(t, w[2], w[0])
		began := time.Now()
		for range 10 { // one after the other, as who syncs does
			if _, err := Call(t.Context(), w[1].Net, dear, w[0].ID(), ""); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 15*time.Second || took > 30*time.Second {
			t.Errorf("10 answers of 32 KiB at 16 KiB/s took %v", took)
		}
		results := make(chan error, 30)
		for range cap(results) { // all at once, as who floods does
			go func() {
				_, err := Call(t.Context(), w[1].Net, dear, w[0].ID(), "")
				results <- err
			}()
		}
		began = time.Now()
		if _, err := Call(t.Context(), w[2].Net, dear, w[0].ID(), ""); err != nil || time.Since(began) > 2*time.Second {
			t.Errorf("another peer: %v after %v", err, time.Since(began))
		}
		refused := 0
		for range cap(results) {
			var reset *network.StreamError
			if err := <-results; errors.As(err, &reset) && reset.ErrorCode == network.StreamRateLimited {
				refused++
			}
		}
		if refused < 5 || refused == cap(results) {
			t.Errorf("%d of 30 refused", refused)
		}
		score(t, w[0], w[1].ID(), 0)
	})
}

// A peer that opens streams and says nothing gets no more of them than its
// share, and others are served.
func TestStreamsOfOnePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, func(i int, c *Config) { c.Limits.PeerQuestions = 8 })
		for _, n := range w {
			n.run()
		}
		meet(t, w[1], w[0])
		meet(t, w[2], w[0])
		opened := 0
		for range 200 {
			s, err := w[1].live.Load().host.NewStream(t.Context(), w[0].ID(), protocol.ID(w[0].prefixed("echo/1")))
			if err == nil {
				opened++
				defer s.Reset()
			}
		}
		synctest.Wait()
		count := func() (n int) {
			for _, c := range w[0].live.Load().host.Network().ConnsToPeer(w[1].ID()) {
				for _, s := range c.GetStreams() {
					if string(s.Protocol()) == w[0].prefixed("echo/1") {
						n++
					}
				}
			}
			return n
		}
		if n := count(); n > 8 {
			t.Errorf("%d streams of one peer are open", n)
		}
		if _, err := Call(t.Context(), w[2].Net, text("echo/1"), w[0].ID(), "still there?"); err != nil {
			t.Error(err)
		}
		time.Sleep(questionTime + time.Second)
		if n := count(); n != 0 {
			t.Errorf("%d silent streams are left after the timeout", n)
		}
		score(t, w[0], w[1].ID(), 0) // silence may be an accident
	})
}

func TestLimitsAreChecked(t *testing.T) {
	for _, bad := range []Limits{{Memory: -1}, {Memory: 1 << 20}, {Connections: 10}, {Questions: -1}, {Upload: -5}} {
		c := loopback()
		c.Limits = bad
		if _, err := New(c); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

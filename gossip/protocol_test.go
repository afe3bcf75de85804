package gossip

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/protocol"
)

// pair is two nodes that know each other; serve adds to what b answers.
func pair(t *testing.T, serve func(*node)) (a, b *node) {
	t.Helper()
	a, _ = start(t, loopback())
	b = build(t, loopback())
	b.standard()
	if serve != nil {
		serve(b)
	}
	b.run()
	meet(t, a, b)
	return a, b
}

// score waits until n holds points against p.
func score(t *testing.T, n *node, p Peer, want int) {
	t.Helper()
	waitFor(t, func() error {
		if got := int(n.scores.of(p) + 0.5); got != want {
			return errors.New("wrong points")
		}
		return nil
	})
}

// What a peer sends that no honest one would scores it down, on either side;
// what may be an accident does not.
func TestFaults(t *testing.T) {
	mute := make(chan struct{})
	t.Cleanup(func() { close(mute) })
	a, b := pair(t, func(b *node) {
		wide := text("wide/1")
		wide.MaxReply = 1 << 20
		Serve(b.Net, wide, func(context.Context, Peer, string) (string, error) { return strings.Repeat("x", 2000), nil })
		Serve(b.Net, text("garbage/1"), func(context.Context, Peer, string) (string, error) { return "garbage", nil })
		Serve(b.Net, text("error/1"), func(context.Context, Peer, string) (string, error) { return "", errors.New("our disk") })
		Serve(b.Net, text("panic/1"), func(context.Context, Peer, string) (string, error) { panic("bug") })
		Serve(b.Net, text("slow/1"), func(ctx context.Context, _ Peer, _ string) (string, error) {
			select {
			case <-mute:
			case <-ctx.Done():
			}
			return "", ctx.Err()
		})
		Serve(b.Net, text("fault/1"), func(_ context.Context, p Peer, _ string) (string, error) {
			return "", &Fault{Peer: p, Points: 7, Err: errors.New("bad question")}
		})
	})

	for _, test := range []struct {
		id, ask string
		fault   bool
		is      error
		bByA    int // points a holds against b afterwards, by this case alone
		aByB    int // points b holds against a
	}{
		{id: "wide/1", ask: "", fault: true, bByA: pointsGarbage},
		{id: "garbage/1", fault: true, bByA: pointsGarbage},
		{id: "error/1"},
		{id: "panic/1"},
		{id: "slow/1", is: context.DeadlineExceeded},
		{id: "absent/1"},
		{id: "fault/1", aByB: 7},
		{id: "echo/1", ask: "garbage", aByB: pointsGarbage},
		{id: "echo/1", ask: strings.Repeat("x", 1025), is: ErrTooLarge},
	} {
		t.Run(test.id, func(t *testing.T) {
			a.scores.forgive(b.ID())
			b.scores.forgive(a.ID())
			p := text(test.id)
			if test.id == "slow/1" {
				p.Timeout = 50 * time.Millisecond // less than the answerer's: its reset is no reason
			}
			_, err := Call(t.Context(), a.Net, p, b.ID(), test.ask)
			var f *Fault
			switch {
			case err == nil:
				t.Fatal("no error")
			case errors.As(err, &f) != test.fault:
				t.Fatalf("fault: %v", err)
			case f != nil && f.Peer != b.ID():
				t.Fatalf("blamed %v", f.Peer)
			case test.is != nil && !errors.Is(err, test.is):
				t.Fatalf("want %v, got %v", test.is, err)
			}
			score(t, a, b.ID(), test.bByA)
			score(t, b, a.ID(), test.aByB)
		})
	}
	if got, err := Call(t.Context(), a.Net, text("echo/1"), b.ID(), "still here"); err != nil || got != "still here" {
		t.Fatalf("after all that: %q, %v", got, err)
	}
}

// Garbage on the raw stream: each ends the stream, and only what cannot be an
// accident is held against the sender.
func TestGarbageFrames(t *testing.T) {
	a, b := pair(t, nil)
	for _, test := range []struct {
		name   string
		sent   []byte
		points int
	}{
		{"nothing", nil, 0},
		{"truncated length", []byte{0x80}, 0},
		{"truncated payload", []byte{10, 'x'}, 0},
		{"too large", binary.AppendUvarint(nil, 1025), pointsGarbage},
		{"4 GiB", binary.AppendUvarint(nil, 1<<32-1), pointsGarbage},
		{"endless length", bytes.Repeat([]byte{0xff}, 100), pointsGarbage},
		{"padded length", []byte{0x81, 0x00, 'x'}, pointsGarbage},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.scores.forgive(a.ID())
			s, err := a.live.Load().host.NewStream(t.Context(), b.ID(), protocol.ID(b.prefixed("echo/1")))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Reset()
			_ = s.SetDeadline(time.Now().Add(patience))
			if _, err := s.Write(test.sent); err != nil {
				t.Fatal(err)
			}
			_ = s.CloseWrite()
			if reply, err := io.ReadAll(s); err == nil {
				t.Fatalf("answered %q", reply)
			}
			score(t, b, a.ID(), test.points)
		})
	}
}

// A cancelled context ends a call at once, whatever the peer does.
func TestCallCancelled(t *testing.T) {
	asked := make(chan struct{})
	a, b := pair(t, func(b *node) {
		Serve(b.Net, text("mute/1"), func(ctx context.Context, _ Peer, _ string) (string, error) {
			close(asked)
			<-ctx.Done()
			return "", ctx.Err()
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p := text("mute/1")
	p.Timeout = time.Hour
	go func() {
		_, err := Call(ctx, a.Net, p, b.ID(), "")
		ended <- err
	}()
	await(t, asked, "the question")
	cancel()
	if err := await(t, ended, "the call's end"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// More questions at once than allowed are refused, and answered again later.
func TestConcurrentQuestions(t *testing.T) {
	release, asked := make(chan struct{}), make(chan struct{}, 2*defaultPeerQuestions)
	a, b := pair(t, func(b *node) {
		Serve(b.Net, text("hold/1"), func(ctx context.Context, _ Peer, q string) (string, error) {
			asked <- struct{}{}
			select {
			case <-release:
			case <-ctx.Done():
			}
			return q, ctx.Err()
		})
	})
	p := text("hold/1")
	p.Timeout = time.Minute
	results := make(chan error, defaultPeerQuestions)
	for range defaultPeerQuestions {
		go func() {
			_, err := Call(t.Context(), a.Net, p, b.ID(), "x")
			results <- err
		}()
	}
	for range defaultPeerQuestions {
		await(t, asked, "a question")
	}
	if _, err := Call(t.Context(), a.Net, text("echo/1"), b.ID(), "one more"); err == nil {
		t.Fatal("one more was answered")
	}
	close(release)
	for range defaultPeerQuestions {
		if err := await(t, results, "an answer"); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() error {
		_, err := Call(t.Context(), a.Net, text("echo/1"), b.ID(), "again")
		return err
	})
	score(t, b, a.ID(), 0)
}

package gossip

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/protocol"
)

func TestAnswersShareMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAnswers(100<<20, 60<<20)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		cut := make(chan string, 10)
		begin := func(p Peer, size int64) *flight {
			f, err := a.begin(ctx, p, size<<20, func() { cut <- string(p) })
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		huge := begin("a", 1000) // alone it may be as large as it likes
		a.end(huge)
		first := begin("a", 50)
		a.writes(first)
		var wg sync.WaitGroup
		wg.Go(func() { a.end(begin("a", 20)) }) // waits for a's own
		second := begin("b", 50)
		synctest.Wait()
		if len(a.flights) != 2 {
			t.Fatalf("%d flights", len(a.flights))
		}
		wg.Go(func() { a.end(begin("c", 30)) }) // waits for anybody's
		a.ended(first, 1000*slowBelow)          // a is fast
		time.Sleep(2 * slowAfter)
		if len(cut) != 0 {
			t.Fatal("cut while we make it")
		}
		a.writes(second)
		time.Sleep(slowAfter - 100*time.Millisecond)
		if len(cut) != 0 {
			t.Fatal("cut too soon")
		}
		time.Sleep(1200 * time.Millisecond)
		if got := <-cut; got != "b" || len(cut) != 0 {
			t.Fatalf("%s was cut", got)
		}
		if _, err := a.begin(ctx, "b", 1, func() {}); !errors.Is(err, errTooSlow) {
			t.Fatalf("who was cut asks again: %v", err)
		}
		a.shrink(first, 5<<20)
		wg.Wait()
		late, stop := context.WithTimeout(ctx, time.Minute)
		defer stop()
		begin("c", 30)
		if _, err := a.begin(late, "d", 90<<20, func() {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	})
}

// Who asks for much and does not read it holds no more than its share, and makes
// way for those who read.
func TestSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 8
		w := newWorld(t, count+2, func(i int, c *Config) { c.Limits.Memory = leastLimitMemory })
		large := text("large/1")
		large.MaxReply, large.Timeout = 4<<20, 2*time.Minute
		Serve(w[0].Net, large, func(context.Context, Peer, string) (string, error) { return strings.Repeat("x", 4<<20), nil })
		for _, n := range w {
			n.run()
		}
		for _, n := range w[1:] {
			meet(t, n, w[0])
		}
		open := 0
		for _, n := range w[2:] {
			for range 20 {
				s, err := n.live.Load().host.NewStream(t.Context(), w[0].ID(), protocol.ID(w[0].prefixed("large/1")))
				if err != nil {
					continue
				}
				defer s.Reset()
				if writeFrame(s, nil) == nil && s.CloseWrite() == nil {
					open++
				}
			}
		}
		time.Sleep(3 * time.Second)
		began := time.Now()
		if _, err := Call(t.Context(), w[1].Net, large, w[0].ID(), ""); err != nil {
			t.Fatal(err)
		}
		t.Logf("beside %d answers that nobody reads, 4 MiB at 20 Mbit/s took %v", open, time.Since(began))
		if took := time.Since(began); took > 15*time.Second {
			t.Error("that is too long")
		}
	})
}

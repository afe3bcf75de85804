package node

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestStackEndsFromTheTopDown(t *testing.T) {
	var ended []string
	s := newStack(slog.New(slog.DiscardHandler))
	for _, name := range []string{"store", "chain", "net"} {
		s.start(name, func(ctx context.Context) error {
			<-ctx.Done()
			ended = append(ended, name) // one at a time: stop waits for each
			return nil
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.wait(ctx); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ended, []string{"net", "chain", "store"}) {
		t.Errorf("ended in order %v", ended)
	}
}

func TestStackEndsWhenAServiceFails(t *testing.T) {
	broken := errors.New("disk on fire")
	s := newStack(slog.New(slog.DiscardHandler))
	s.start("net", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	s.start("store", func(context.Context) error { return broken })
	err := s.wait(t.Context())
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "store: ") || strings.Contains(err.Error(), "net") {
		t.Errorf("error %v, want the store's alone", err)
	}
}

func TestStackAwaitsNoServiceThatFailed(t *testing.T) {
	broken := errors.New("no such port")
	s := newStack(slog.New(slog.DiscardHandler))
	s.start("net", func(context.Context) error { return broken })
	s.await(t.Context(), nil)
	if err := s.wait(t.Context()); !errors.Is(err, broken) {
		t.Errorf("error %v, want the network's", err)
	}
}

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// stack runs services that build on each other: each may use those below it
// until it has ended, so they end from the top down.
//
// Only the goroutine that calls start and wait touches running.
type stack struct {
	log     *slog.Logger
	running []*service
	failed  chan struct{} // has an entry when a service ended by itself
}

type service struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // valid once done is closed
}

func newStack(log *slog.Logger) *stack {
	return &stack{log: log, failed: make(chan struct{}, 1)}
}

// start runs f on top of what runs already, detached from any other context:
// it ends when wait ends it.
func (s *stack) start(name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	v := &service{name: name, cancel: cancel, done: make(chan struct{})}
	s.running = append(s.running, v)
	go func() {
		defer close(v.done)
		v.err = f(ctx)
		if ctx.Err() == nil {
			s.fail()
		}
	}()
}

func (s *stack) fail() {
	select {
	case s.failed <- struct{}{}:
	default:
	}
}

// await blocks until ready is closed, unless ctx or a service ends first.
func (s *stack) await(ctx context.Context, ready <-chan struct{}) {
	select {
	case <-ready:
	case <-ctx.Done():
	case <-s.failed:
		s.fail() // for wait
	}
}

// wait blocks until ctx ends or a service does, then ends all from the top
// down and returns what went wrong.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-s.failed:
	}
	return s.stop()
}

// stop ends all services from the top down.
func (s *stack) stop() error {
	var errs []error
	for i := len(s.running) - 1; i >= 0; i-- {
		v := s.running[i]
		s.log.Debug("stopping", "part", v.name)
		v.cancel()
		<-v.done
		if v.err != nil && !errors.Is(v.err, context.Canceled) {
			errs = append(errs, fmt.Errorf("%s: %w", v.name, v.err))
		}
	}
	s.running = nil
	return errors.Join(errs...)
}

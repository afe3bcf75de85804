package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"sync"
	"time"
)

// try runs the soak or all scenarios that were asked for.
func try(ctx context.Context, what string, o options, r *report) (err error) {
	l, err := openLab(ctx, o, o.say)
	if l != nil {
		defer func() { err = errors.Join(err, l.close()) }()
	}
	if err != nil {
		return err
	}
	if what == "soak" {
		return l.try(ctx, scenario{name: "soak", about: "nodes are killed, cut off and joined", run: o.soak.run, longest: o.soak.length + longest}, r)
	}
	match := regexp.MustCompile(o.run)
	tried := 0
	for _, s := range scenarios {
		if !match.MatchString(s.name) {
			continue
		}
		tried++
		if err := l.try(ctx, s, r); err != nil {
			return err
		}
	}
	if tried == 0 {
		return fmt.Errorf("no scenario matches %q; `nattest list` names them", o.run)
	}
	return nil
}

// try runs one scenario in a world of its own. What goes wrong inside it is a
// row of the report; only an interrupt and what is left behind are errors.
func (l *lab) try(ctx context.Context, s scenario, r *report) (err error) {
	if s.needs != nil {
		if why := s.needs(); why != "" {
			r.add(figure{Scenario: s.name, Step: "needs", Figure: "skipped: " + why, OK: true})
			return nil
		}
	}
	l.say("%s: %s", s.name, s.about)
	t := &trial{scenario: s.name, report: r}
	if t.world, err = l.newWorld(ctx, s.name); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.world.close()) }()
	before := r.failed()
	start := time.Now()
	most := cmp.Or(s.longest, longest)
	bounded, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("longer than %s", most))
	defer cancel()
	if err := t.guard(bounded, s.run); err != nil && ctx.Err() == nil {
		t.check("goes on to its end", err.Error(), "no error", false)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", s.name, context.Cause(ctx))
	}
	t.tell("the whole scenario took", seconds(time.Since(start)))
	if r.failed() > before {
		t.world.showLogs()
	}
	return nil
}

// guard turns a panic into an error, so that what was made is removed.
func (t *trial) guard(ctx context.Context, run func(context.Context, *trial) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx, t)
}

// showLogs prints how the nodes of a failed scenario ended.
func (w *world) showLogs() {
	for _, n := range w.nodes {
		if n.proc != nil {
			fmt.Fprintf(os.Stderr, "--- the end of %s's log\n%s\n", n.name, n.proc.tail(3000))
		}
	}
}

// scenario is one network and what must happen on it.
type scenario struct {
	name  string
	about string
	needs func() string // why it cannot run here; "": it can. May be nil
	run   func(context.Context, *trial) error

	longest time.Duration // it may take; 0: longest
}

// longest is how long a scenario may take before it is given up.
const longest = 20 * time.Minute

// trial is a scenario while it runs.
type trial struct {
	*world
	scenario string
	report   *report
}

// check notes a figure that was judged.
func (t *trial) check(step, got, limit string, ok bool) {
	t.report.add(figure{t.scenario, step, got, limit, ok})
}

// tell notes a figure that has no limit.
func (t *trial) tell(step, got string) {
	t.report.add(figure{t.scenario, step, got, "", true})
}

// pollEvery is how often a condition is looked at. Processes announce nothing
// that could be waited for.
const pollEvery = 200 * time.Millisecond

// oneLook is time for a condition to be looked at once.
const oneLook = 5 * time.Second

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// within waits until ok and notes how long after since that was. What comes
// later than the limit fails, but is waited for as long again: by how much it
// is late is worth knowing, and what follows may depend on it. One look is
// always taken.
func (t *trial) within(ctx context.Context, step string, since time.Time, limit time.Duration, ok func(context.Context) bool) bool {
	ctx, cancel := context.WithDeadline(ctx, later(since.Add(2*limit), time.Now().Add(oneLook)))
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ok(ctx) {
		select {
		case <-ctx.Done():
			t.check(step, "not within "+seconds(2*limit), "≤ "+seconds(limit), false)
			return false
		case <-tick.C:
		}
	}
	took := time.Since(since)
	t.check(step, seconds(took), "≤ "+seconds(limit), took <= limit)
	return true
}

// sideBySide waits for several things that have times of their own.
func (t *trial) sideBySide(waits ...func()) error {
	return together(waits, func(wait func()) error { wait(); return nil })
}

// together runs f for each of list side by side and returns all errors.
func together[T any](list []T, f func(T) error) error {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, v := range list {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			errs[i] = f(v)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/datastore/failpoint"
	"github.com/quernnet/quern/node/rpc/own"
)

// lab has what all seeds share. Nothing of it changes once prepare is done.
type lab struct {
	options
	dir    string // of all folders
	bin    string
	wallet []byte   // a wallet's file, encrypted with password
	paid   [][]byte // scripts of its first addresses
	used   []string // and those addresses
}

const (
	password = "a pass phrase"
	// BIP39's test vector of all zeros.
	words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
)

// prepare makes a wallet, and feeds a history to a process that nobody kills: it
// must come to the state that the history says.
func (l *lab) prepare(ctx context.Context) error {
	dir := filepath.Join(l.dir, "prepare")
	n, err := l.start(dir, nil)
	if err != nil {
		return err
	}
	defer n.kill()
	if err := n.ready(ctx); err != nil {
		return fmt.Errorf("a first start: %w", err)
	}
	if err := n.call(ctx, "quern.wallet.restore", nil, words, password); err != nil {
		return err
	}
	for range 6 {
		var a own.WalletAddress
		if err := n.call(ctx, "quern.wallet.address", &a); err != nil {
			return err
		}
		var v struct {
			Script string `json:"scriptPubKey"`
		}
		if err := n.call(ctx, "validateaddress", &v, a.Address); err != nil {
			return err
		}
		l.used = append(l.used, a.Address)
		l.paid = append(l.paid, unhex(v.Script))
	}
	n.kill()
	if l.wallet, err = os.ReadFile(filepath.Join(dir, swarm, walletName)); err != nil {
		return err
	}
	return l.undisturbed(ctx)
}

const walletName = "wallets/wallet.dat"

// undisturbed is a seed without a death, and then a reindex of what it left. It
// must pass every point that there is: one that is not in the program any more
// would never be tried.
func (l *lab) undisturbed(ctx context.Context) error {
	t := l.newTrial(1<<32 + 2) // it has a wallet
	t.name, t.dir, t.keeps = "undisturbed", filepath.Join(l.dir, "undisturbed"), usual
	if err := t.furnish(); err != nil {
		return err
	}
	path := filepath.Join(l.dir, "hits")
	for _, args := range [][]string{nil, {"--reindex"}, nil} {
		if err := t.last(ctx, []string{failpoint.TraceEnv + "=" + path}, args...); err != nil {
			return fmt.Errorf("a history without a death %v: %w", args, err)
		}
		t.wallet = false // it has paid since
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	hits := make(map[string]int)
	for line := range strings.Lines(string(b)) {
		hits[strings.TrimSpace(line)]++
	}
	for _, p := range failpoint.Names() {
		if hits[p] == 0 {
			return fmt.Errorf("no process passes the point %s", p)
		}
	}
	l.say("undisturbed: %d steps, %d blocks deep, height %d; points passed: %v", len(t.trace.Steps), t.deep, t.trace.After[t.trace.Tip].Height, hits)
	return nil
}

// say tells what is done, with -v.
func (l *lab) say(format string, args ...any) {
	if l.verbose {
		fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().Format("15:04:05.0"), fmt.Sprintf(format, args...))
	}
}

// failure is a seed that did not end as it must.
type failure struct {
	seed uint64
	plan string
	err  error
}

// summary is what the seeds came to.
type summary struct {
	seeds, equal int
	deaths       map[string]int // by way
	missed       int            // deaths at points that the process never came to
	resumed      int            // starts after a death
	failures     []failure
	spent        time.Duration
}

// runSeeds tries all seeds, some at a time.
func (l *lab) runSeeds(ctx context.Context) *summary {
	sum := &summary{deaths: make(map[string]int)}
	begun := time.Now()
	next := make(chan uint64)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range l.jobs {
		wg.Go(func() {
			for seed := range next {
				t := l.newTrial(seed)
				err := t.run(ctx)
				mu.Lock()
				sum.count(t, err)
				mu.Unlock()
				if err != nil {
					fmt.Fprintf(os.Stderr, "seed %d FAILS: %s: %v\n", seed, t.told(), err)
				} else {
					l.say("seed %d: %s: equal", seed, t.told())
				}
			}
		})
	}
	for i := range l.seeds {
		select {
		case next <- l.from + uint64(i):
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	sum.spent = time.Since(begun)
	return sum
}

func (s *summary) count(t *trial, err error) {
	s.seeds++
	for _, d := range t.deaths {
		s.deaths[d]++
	}
	s.missed += t.missed
	s.resumed += t.resumed
	if err != nil {
		s.failures = append(s.failures, failure{t.seed, t.told(), err})
	} else {
		s.equal++
	}
}

// print writes the table; the error says that something is not as it must be.
func (s *summary) print(w io.Writer) error {
	fmt.Fprintf(w, "%d of %d seeds end in equal states, in %v\n", s.equal, s.seeds, s.spent.Round(time.Second))
	all := 0
	for _, way := range []string{"at a moment", "at a point", "stopped and copied", "while starting", "at the end"} {
		fmt.Fprintf(w, "  %-20s %d\n", way, s.deaths[way])
		all += s.deaths[way]
	}
	fmt.Fprintf(w, "  %-20s %d, and %d starts after one (%d points were not reached)\n", "deaths", all, s.resumed, s.missed)
	for _, f := range s.failures {
		fmt.Fprintf(w, "seed %d: %s\n    %v\n    again: go run ./cmd/killtest -seed %d\n", f.seed, f.plan, f.err, f.seed)
	}
	if len(s.failures) > 0 {
		return fmt.Errorf("%d seeds fail", len(s.failures))
	}
	if s.seeds == 0 {
		return errors.New("no seed was tried")
	}
	return nil
}

// traceOf is a seed's history.
func (l *lab) traceOf(seed uint64) (*chaintest.Trace, int) {
	deep := 1 + int(seed*37%150) // 1 to 150, each as often
	c := chaintest.TraceConfig{Seed: seed, Deep: deep, Pads: 3, Pay: l.paid}
	if l.kept {
		c.Rest = 320 // blocks below the last 288 go
	}
	return chaintest.NewTrace(c), deep
}

// reorgOf is the step in which a history's deepest reorganisation happens: the
// first whose new tip follows a branch that was given for as long as that.
func reorgOf(t *chaintest.Trace, deep int) int {
	for i := deep; i < len(t.Steps); i++ {
		if t.Steps[i].Best > t.Steps[i-1].Best && t.Steps[i-deep].Best == t.Steps[i-1].Best {
			return i
		}
	}
	return -1
}

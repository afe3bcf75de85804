package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/failpoint"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

// trial is one seed: its history, its deaths, and what the processes have
// acknowledged so far.
type trial struct {
	*lab
	seed  uint64
	rng   *rand.Rand
	name  string
	dir   string // the data folder in use
	trace *chaintest.Trace
	deep  int
	reorg int // the step that makes the deepest reorganisation
	plan  []life
	keeps keeping

	given  int             // most steps that a process was given, the one under way included
	acked  int             // steps that a process has said are on disk
	height uint32          // of the highest tip that was said to be on disk
	wallet bool            // there is one, or there shall be
	made   bool            // it was said to be on disk
	told1  map[string]bool // addresses that were handed out

	deaths          []string
	missed, resumed int
}

func (l *lab) newTrial(seed uint64) *trial {
	t := &trial{
		lab: l, seed: seed, rng: rand.New(rand.NewPCG(seed, 0x6b696c6c)),
		name: fmt.Sprint("seed-", seed), told1: make(map[string]bool),
	}
	t.dir = filepath.Join(l.dir, t.name)
	t.trace, t.deep = l.traceOf(seed)
	t.reorg = reorgOf(t.trace, t.deep)
	// Every third has a wallet; every fourth of those makes it on the way.
	t.wallet, t.made = seed%3 == 0, seed%3 == 0 && seed%12 != 0
	t.plan = planned(t.rng, len(t.trace.Steps), t.passed())
	if l.kept {
		t.keepOther()
	}
	return t
}

// told words the seed's plan.
func (t *trial) told() string {
	var s []string
	for _, f := range t.plan {
		s = append(s, f.String())
	}
	if t.keeps != 0 {
		s = append(s, t.keeps.String())
	}
	if t.wallet {
		s = append(s, "with a wallet")
	}
	return fmt.Sprintf("reorganises %d deep, ", t.deep) + strings.Join(s, ", then ")
}

// furnish puts into the folder what is there before the first start.
func (t *trial) furnish() error {
	dir := filepath.Join(t.dir, swarm)
	if err := os.MkdirAll(dir, 0o700); err != nil || !t.made {
		return err
	}
	for _, a := range t.used {
		t.told1[a] = true
	}
	file := filepath.Join(dir, walletName)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, t.lab.wallet, 0o600)
}

// run lives through the plan, and then to the end of the history.
func (t *trial) run(ctx context.Context) error {
	if err := t.furnish(); err != nil {
		return err
	}
	for _, f := range t.plan {
		if err := t.live(ctx, f); err != nil {
			return fmt.Errorf("%v: %w", f, err)
		}
		t.resumed++
	}
	if err := t.last(ctx, nil, t.keeps.args()...); err != nil {
		return err
	}
	if t.keep {
		return nil
	}
	return errors.Join(os.RemoveAll(t.dir), os.Remove(t.dir+".log"))
}

// live starts a process and sees it die.
func (t *trial) live(ctx context.Context, f life) error {
	var env []string
	args := t.keeps.args()
	if f.way == atPoint {
		env = append(env, fmt.Sprintf("%s=%s %d %d", failpoint.KillEnv, f.point, f.hit, 5*t.rng.IntN(2)))
	}
	if f.reindex {
		args = append(args, "--reindex")
	}
	n, err := t.start(t.dir, env, args...)
	if err != nil {
		return err
	}
	defer n.kill()
	if f.way == atStart {
		return t.dieStarting(ctx, n, f)
	}
	err = n.ready(ctx)
	if err == nil {
		err = t.check(ctx, n)
	}
	if err == nil {
		err = t.feed(ctx, n, f)
	}
	if err == nil {
		// The history has ended before the process did.
		if f.way == atPoint {
			t.missed++
		}
		n.kill()
		t.deaths = append(t.deaths, "at the end")
		return nil
	}
	return t.buried(n, f, err)
}

// dieStarting kills a process some time after its start.
func (t *trial) dieStarting(ctx context.Context, n *node, f life) error {
	select {
	case <-time.After(f.delay):
		n.kill()
	case <-n.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	return t.buried(n, f, errDied)
}

// buried says whether a process has died as it should.
func (t *trial) buried(n *node, f life, err error) error {
	if !errors.Is(err, errDied) {
		return err
	}
	<-n.ended
	if !n.killed() {
		return fmt.Errorf("it ended by itself: %w", n.end())
	}
	t.deaths = append(t.deaths, map[way]string{
		atMoment: "at a moment", atPoint: "at a point", frozen: "stopped and copied", atStart: "while starting",
	}[f.way])
	return nil
}

// feed gives a process the history from where it is safe on, until it dies.
func (t *trial) feed(ctx context.Context, n *node, f life) error {
	fatal := make(chan error, 1)
	for i := t.acked; i < len(t.trace.Steps); i++ {
		if i == f.step && (f.way == atMoment || f.way == frozen) {
			go func() { fatal <- t.strike(n, f) }()
		}
		t.given = max(t.given, i+1)
		if err := t.give(ctx, n, i); err != nil {
			return t.struck(n, f, err, fatal)
		}
		if err := t.besides(ctx, n, i); err != nil {
			return t.struck(n, f, err, fatal)
		}
	}
	if f.way == atMoment || f.way == frozen {
		if f.step < t.acked { // it was to die in what is safe already
			go func() { fatal <- t.strike(n, f) }()
		}
		return t.struck(n, f, errDied, fatal)
	}
	return nil
}

// struck waits for the killer, if there is one.
func (t *trial) struck(n *node, f life, err error, fatal chan error) error {
	if f.way == atPoint || !errors.Is(err, errDied) {
		return err
	}
	if killer := <-fatal; killer != nil {
		return killer
	}
	<-n.ended
	return err
}

// strike kills a process after a while.
func (t *trial) strike(n *node, f life) error {
	time.Sleep(f.delay)
	if f.way == atMoment {
		n.kill()
		return nil
	}
	if err := freeze(n.cmd.Process); err != nil {
		return err
	}
	fresh := t.dir + "-copy"
	err := os.CopyFS(fresh, os.DirFS(t.dir))
	n.kill()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(t.dir); err != nil {
		return err
	}
	return os.Rename(fresh, t.dir)
}

// give hands one step of the history over.
func (t *trial) give(ctx context.Context, n *node, i int) error {
	s := t.trace.Steps[i]
	if s.Header {
		h := s.Block.Header.Append(nil)
		return n.call(ctx, "submitheader", nil, hex.EncodeToString(h))
	}
	if t.amidst(i) {
		// A flush while the chain moves. Nothing is taken to be acknowledged by it.
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { _ = n.call(ctx, "gettxoutsetinfo", nil, "none", nil, false) })
	}
	var verdict string
	if err := n.call(ctx, "submitblock", &verdict, hex.EncodeToString(s.Block.Bytes())); err != nil {
		return err
	}
	switch verdict {
	case "", "inconclusive", "duplicate":
		return nil
	}
	if s.Rule == "" {
		return fmt.Errorf("step %d: the valid block %v is answered with %q", i, s.Block.ID(), verdict)
	}
	if !strings.HasPrefix(verdict, string(s.Rule)) && !slices.Contains([]string{"duplicate-invalid", "bad-prevblk", "prev-blk-not-found"}, verdict) {
		return fmt.Errorf("step %d: a block that breaks %s is answered with %q", i, s.Rule, verdict)
	}
	return nil
}

// besides does what a history's steps do not: it has the process flush, and
// uses the wallet. When is a function of seed and step.
func (t *trial) besides(ctx context.Context, n *node, i int) error {
	if t.flushes(i) {
		kind := "none"
		if t.salt(i)%96 == 0 {
			kind = "muhash"
		}
		s, err := t.coins(ctx, n, kind)
		if err != nil {
			return err
		}
		t.acked, t.height = max(t.acked, i+1), max(t.height, s.Height)
	}
	if t.wallet && (t.uses(i) || !t.made && i > 300) {
		return t.useWallet(ctx, n)
	}
	return nil
}

// amidst says whether a flush is asked for during a step: in some, and in those
// that reorganise deep.
func (t *trial) amidst(i int) bool {
	return t.salt(i)%16 == 3 || i == t.reorg
}

// salt is a number made of seed and step.
func (t *trial) salt(i int) uint64 { return (t.seed*31 + uint64(i)) * 0x9e3779b97f4a7c15 >> 40 }

// flushes says whether a flush is asked for after a step.
func (t *trial) flushes(i int) bool { return t.salt(i)%24 == 0 }

// uses says whether the wallet is asked for an address after a step.
func (t *trial) uses(i int) bool { return t.salt(i)%40 == 1 }

// useWallet makes the wallet if there is none, and asks for an address, which
// must be a new one.
func (t *trial) useWallet(ctx context.Context, n *node) error {
	if !t.made {
		err := n.call(ctx, "quern.wallet.restore", nil, words, password)
		var answer *table.Error
		// The one that was made as the process died is as good.
		if err != nil && !(errors.As(err, &answer) && strings.Contains(answer.Message, "there is a wallet already")) {
			return err
		}
		t.made = true
	}
	var a own.WalletAddress
	if err := n.call(ctx, "quern.wallet.address", &a); err != nil {
		return err
	}
	if t.told1[a.Address] {
		return fmt.Errorf("address %s is handed out twice", a.Address)
	}
	t.told1[a.Address] = true
	return nil
}

// coinsInfo is the result of gettxoutsetinfo.
type coinsInfo struct {
	Height uint32    `json:"height"`
	Best   wire.Hash `json:"bestblock"`
	Outs   uint64    `json:"txouts"`
	MuHash wire.Hash `json:"muhash"`
}

// coins has a process flush (an index would answer without) and say what its coin set is, and compares that
// with the history.
func (t *trial) coins(ctx context.Context, n *node, kind string) (s coinsInfo, err error) {
	if err := n.call(ctx, "gettxoutsetinfo", &s, kind, nil, false); err != nil {
		return s, err
	}
	a, ok := t.trace.After[s.Best]
	switch {
	case !ok:
		return s, fmt.Errorf("the tip %v at height %d is no valid block of the history", s.Best, s.Height)
	case a.Height != s.Height || a.Coins != s.Outs:
		return s, fmt.Errorf("at %v: height %d with %d coins, want %d with %d", s.Best, s.Height, s.Outs, a.Height, a.Coins)
	case kind == "muhash" && a.MuHash != s.MuHash:
		return s, fmt.Errorf("the coins at %v, height %d, have MuHash %v, want %v", s.Best, s.Height, s.MuHash, a.MuHash)
	}
	return s, nil
}

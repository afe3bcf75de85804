package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/quernnet/quern/datastore/failpoint"
)

// way is how a process dies.
type way int

const (
	atMoment way = iota // killed from outside while it is fed
	atStart             // killed from outside while it starts
	atPoint             // by itself, at a failpoint
	frozen              // stopped and copied, then killed
)

// life is one process: how it is started and how it dies.
type life struct {
	way     way
	step    int           // atMoment, frozen: this many steps of the history are given first
	delay   time.Duration // and this much time then; atStart: since its start
	point   string        // atPoint
	hit     int
	reindex bool // it is started with --reindex
}

func (f life) String() string {
	with := ""
	if f.reindex {
		with = ", of a reindex"
	}
	switch f.way {
	case atMoment:
		return fmt.Sprintf("killed %v into step %d%s", f.delay, f.step, with)
	case atStart:
		return fmt.Sprintf("killed %v after its start%s", f.delay, with)
	case frozen:
		return fmt.Sprintf("stopped and copied %v into step %d%s", f.delay, f.step, with)
	}
	return fmt.Sprintf("dead at %s, hit %d%s", f.point, f.hit, with)
}

// steps of a flush, of a start, and of a reindex. Half of the deaths at
// points are at those of a flush, where most can go wrong.
var (
	flushPoints = []string{
		failpoint.BeforeFileSync, failpoint.AfterFileSync, failpoint.BeforeTip, failpoint.BeforeCommit,
		failpoint.AfterCommit, failpoint.AfterPut, failpoint.AfterSync, failpoint.AfterFlush,
	}
	startPoints = []string{
		failpoint.BeforeLoad, failpoint.DuringLoad, failpoint.AfterLoad, failpoint.FirstOpened,
		failpoint.BeforeApply, failpoint.AfterUndo, failpoint.BeforeRevert, failpoint.AfterCommit, failpoint.BeforeWallet, failpoint.AfterWallet,
	}
	reindexPoints = []string{
		failpoint.ReindexMarked, failpoint.ReindexMoved, failpoint.ReindexTaken, failpoint.ReindexEnd,
		failpoint.FirstOpened, failpoint.AfterPut, failpoint.AfterApply, failpoint.AfterBody, failpoint.AfterCommit, failpoint.BeforeFileSync,
	}
)

// planned makes up how the processes of a seed die. hits is about how often each
// point is passed when nobody dies.
func planned(rng *rand.Rand, steps int, hits map[string]int) []life {
	first := life{step: rng.IntN(steps), delay: time.Duration(rng.IntN(20_000)) * time.Microsecond}
	switch n := rng.IntN(10); {
	case n < 4:
		first.way = atMoment
	case n < 8:
		first.way = atPoint
		first.point, first.hit = somePoint(rng, hits)
	default:
		first.way = frozen
	}
	plan := []life{first}
	// The start after a death may die too, and that after it.
	for rng.IntN(3) == 0 && len(plan) < 4 {
		plan = append(plan, again(rng))
	}
	return plan
}

// somePoint is a failpoint, and a hit of it that will come.
func somePoint(rng *rand.Rand, hits map[string]int) (string, int) {
	names := failpoint.Names()
	if rng.IntN(2) == 0 {
		names = flushPoints
	}
	for {
		if p := names[rng.IntN(len(names))]; hits[p] > 0 {
			return p, 1 + rng.IntN(hits[p])
		}
	}
}

// again is the death of a start that follows another death.
func again(rng *rand.Rand) life {
	f := life{way: atPoint, reindex: rng.IntN(4) == 0}
	points := startPoints
	if f.reindex {
		points = reindexPoints
	}
	f.point, f.hit = points[rng.IntN(len(points))], 1+rng.IntN(3)
	if f.point == failpoint.DuringLoad {
		f.hit = 1 + rng.IntN(100)
	}
	if rng.IntN(3) == 0 {
		f.way, f.delay = atStart, time.Duration(rng.IntN(400_000))*time.Microsecond
	}
	return f
}

// passed is about how often a process passes each point that is fed with the
// seed's whole history: a function of the seed, so that its plan is one.
func (t *trial) passed() map[string]int {
	blocks, flushes, uses := 0, 0, 0
	for i, s := range t.trace.Steps {
		if !s.Header {
			blocks++
		}
		if t.flushes(i) {
			flushes++
		}
		if t.wallet && t.uses(i) {
			uses++
		}
	}
	hits := map[string]int{
		failpoint.BeforeLoad: 1, failpoint.AfterLoad: 1, failpoint.FirstOpened: 1,
		failpoint.BeforeRevert: t.deep, failpoint.AfterRevert: t.deep, failpoint.AfterPut: 4,
		failpoint.BeforeWallet: uses, failpoint.AfterWallet: uses, failpoint.WalletMoved: uses,
	}
	for _, p := range []string{
		failpoint.BeforeHeaders, failpoint.AfterHeaders, failpoint.BeforeBody, failpoint.AfterBody,
		failpoint.BeforeUndo, failpoint.AfterUndo, failpoint.BeforeApply, failpoint.AfterApply,
	} {
		hits[p] = blocks * 9 / 10
	}
	for _, p := range flushPoints {
		hits[p] = max(hits[p], flushes)
	}
	hits[failpoint.AfterPut] = 4
	return hits
}

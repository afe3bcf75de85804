package swarm

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	maxDials    = 8 // at a time: more makes home routers fall over
	dialTimeout = 15 * time.Second
	dialTick    = time.Second

	feelEvery = 2 * time.Minute // between feelers, on average
	fewSlots  = 3               // so few are filled without regard to groups
)

// Purpose is why a peer is dialed.
type Purpose int

const (
	ForSlot   Purpose = iota // to stay
	ForFeeler                // to see whether it answers, and part
)

// Dialer keeps the kept peers connected and the outbound slots filled, from the
// book, and tests addresses by feelers while they are full.
//
// Slots are given to peers of different groups. Only when the book has nobody
// else to offer does a group get a second one, which leaves when somebody of
// another group has come: a small swarm behind one router or in one data centre
// is connected all the same.
//
// Run's goroutine owns the set of dials under way. Invariants: at most maxDials
// at a time, at most one to a peer, none after Run has returned.
type Dialer struct {
	Book    *Book
	Gate    *Gate
	Target  int                       // outbound slots
	Slots   func() []Slot             // peers in a slot
	Skip    func() func(peer.ID) bool // who is not to be dialed, as things are now: connected or banned. The answer must not call the book
	Working func() bool               // does the network work, so that a failed dial speaks of the peer?
	Dial    func(context.Context, peer.AddrInfo, Purpose) error
	Part    func(peer.ID) // disconnects a peer whose slot somebody else got
	Log     *slog.Logger

	kick   chan struct{}
	feeler time.Time // when the next one is due
}

// NewDialer completes d.
func NewDialer(d Dialer) *Dialer {
	d.kick = make(chan struct{}, 1)
	return &d
}

// Kick makes the dialer look at the book now.
func (d *Dialer) Kick() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

type dialed struct {
	peer peer.ID
	err  error
}

// Run dials until ctx ends, then waits for the dials under way.
func (d *Dialer) Run(ctx context.Context) {
	busy := make(map[peer.ID]Group, maxDials)
	done := make(chan dialed, maxDials)
	tick := time.NewTicker(dialTick)
	defer tick.Stop()
	d.feeler = d.Book.now().Add(pause(feelEvery))
	for {
		for _, t := range d.choose(busy) {
			busy[t.ID] = t.Group
			go func() { done <- dialed{t.ID, d.dial(ctx, t)} }()
		}
		select {
		case <-ctx.Done():
			for range busy {
				<-done
			}
			return
		case r := <-done:
			delete(busy, r.peer)
			d.settle(ctx, r)
		case <-tick.C:
		case <-d.kick:
		}
	}
}

// pause is a random time from half of d to one and a half.
func pause(d time.Duration) time.Duration { return d/2 + rand.N(d+1) }

// task is a choice and what it is for.
type task struct {
	Choice
	purpose Purpose
}

// choose returns the peers to dial now: the kept ones first, then the urged ones
// and others for the slots that are free, or a feeler when none is.
func (d *Dialer) choose(busy map[peer.ID]Group) []task {
	room := maxDials - len(busy)
	if room <= 0 || !d.Gate.Open() {
		return nil
	}
	slots := d.Slots()
	for _, p := range Surplus(slots, d.Target) {
		d.Book.Parted(p, lastRetry)
		d.Log.Debug("peer gives its slot to one of another network", "peer", p)
		d.Part(p)
	}
	not := d.Skip()
	skip := func(p peer.ID) bool {
		_, dialing := busy[p]
		return dialing || not(p)
	}
	tasks := tasksFor(d.Book.Wanted(room, skip), ForSlot)
	room -= len(tasks)
	under := len(busy) + len(tasks)
	tasks = append(tasks, tasksFor(d.fill(slots, busy, room, under, skip), ForSlot)...)
	if len(tasks) == 0 && len(slots) >= d.Target && !d.Book.now().Before(d.feeler) {
		d.feeler = d.Book.now().Add(pause(feelEvery))
		if c, ok := d.Book.Test(skip); ok {
			tasks = append(tasks, task{c, ForFeeler})
		}
	}
	return tasks
}

// fill returns up to room peers for the slots that are free or held by a second
// peer of a group; under dials are under way.
func (d *Dialer) fill(slots []Slot, busy map[peer.ID]Group, room, under int, skip func(peer.ID) bool) []Choice {
	free := d.Target - len(slots) - under
	var out []Choice
	chosen := make(map[peer.ID]bool)
	taken := make(map[Group]bool)
	for _, s := range slots {
		taken[s.Group] = true
	}
	for _, g := range busy {
		taken[g] = true
	}
	add := func(list []Choice) {
		for _, c := range list {
			taken[c.Group], chosen[c.ID] = true, true
		}
		out = append(out, list...)
	}
	add(d.Book.Urgent(min(room, free), skip))
	also := func(p peer.ID) bool { return chosen[p] || skip(p) }

	lack := min(d.Target-Groups(slots)-under, max(free, 1)) - len(out)
	alone := len(slots) < fewSlots
	most := room - len(out)
	if alone {
		most -= 2 // dead addresses of other groups must not keep us alone
	}
	picked := d.Book.Pick(min(most, lack), also, func(g Group) bool { return taken[g] })
	add(picked)
	second := 0
	if len(picked) == 0 && under == 0 {
		second = free // nobody else
	} else if alone {
		second = fewSlots - len(slots)
	}
	add(d.Book.Pick(min(second, free-len(out), room-len(out)), also, nil))
	return out
}

func tasksFor(list []Choice, p Purpose) []task {
	var out []task
	for _, c := range list {
		out = append(out, task{c, p})
	}
	return out
}

func (d *Dialer) dial(ctx context.Context, t task) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return d.Dial(ctx, t.AddrInfo, t.purpose)
}

// settle notes how a dial went. What a failed one says of the peer it says only
// while we have a network and time.
func (d *Dialer) settle(ctx context.Context, r dialed) {
	if ctx.Err() != nil || !d.Gate.Open() {
		return
	}
	if r.err == nil {
		d.Book.Dialed(r.peer)
		return
	}
	d.Book.Failed(r.peer, d.Working())
	level := slog.LevelDebug
	if d.Book.Kept(r.peer) {
		level = slog.LevelInfo
	}
	d.Log.Log(ctx, level, "peer not reached", "peer", r.peer, "err", r.err)
}

package syncer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// habit is how a simulated peer answers.
type habit int

const (
	good    habit = iota
	slow          // a hundredth of the speed
	silent        // answers nothing
	staller       // answers for headers, not for blocks
	lacking       // says that it has no block
	boaster       // claims much and shows nothing
	forger        // its bodies are invalid
	looper        // sends the same headers for ever
	flaky         // every other answer fails
	flooder       // sends headers without end that have little work
	dripper       // the same, as slowly as it may
	habits
)

func (h habit) String() string {
	return [...]string{"good", "slow", "silent", "staller", "lacking", "boaster", "forger", "looper", "flaky", "flooder", "dripper"}[h]
}

// world is a node that syncs from simulated peers, in virtual time.
type world struct {
	t       testing.TB
	s       *Scheduler
	now     time.Time
	height  int // of the honest chain
	least   int // up to this height a chain is of no use
	counts  map[Peer]*count
	habits  map[Peer]habit
	events  []due
	serial  int
	open    map[Request]bool
	headers int // best header's height
	tip     int // the last height up to which all bodies are stored
	stored  map[int]bool
	bodies  map[int]Peer    // received, by height
	sent    map[int]bool    // submitted and not yet judged
	gone    map[Peer]string // why peers were parted from
	blamed  map[Peer]bool   // for invalid bodies
	back    bool            // those parted from return in a second
	stop    func() bool     // nil: when all bodies are stored
}

type due struct {
	at     time.Time
	serial int
	f      func() []Action
}

// count is a peer's presync.
type count struct {
	at     int
	proven bool
}

func newWorld(t testing.TB, height, least int, peers []habit) *world {
	w := &world{
		t: t, s: New(tipAt(0), tipAt(0), work.Work{uint64(least) + 1}), now: time.Unix(1e9, 0), height: height,
		least: least, counts: map[Peer]*count{},
		habits: map[Peer]habit{}, stored: map[int]bool{}, open: map[Request]bool{}, bodies: map[int]Peer{}, sent: map[int]bool{},
		gone: map[Peer]string{}, blamed: map[Peer]bool{},
	}
	for i, h := range peers {
		name := Peer(fmt.Sprintf("%v%d", h, i))
		w.habits[name] = h
		w.after(time.Duration(i)*10*time.Millisecond, func() []Action {
			return w.s.PeerJoined(w.now, name, tipAt(w.claim(h)), 0)
		})
	}
	w.tick()
	return w
}

func (w *world) claim(h habit) int {
	if h == boaster || h == flooder || h == dripper {
		return 10 * w.height
	}
	return w.height
}

func (w *world) after(d time.Duration, f func() []Action) {
	w.serial++
	w.events = append(w.events, due{w.now.Add(d), w.serial, f})
}

func (w *world) tick() {
	w.after(time.Second, func() []Action { w.tick(); return w.s.Tick(w.now) })
}

// run plays events until the node is in sync or the time is up.
func (w *world) run(limit time.Duration) time.Duration {
	begin := w.now
	for w.tip < w.height && w.now.Sub(begin) < limit && (w.stop == nil || !w.stop()) {
		slices.SortFunc(w.events, func(a, b due) int {
			if c := a.at.Compare(b.at); c != 0 {
				return c
			}
			return a.serial - b.serial
		})
		e := w.events[0]
		w.events = w.events[1:]
		w.now = e.at
		w.do(e.f())
		checkInvariants(w.t, w.s)
		if w.s.NeedsWanted() && len(w.s.queue) == 0 {
			w.wanted()
		}
	}
	return w.now.Sub(begin)
}

func (w *world) wanted() {
	var bs []Block
	for h := w.tip + 1; h <= w.headers && len(bs) < Window; h++ {
		if !w.stored[h] {
			bs = append(bs, blockAt(0, h))
		}
	}
	w.do(w.s.Wanted(w.now, bs))
}

func heightOf(id wire.Hash) int { return int(id[2])<<16 | int(id[1])<<8 | int(id[0]) }

func (w *world) do(actions []Action) {
	for _, action := range actions {
		switch a := action.(type) {
		case AskHeaders:
			w.open[a.Request] = true
			w.answerHeaders(a)
		case AskBlocks:
			w.open[a.Request] = true
			w.askedBlocks(a)
		case Cancel:
			w.close(a.Request)
		case Submit:
			w.submit(heightOf(a.ID))
		case Drop:
			delete(w.bodies, heightOf(a.ID))
		case Blame:
			if h := w.habits[a.Peer]; h != forger {
				w.t.Fatalf("%v peer %s was blamed", h, a.Peer)
			}
			w.blamed[a.Peer] = true
			w.part(a.Peer, "banned")
		case Disconnect:
			w.part(a.Peer, a.Reason)
		}
	}
}

func (w *world) part(p Peer, why string) {
	w.gone[p] = why
	w.after(0, func() []Action { return w.s.PeerLeft(w.now, p) })
	if w.back {
		w.after(time.Second, func() []Action { return w.s.PeerJoined(w.now, p, tipAt(w.claim(w.habits[p])), 0) })
	}
}

func (w *world) close(r Request) {
	delete(w.open, r)
}

// answer brings an answer later, unless the question is cancelled before.
func (w *world) answer(r Request, d time.Duration, f func() []Action) {
	w.after(d, func() []Action {
		if !w.open[r] {
			return nil
		}
		w.close(r)
		return f()
	})
}

func (w *world) answerHeaders(a AskHeaders) {
	from, h := heightOf(a.From), w.habits[a.Peer]
	to := min(from+MaxHeaders, w.height)
	switch h {
	case silent:
		return
	case boaster:
		to = from
	case looper:
		to = min(MaxHeaders, w.height)
		from = to - MaxHeaders
	}
	if h == flaky && w.serial%2 == 0 {
		w.answer(a.Request, 50*time.Millisecond, func() []Action { return w.s.HeadersFailed(w.now, a.Request, false) })
		return
	}
	c := w.counts[a.Peer]
	if !a.Resume {
		c = nil
	}
	switch {
	case h == flooder || h == dripper:
		c = &count{at: to}
		w.answerCounted(a, c, false)
		return
	case c == nil && to-from == MaxHeaders && to < w.least:
		w.answerCounted(a, &count{}, false)
		return
	case c != nil && !c.proven:
		w.answerCounted(a, c, c.at+MaxHeaders >= w.least)
		return
	case c != nil && c.at+MaxHeaders < w.least: // held back to the end
		w.answerCounted(a, c, false)
		return
	case c != nil:
		from = c.at
		to = min(from+MaxHeaders, w.height)
	}
	delete(w.counts, a.Peer)
	w.answer(a.Request, 50*time.Millisecond, func() []Action {
		w.headers = max(w.headers, to)
		r := HeadersReply{Count: to - from, Claim: tipAt(w.claim(h)), Best: tipAt(w.headers)}
		if r.Count > 0 {
			r.Last = tipAt(to)
		}
		return w.s.HeadersReceived(w.now, a.Request, r)
	})
}

// answerCounted goes on with a presync; through says that its first pass ends.
func (w *world) answerCounted(a AskHeaders, c *count, through bool) {
	w.counts[a.Peer] = c
	d := 50 * time.Millisecond
	if w.habits[a.Peer] == dripper {
		d = HeadersTimeout - time.Second
	}
	w.answer(a.Request, d, func() []Action {
		c.at += MaxHeaders
		if through {
			c.at, c.proven = 0, true
		}
		r := HeadersReply{Count: MaxHeaders, Claim: tipAt(w.claim(w.habits[a.Peer])), Best: tipAt(w.headers), Stage: Counted, Reached: uint32(c.at)}
		if c.proven {
			r.Stage = Proven
		}
		return w.s.HeadersReceived(w.now, a.Request, r)
	})
}

func (w *world) askedBlocks(a AskBlocks) {
	if len(a.IDs) == 0 || len(a.IDs) > MaxBatch {
		w.t.Fatalf("%v asks for %d blocks", a, len(a.IDs))
	}
	h := w.habits[a.Peer]
	per := 20 * time.Millisecond
	switch h {
	case silent, staller:
		return
	case slow:
		per = 2 * time.Second
	}
	d := 50*time.Millisecond + per*time.Duration(len(a.IDs))
	if h == flaky && w.serial%2 == 0 {
		w.answer(a.Request, d, func() []Action { return w.s.BlocksFailed(w.now, a.Request, false) })
		return
	}
	w.answer(a.Request, d, func() []Action {
		if h == lacking {
			return w.s.BlocksReceived(w.now, a.Request, nil, a.IDs)
		}
		var got []Body
		for _, id := range a.IDs {
			got = append(got, Body{id, 100_000})
			if _, have := w.bodies[heightOf(id)]; !have {
				w.bodies[heightOf(id)] = a.Peer
			}
		}
		return w.s.BlocksReceived(w.now, a.Request, got, nil)
	})
}

// submit judges a body in a moment. A parent must have been submitted before.
func (w *world) submit(h int) {
	from, have := w.bodies[h]
	if !have {
		w.t.Fatalf("block %d submitted without a body", h)
	}
	if h > w.tip+1 && !w.sent[h-1] && !w.stored[h-1] {
		w.t.Fatalf("block %d submitted before its parent", h)
	}
	delete(w.bodies, h)
	w.sent[h] = true
	w.after(5*time.Millisecond, func() []Action {
		delete(w.sent, h)
		id := blockID(0, h)
		if w.habits[from] == forger {
			return w.s.BlockInvalid(w.now, id, true)
		}
		w.stored[h] = true // as the chain does, whether or not the parent's body is there
		for w.stored[w.tip+1] {
			w.tip++
		}
		acts := w.s.BlockAccepted(w.now, id)
		return append(acts, w.s.ChainChanged(w.now, tipAt(w.headers), tipAt(w.tip), false)...)
	})
}

// Whatever most peers do, one good one is enough, and nobody honest is blamed.
func TestSyncCompletes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		peers := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, int(habits)-1), func(i int) habit { return habit(i) }), 0, 9).Draw(rt, "peers")
		at := rapid.IntRange(0, len(peers)).Draw(rt, "place of the good one")
		peers = slices.Insert(peers, at, good)
		height := rapid.IntRange(1, 5000).Draw(rt, "height")
		least := rapid.IntRange(0, height).Draw(rt, "least")
		w := newWorld(t, height, least, peers)
		took := w.run(20 * time.Minute)
		if w.tip < height {
			rt.Fatalf("%v: at %d of %d after %v; parted: %v\n%+v", peers, w.tip, height, took, w.gone, w.s.Report())
		}
		if why, gone := w.gone[Peer(fmt.Sprintf("good%d", at))]; gone {
			rt.Fatalf("the good peer was parted from: %s", why)
		}
	})
}

// Stalling peers cost little: with 3 of 8 silent for blocks, sync takes at most
// three times as long as without them.
func TestStallersCostLittle(t *testing.T) {
	peers := []habit{good, good, good, good, good}
	honest := newWorld(t, 20_000, 0, peers).run(time.Hour)
	w := newWorld(t, 20_000, 0, append([]habit{staller, staller, staller}, peers...))
	took := w.run(time.Hour)
	t.Logf("20,000 blocks from 5 peers in %v; with 3 that stall in %v", honest, took)
	if took > 3*honest {
		t.Errorf("stalling peers cost %v instead of %v", took, honest)
	}
	if len(w.gone) > 3 {
		t.Errorf("parted from %v", w.gone)
	}
}

// Stalling peers that return as soon as they are parted from, as sybils do and
// those whom the operator wants, cost little too, though they are four of five.
func TestReturningStallersCostLittle(t *testing.T) {
	const height = 2000
	honest := newWorld(t, height, 0, []habit{good, good}).run(time.Hour)
	w := newWorld(t, height, 0, append(slices.Repeat([]habit{staller}, 8), good, good))
	w.back = true
	took := w.run(time.Hour)
	t.Logf("%d blocks from 2 peers in %v; with 8 that stall and return in %v", height, honest, took)
	if most := honest + time.Minute; took > most {
		t.Errorf("returning stallers cost %v instead of %v", took, honest)
	}
	if why, gone := w.gone["good8"]; gone {
		t.Errorf("a good peer was parted from: %s", why)
	}
}

// Peers whose headers come to nothing delay those that have a chain by minutes,
// not by as long as they like. Who joins last has eight before it.
func TestFloodersCostLittle(t *testing.T) {
	peers := []habit{good, good}
	const height = 200_000
	headers := func(peers []habit) time.Duration {
		w := newWorld(t, height, height-1000, peers)
		w.stop = func() bool { return w.headers == height }
		took := w.run(time.Hour)
		if w.headers < height {
			t.Fatalf("%v: headers at %d after %v", peers, w.headers, took)
		}
		for p, why := range w.gone {
			if w.habits[p] == good {
				t.Errorf("a good peer was parted from: %s", why)
			}
		}
		return took
	}
	honest := headers(peers)
	for _, h := range []habit{flooder, dripper} {
		took := headers(append(slices.Repeat([]habit{h}, 8), peers...))
		t.Logf("%d headers in %v; behind 8 of habit %v in %v", height, honest, h, took)
		if took > honest+6*time.Minute {
			t.Errorf("8 of habit %v cost %v instead of %v", h, took, honest)
		}
	}
}

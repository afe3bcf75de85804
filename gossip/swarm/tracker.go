package swarm

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/host/autonat"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	lookEvery = 2 * time.Second
	// speakAfter is how long AutoNAT v2 must have held to its conclusion to count
	// where v1 says otherwise.
	speakAfter = 15 * time.Second
)

// TrackerConfig is what a Tracker is built from.
type TrackerConfig struct {
	Private, Declared bool // see Facts
	MapPort           bool
	Relays            PeerSource       // who may relay for us
	Punched           func(PunchEvent) // is told each step of a hole punch
	Moved             func()           // is told that the addresses have changed that others should know
	Now               func() time.Time
	Log               *slog.Logger
}

// Tracker follows how the world can reach a host, and holds what makes it so:
// port mapping, reservations with relays, the record of hole punches.
//
// It owns the facts. libp2p tells them on its event bus and by callbacks, on
// goroutines of its own; each kind of fact has one room with one lock
// (observations, punches, relays, mapper), and mu guards the rest. Nothing is
// called with a lock held.
type Tracker struct {
	c       TrackerConfig
	started time.Time
	seen    *observations
	punches *punches
	relays  *relays
	mapper  *mapper

	host   host.Host
	events event.Subscription
	speak  event.Emitter
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu        sync.Mutex
	autonat   Verdict // the latest event's
	addrs     []AddrVerdict
	concluded time.Time // since when v2 has a verdict: on some address that it is reachable, or on all that they are not
	through   bool      // which of the two
	state     State
	since     time.Time
}

// NewTracker makes a tracker for the host that is about to be built with it.
func NewTracker(c TrackerConfig) *Tracker {
	return &Tracker{
		c: c, started: c.Now(), autonat: Untested, state: StateUnknown, since: c.Now(),
		seen: newObservations(), punches: &punches{now: c.Now, told: c.Punched}, relays: newRelays(c), mapper: newMapper(),
	}
}

// Start begins to follow h, and to look for relays. What it began when it fails,
// Close ends.
func (t *Tracker) Start(h host.Host) error {
	t.host = h
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	events, err := h.EventBus().Subscribe([]any{
		new(event.EvtLocalReachabilityChanged),
		new(event.EvtHostReachableAddrsChanged),
		new(event.EvtPeerIdentificationCompleted),
		new(event.EvtAutoRelayAddrsUpdated),
		new(event.EvtLocalAddressesUpdated),
	}, eventbus.BufSize(256), eventbus.Name("quern/reach"))
	if err != nil {
		return fmt.Errorf("reachability: %w", err)
	}
	t.events = events
	if t.speak, err = h.EventBus().Emitter(new(event.EvtLocalReachabilityChanged), eventbus.Stateful); err != nil {
		return fmt.Errorf("reachability: %w", err)
	}
	if !t.c.Private {
		if err := t.relays.start(h); err != nil {
			return err
		}
	}
	t.wg.Go(func() {
		for e := range events.Out() {
			t.learn(e)
		}
	})
	t.wg.Go(func() { t.look(ctx) })
	return nil
}

// Close ends what Start began. It comes before the host's end.
func (t *Tracker) Close() error {
	if t.cancel == nil {
		return nil
	}
	t.cancel()
	err := t.relays.close()
	if t.events != nil {
		_ = t.events.Close() // ends its reader
	}
	t.wg.Wait()
	if t.speak != nil {
		_ = t.speak.Close()
	}
	return err
}

// learn takes one event in.
func (t *Tracker) learn(e any) {
	switch e := e.(type) {
	case event.EvtLocalReachabilityChanged:
		t.mu.Lock()
		t.autonat = verdictOf(e.Reachability)
		t.mu.Unlock()
	case event.EvtHostReachableAddrsChanged:
		t.learnAddrs(e)
	case event.EvtPeerIdentificationCompleted:
		t.seen.add(e.Conn, e.ObservedAddr)
	case event.EvtAutoRelayAddrsUpdated:
		t.relays.update(e.RelayAddrs)
	case event.EvtLocalAddressesUpdated:
		if t.c.Moved != nil {
			t.c.Moved()
		}
	}
}

func verdictOf(r network.Reachability) Verdict {
	switch r {
	case network.ReachabilityPublic:
		return Reachable
	case network.ReachabilityPrivate:
		return Unreachable
	}
	return Untested
}

func (t *Tracker) learnAddrs(e event.EvtHostReachableAddrsChanged) {
	var list []AddrVerdict
	for v, addrs := range map[Verdict][]multiaddr.Multiaddr{Reachable: e.Reachable, Unreachable: e.Unreachable, Untested: e.Unknown} {
		for _, a := range addrs {
			list = append(list, AddrVerdict{a.String(), v})
		}
	}
	slices.SortFunc(list, func(a, b AddrVerdict) int { return slices.Compare([]byte(a.Addr), []byte(b.Addr)) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addrs = list
	reachable := len(e.Reachable) > 0
	switch {
	case !reachable && (len(e.Unreachable) == 0 || len(e.Unknown) > 0):
		t.concluded = time.Time{}
	case t.concluded.IsZero() || t.through != reachable:
		t.concluded, t.through = t.c.Now(), reachable
	}
}

// look does from time to time what no event tells.
func (t *Tracker) look(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.seen.prune()
			t.mapper.look()
			t.speakUp()
		}
	}
}

// speakUp says on the bus what AutoNAT v2 found where v1 says otherwise or nothing.
// DHT, AutoRelay and the relay service listen to v1's event alone, and v1 asks
// only peers with public addresses, tests the node as a whole and is slow to
// change its mind: a public node among private ones would never hear from it, and
// one whose router forwards a port only after minutes.
func (t *Tracker) speakUp() {
	if t.c.Declared {
		return
	}
	said := Untested
	if h, ok := t.host.(interface{ GetAutoNat() autonat.AutoNAT }); ok && h.GetAutoNat() != nil {
		said = verdictOf(h.GetAutoNat().Status())
	}
	t.mu.Lock()
	want, now := t.effective(said), t.autonat
	t.mu.Unlock()
	if want == now {
		return
	}
	t.c.Log.Debug("reachability", "autonat_v1", said, "with_v2", want)
	_ = t.speak.Emit(event.EvtLocalReachabilityChanged{Reachability: reachabilityOf(want)}) // closed: we end
}

// effective is the verdict on the node, of v1's and v2's; t.mu is held.
func (t *Tracker) effective(v1 Verdict) Verdict {
	if t.concluded.IsZero() || t.c.Now().Sub(t.concluded) < speakAfter {
		return v1
	}
	if t.through {
		return Reachable
	}
	if v1 == Untested {
		return Unreachable
	}
	return v1
}

func reachabilityOf(v Verdict) network.Reachability {
	switch v {
	case Reachable:
		return network.ReachabilityPublic
	case Unreachable:
		return network.ReachabilityPrivate
	}
	return network.ReachabilityUnknown
}

// Facts tells what the tracker knows; peers and the search are for others to fill in.
func (t *Tracker) Facts() Facts {
	t.mu.Lock()
	f := Facts{
		Now: t.c.Now(), Started: t.started, Private: t.c.Private, Declared: t.c.Declared, Active: true,
		AutoNAT: t.autonat, Addrs: slices.Clone(t.addrs),
	}
	t.mu.Unlock()
	if t.host == nil {
		return f
	}
	listen := t.host.Network().ListenAddresses()
	for _, a := range listen {
		if _, err := a.ValueForProtocol(multiaddr.P_CIRCUIT); err != nil {
			f.Listening = append(f.Listening, a.String())
		}
	}
	local, err := t.host.Network().InterfaceListenAddresses()
	if err != nil {
		t.c.Log.Debug("interface addresses", "err", err)
	}
	f.Public = slices.ContainsFunc(local, manet.IsPublicAddr)
	f.Observed, f.TCP, f.UDP = t.seen.sum(local)
	for _, t := range []*NATType{&f.TCP, &f.UDP} {
		if *t == NATUnknown && f.Public { // nothing lies before it that could translate
			*t = NATNone
		}
	}
	f.Mapping = t.mapper.sum(t.c.MapPort && !t.c.Private, listen)
	f.Relays, f.Refusals = t.relays.list()
	f.Serving = slices.Contains(t.host.Mux().Protocols(), proto.ProtoIDv2Hop)
	f.Punches = t.punches.sum()
	return f
}

// Settle notes the state that was concluded, and returns since when it lasts.
func (t *Tracker) Settle(s State) (since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state != s {
		t.state, t.since = s, t.c.Now()
	}
	return t.since
}

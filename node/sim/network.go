package sim

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/marcopolo/simnet"
	"github.com/quic-go/quic-go"
	"go.uber.org/fx"
)

// Latency says how long a packet is on its way between two nodes, one way, by
// their numbers. It is called for each packet and may vary.
type Latency func(from, to int) time.Duration

// Static is the same delay between all.
func Static(d time.Duration) Latency { return func(int, int) time.Duration { return d } }

// network carries packets between the nodes. Each node has one address, behind
// a link whose two directions have their own speeds and a queue that is kept
// short as routers do (FQ-CoDel).
//
// mu guards sides and down. A packet is dropped where it is sent; those on
// their way arrive.
type network struct {
	sim     *simnet.Simnet
	latency Latency
	loss    float64

	mu    sync.RWMutex
	by    map[string]int // node or outsider by IP
	side  map[int]int    // those of different sides do not hear each other
	down  map[int]bool   // heard by nobody
	dice  *rand.Rand
	diceM sync.Mutex
}

func newNetwork(o *Options) *network {
	n := &network{
		latency: o.Latency, loss: o.Loss, by: map[string]int{}, side: map[int]int{}, down: map[int]bool{},
		dice: rand.New(rand.NewPCG(o.Seed, 'l')),
	}
	n.sim = &simnet.Simnet{
		Logger: slog.New(slog.DiscardHandler),
		LatencyFunc: func(p *simnet.Packet) time.Duration {
			return n.latency(n.node(p.From), n.node(p.To))
		},
	}
	n.sim.Start()
	return n
}

// ip is the address of node i: each in a /16 of its own, none of them private or reserved.
func ip(i int) net.IP { return net.IPv4(byte(20+i/250), byte(1+i%250), 0, 1) }

// add gives node or outsider i its address, and says whether it was free.
func (n *network) add(i int, at net.IP) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, taken := n.by[at.String()]; taken {
		return false
	}
	n.by[at.String()] = i
	return true
}

// node is the number of the node with an address; -1 when there is none.
func (n *network) node(a net.Addr) int {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return -1
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	if i, ok := n.by[u.IP.String()]; ok {
		return i
	}
	return -1
}

// hears says whether a packet between two nodes gets through.
func (n *network) hears(from, to int) bool {
	if from < 0 || to < 0 {
		return false
	}
	n.mu.RLock()
	ok := !n.down[from] && !n.down[to] && n.side[from] == n.side[to]
	n.mu.RUnlock()
	if !ok || n.loss == 0 {
		return ok
	}
	n.diceM.Lock()
	defer n.diceM.Unlock()
	return n.dice.Float64() >= n.loss
}

// endpoint is one node's socket.
type endpoint struct {
	*simnet.SimConn
	net  *network
	node int
	sent *atomic.Int64
	got  *atomic.Int64
}

// WriteTo sends a packet, or loses it as a network does: in silence.
func (e *endpoint) WriteTo(p []byte, to net.Addr) (int, error) {
	if !e.net.hears(e.node, e.net.node(to)) {
		return len(p), nil
	}
	e.sent.Add(int64(len(p)))
	return e.SimConn.WriteTo(p, to)
}

// ReadFrom receives a packet.
func (e *endpoint) ReadFrom(p []byte) (int, net.Addr, error) {
	k, from, err := e.SimConn.ReadFrom(p)
	e.got.Add(int64(k))
	return k, from, err
}

// source answers for libp2p which of a machine's addresses to send from.
type source struct{ ip net.IP }

func (s source) PreferredSourceIPForDestination(*net.UDPAddr) (net.IP, error) { return s.ip, nil }

// transport has the QUIC of node or outsider i, whose address is at, run over the simulated network.
func (n *network) transport(i int, at net.IP, speed Speed, sent, got *atomic.Int64) libp2p.Option {
	link := simnet.NodeBiDiLinkSettings{
		Uplink:   simnet.LinkSettings{BitsPerSecond: speed.Up},
		Downlink: simnet.LinkSettings{BitsPerSecond: speed.Down},
	}
	opts := []quicreuse.Option{
		quicreuse.OverrideSourceIPSelector(func() (quicreuse.SourceIPSelector, error) { return source{at}, nil }),
		quicreuse.OverrideListenUDP(func(_ string, a *net.UDPAddr) (net.PacketConn, error) {
			if !a.IP.Equal(at) {
				return nil, fmt.Errorf("node %d has the address %v, not %v", i, at, a)
			}
			return &endpoint{n.sim.NewEndpoint(a, link), n, i, sent, got}, nil
		}),
	}
	return libp2p.QUICReuse(
		func(l fx.Lifecycle, reset quic.StatelessResetKey, token quic.TokenGeneratorKey, opts ...quicreuse.Option) (*quicreuse.ConnManager, error) {
			m, err := quicreuse.NewConnManager(reset, token, opts...)
			if err == nil {
				l.Append(fx.StopHook(m.Close)) // libp2p does not close one that is given
			}
			return m, err
		}, opts...)
}

// quiet turns off what asks the operating system for the real network: it would
// stall virtual time, and there is nothing to be found out about this one.
func quiet(c *libp2p.Config) error {
	c.DisableIdentifyAddressDiscovery = true
	c.NATManager = nil
	c.EnableAutoNATv2 = false
	c.AutoNATConfig.EnableService = false
	c.EnableAutoRelay = false
	c.EnableHolePunching = false
	c.EnableRelayService = false
	return nil
}

package rpc

import (
	"context"
	"time"

	"github.com/quernnet/quern/gossip"
)

// pingTimes is how many pings are sent when the caller does not say.
const pingTimes = 4

// netMethods tell how the network sees this node.
func netMethods() []method {
	return []method{{
		name: "quern.net", category: "quern", about: "Returns how the world can reach this node, why, what is wrong and what to do about it.",
		result: "{ \"state\", \"why\", \"troubles\", \"addresses\", \"observed\", \"nat\", \"mapping\", \"relays\", \"punches\", \"waiting\", \"peers\", … }", call: quernNet,
	}, {
		name: "quern.net.ping", category: "quern", about: "Sends a peer several pings, one after the other.",
		args: []arg{
			{name: "peer", kind: text, need: true, about: "Its id, the end of a connected peer's id, or a multiaddr with /p2p/; a peer that is not connected is dialed for this"},
			{name: "times", kind: integer, def: "4", about: "1 to 20"},
		},
		result: "{ \"peer_id\", \"address\", \"transport\", \"relayed\", \"times\", \"lost\", \"min\", \"avg\", \"max\" }", call: quernNetPing,
	}}
}

// NetStatus is the result of quern.net. Times are Unix seconds, 0 for never.
type NetStatus struct {
	State     string       `json:"state"` // public, mapped, hole-punchable, relayed, alone, private network, unknown
	Since     int64        `json:"since"`
	Why       string       `json:"why"`
	Troubles  []NetTrouble `json:"troubles"`
	PeerID    string       `json:"peer_id"`
	Active    bool         `json:"active"`    // setnetworkactive
	Addresses []string     `json:"addresses"` // told to others
	Listening []string     `json:"listening"`
	AutoNAT   string       `json:"autonat"` // the verdict on the whole node: untested, reachable, unreachable
	Tests     []NetTest    `json:"tests"`   // verdicts on each public address
	Observed  []NetSeen    `json:"observed"`
	NAT       NetNAT       `json:"nat"`
	Mapping   NetMapping   `json:"mapping"`
	Relays    []NetRelay   `json:"relays"`   // that keep a reservation for this node
	Refusals  []NetFailure `json:"refusals"` // by relays
	Relaying  bool         `json:"relaying"` // this node relays for others
	Punches   NetPunches   `json:"punches"`
	Waiting   []NetWaiting `json:"waiting"`
	Inbound   int          `json:"inbound"`
	Outbound  int          `json:"outbound"`
	Peers     []NetPeer    `json:"peers"`
}

// NetTrouble is something wrong and what to do about it.
type NetTrouble struct {
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
	Minor   bool   `json:"minor"` // the node works well without the remedy
}

// NetTest is a verdict on an address.
type NetTest struct {
	Address string `json:"address"`
	Verdict string `json:"verdict"` // untested, reachable, unreachable
}

// NetSeen is where peers see one of this node's ports.
type NetSeen struct {
	Protocol  string `json:"protocol"` // tcp or udp
	Port      int    `json:"port"`
	Address   string `json:"address"` // host:port
	Observers int    `json:"observers"`
}

// NetNAT is the router's kind of address translation.
type NetNAT struct {
	TCP string `json:"tcp"` // unknown, none, endpoint-independent, symmetric
	UDP string `json:"udp"`
}

// NetMapping is what came of asking the router to forward ports.
type NetMapping struct {
	Enabled bool      `json:"enabled"`
	Sought  bool      `json:"sought"` // the search for a router has ended
	Router  bool      `json:"router"` // one answered
	Ports   []NetPort `json:"ports"`
}

// NetPort is a port that this node listens on.
type NetPort struct {
	Protocol string `json:"protocol"`
	Port     int    `json:"port"`
	Address  string `json:"address,omitempty"` // host:port outside, while the router forwards it
}

// NetRelay is a relay that keeps a reservation.
type NetRelay struct {
	PeerID  string `json:"peer_id"`
	Address string `json:"address"`
	Since   int64  `json:"since"`
	Expires int64  `json:"expires"` // renewed before
}

// NetFailure is something that a peer was asked for in vain.
type NetFailure struct {
	PeerID string `json:"peer_id"`
	Time   int64  `json:"time"`
	Why    string `json:"why"`
}

// NetPunches sums hole punching up since the start.
type NetPunches struct {
	Succeeded int          `json:"succeeded"` // peers
	Failed    int          `json:"failed"`    // peers
	Tries     int          `json:"tries"`
	Last      []NetFailure `json:"last"`
}

// NetWaiting is a peer that is connected over a relay only.
type NetWaiting struct {
	PeerID  string `json:"peer_id"`
	Relay   string `json:"relay"`
	Inbound bool   `json:"inbound"`
	Since   int64  `json:"since"`
	Until   int64  `json:"until"`
	Tries   int    `json:"tries"`
	Last    string `json:"last,omitempty"` // outcome of the last try
}

// NetPeer is a peer, briefly; getpeerinfo tells more.
type NetPeer struct {
	PeerID    string  `json:"peer_id"`
	Source    string  `json:"source"`
	Transport string  `json:"transport"`
	Inbound   bool    `json:"inbound"`
	Ping      float64 `json:"ping"` // seconds, 0: not known
	Address   string  `json:"address"`
	Since     int64   `json:"since"`
}

// NetPing is the result of quern.net.ping; times in seconds.
type NetPing struct {
	PeerID    string    `json:"peer_id"`
	Address   string    `json:"address"`
	Transport string    `json:"transport"`
	Relayed   bool      `json:"relayed"`
	Dialed    bool      `json:"dialed"` // connected for this, and parted again
	Times     []float64 `json:"times"`
	Lost      int       `json:"lost"`
	Min       float64   `json:"min"`
	Avg       float64   `json:"avg"`
	Max       float64   `json:"max"`
}

func quernNet(_ context.Context, n *node, _ args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	r := n.Net.Reach()
	st := NetStatus{
		State: string(r.State), Since: unix(r.Since), Why: r.Why, PeerID: n.Net.ID().String(), Active: r.Active,
		Addresses: nonNil(n.Net.Addrs()), Listening: nonNil(r.Listening), AutoNAT: string(r.AutoNAT),
		NAT: NetNAT{string(r.TCP), string(r.UDP)}, Relaying: r.Serving,
		Mapping: NetMapping{Enabled: r.Mapping.Enabled, Sought: r.Mapping.Sought, Router: r.Mapping.Router, Ports: []NetPort{}},
		Punches: NetPunches{r.Punches.Succeeded, r.Punches.Failed, r.Punches.Tries, []NetFailure{}},
		Inbound: r.Inbound, Outbound: r.Outbound,
		Troubles: []NetTrouble{}, Tests: []NetTest{}, Observed: []NetSeen{}, Relays: []NetRelay{}, Refusals: []NetFailure{},
		Waiting: []NetWaiting{}, Peers: []NetPeer{},
	}
	for _, t := range r.Troubles {
		st.Troubles = append(st.Troubles, NetTrouble(t))
	}
	for _, a := range r.Addrs {
		st.Tests = append(st.Tests, NetTest{a.Addr, string(a.Verdict)})
	}
	for _, o := range r.Observed {
		st.Observed = append(st.Observed, NetSeen{o.Proto, o.Port, o.Addr, o.Observers})
	}
	for _, p := range r.Mapping.Ports {
		st.Mapping.Ports = append(st.Mapping.Ports, NetPort{p.Proto, p.Port, p.Addr})
	}
	st.peers(r, n.Net.Peers())
	return st, nil
}

// peers fills in all that names peers.
func (st *NetStatus) peers(r gossip.Reach, peers []gossip.Info) {
	for _, x := range r.Relays {
		st.Relays = append(st.Relays, NetRelay{x.ID.String(), x.Addr, unix(x.Since), unix(x.Expires)})
	}
	for _, x := range r.Refusals {
		st.Refusals = append(st.Refusals, NetFailure{x.ID.String(), unix(x.At), x.Why})
	}
	for _, x := range r.Punches.Last {
		st.Punches.Last = append(st.Punches.Last, NetFailure{x.ID.String(), unix(x.At), x.Why})
	}
	for _, x := range r.Waiting {
		st.Waiting = append(st.Waiting, NetWaiting{x.ID.String(), x.Via.String(), x.Inbound, unix(x.Since), unix(x.Until), x.Tries, x.Last})
	}
	for _, p := range peers {
		st.Peers = append(st.Peers, NetPeer{p.ID.String(), p.Source, p.Transport, p.Inbound, p.Latency.Seconds(), p.Addr, p.Since.Unix()})
	}
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func quernNetPing(ctx context.Context, n *node, a args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	times := int64(pingTimes)
	if a.given(1) {
		if times = a.integer(1); times < 1 || times > gossip.MaxPings {
			return nil, errorf(codeInvalid, "times must be between 1 and %d, not %d", gossip.MaxPings, times)
		}
	}
	p, err := n.Net.Ping(ctx, a.text(0), int(times))
	if err != nil {
		return nil, errorf(codeMisc, "%v", err)
	}
	out := NetPing{PeerID: p.ID.String(), Address: p.Addr, Transport: p.Transport, Relayed: p.Relayed, Dialed: p.Dialed, Lost: p.Lost, Times: []float64{}}
	for i, t := range p.Times {
		s := t.Seconds()
		out.Times = append(out.Times, s)
		out.Avg += s / float64(len(p.Times))
		if i == 0 || s < out.Min {
			out.Min = s
		}
		out.Max = max(out.Max, s)
	}
	return out, nil
}

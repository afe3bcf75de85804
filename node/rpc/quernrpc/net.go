package quernrpc

import (
	"context"
	"time"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

// pingTimes is how many pings are sent when the caller does not say.
const pingTimes = 4

// netMethods tell how the network sees this node.
func (n *node) netMethods() []table.Method {
	return []table.Method{{
		Name: "quern.net", Category: "quern", About: "Returns how the world can reach this node, why, what is wrong and what to do about it.",
		Results: []table.Shape{table.ShapeOf[own.NetStatus]("How the world can reach this node")}, Call: n.quernNet,
	}, {
		Name: "quern.net.ping", Category: "quern", About: "Sends a peer several pings, one after the other.",
		Args: []table.Arg{
			{Name: "peer", Kind: table.Text, Need: true, About: "Its id, the end of a connected peer's id, or a multiaddr with /p2p/; a peer that is not connected is dialed for this"},
			{Name: "times", Kind: table.Integer, Def: "4", About: "1 to 20"},
		},
		Results: []table.Shape{table.ShapeOf[own.NetPing]("Times in seconds")}, Call: n.quernNetPing,
	}}
}

func (n *node) quernNet(_ context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	r := n.Net.Reach()
	st := own.NetStatus{
		State: string(r.State), Since: unix(r.Since), Why: r.Why, PeerID: n.Net.ID().String(), Active: r.Active,
		Addresses: view.NonNil(n.Net.Addrs()), Listening: view.NonNil(r.Listening), AutoNAT: string(r.AutoNAT),
		NAT: own.NetNAT{TCP: string(r.TCP), UDP: string(r.UDP)}, Relaying: r.Serving,
		Mapping: own.NetMapping{Enabled: r.Mapping.Enabled, Sought: r.Mapping.Sought, Router: r.Mapping.Router, Ports: []own.NetPort{}},
		Punches: own.NetPunches{Succeeded: r.Punches.Succeeded, Failed: r.Punches.Failed, Tries: r.Punches.Tries, Last: []own.NetFailure{}},
		Inbound: r.Inbound, Outbound: r.Outbound,
		Troubles: []own.NetTrouble{}, Tests: []own.NetTest{}, Observed: []own.NetSeen{}, Relays: []own.NetRelay{}, Refusals: []own.NetFailure{},
		Waiting: []own.NetWaiting{}, Peers: []own.NetPeer{},
	}
	for _, t := range r.Troubles {
		st.Troubles = append(st.Troubles, own.NetTrouble(t))
	}
	for _, a := range r.Addrs {
		st.Tests = append(st.Tests, own.NetTest{Address: a.Addr, Verdict: string(a.Verdict)})
	}
	for _, o := range r.Observed {
		st.Observed = append(st.Observed, own.NetSeen{Protocol: o.Proto, Port: o.Port, Address: o.Addr, Observers: o.Observers})
	}
	for _, p := range r.Mapping.Ports {
		st.Mapping.Ports = append(st.Mapping.Ports, own.NetPort{Protocol: p.Proto, Port: p.Port, Address: p.Addr})
	}
	fillPeers(&st, r, n.Net.Peers())
	return st, nil
}

// fillPeers fills in all that names peers.
func fillPeers(st *own.NetStatus, r gossip.Reach, peers []gossip.Info) {
	for _, x := range r.Relays {
		st.Relays = append(st.Relays, own.NetRelay{PeerID: x.ID.String(), Address: x.Addr, Since: unix(x.Since), Expires: unix(x.Expires)})
	}
	for _, x := range r.Refusals {
		st.Refusals = append(st.Refusals, own.NetFailure{PeerID: x.ID.String(), Time: unix(x.At), Why: x.Why})
	}
	for _, x := range r.Punches.Last {
		st.Punches.Last = append(st.Punches.Last, own.NetFailure{PeerID: x.ID.String(), Time: unix(x.At), Why: x.Why})
	}
	for _, x := range r.Waiting {
		st.Waiting = append(st.Waiting, own.NetWaiting{PeerID: x.ID.String(), Relay: x.Via.String(), Inbound: x.Inbound, Since: unix(x.Since), Until: unix(x.Until), Tries: x.Tries, Last: x.Last})
	}
	for _, p := range peers {
		st.Peers = append(st.Peers, own.NetPeer{PeerID: p.ID.String(), Source: p.Source, Transport: p.Transport, Inbound: p.Inbound, Ping: p.Latency.Seconds(), Address: p.Addr, Since: p.Since.Unix()})
	}
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (n *node) quernNetPing(ctx context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	times := int64(pingTimes)
	if a.Given(1) {
		if times = a.Integer(1); times < 1 || times > gossip.MaxPings {
			return nil, table.Errorf(table.CodeInvalid, "times must be between 1 and %d, not %d", gossip.MaxPings, times)
		}
	}
	p, err := n.Net.Ping(ctx, a.Text(0), int(times))
	if err != nil {
		return nil, table.Errorf(table.CodeMisc, "%v", err)
	}
	out := own.NetPing{PeerID: p.ID.String(), Address: p.Addr, Transport: p.Transport, Relayed: p.Relayed, Dialed: p.Dialed, Lost: p.Lost, Times: []float64{}}
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

// needNet refuses what cannot be without peers.
func (n *node) needNet() error {
	if n.Net == nil {
		return table.Errorf(table.CodeP2POff, "Error: Peer-to-peer functionality missing or disabled")
	}
	return nil
}

package swarm

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// testTime is how long finding out takes at most when there are peers to ask:
// AutoNAT v1 asks as soon as a peer is identified, and a dial back that nobody
// lets in ends after 15 s.
const testTime = 45 * time.Second

// Judge concludes from facts how a node can be reached, why, what is wrong and
// what to do about it.
func Judge(f Facts) (s State, why string, troubles []Trouble) {
	s, why = f.state()
	for _, t := range f.troubles(s) {
		if t.Problem != "" {
			troubles = append(troubles, t)
		}
	}
	return s, why, troubles
}

func (f *Facts) state() (State, string) {
	mapped := f.mapped()
	switch {
	case f.Private:
		return StateLAN, "private mode (p2p.private): every address counts, and nothing is found out about the internet"
	case f.Declared:
		return StatePublic, "the configuration declares it (p2p.public)"
	case f.reachable() && mapped != "" && !f.Public:
		return StateMapped, "the router forwards " + mapped + " to this machine, and peers got through"
	case f.reachable():
		return StatePublic, "peers that were asked to dial back got through"
	case f.Inbound+f.Outbound == 0 && len(f.Relays) == 0:
		return StateAlone, "there are no peers who could tell"
	case f.unreachable():
		return f.behind()
	case f.Now.Sub(f.Started) < testTime:
		return StateUnknown, "peers are being asked to dial back; this takes up to half a minute"
	}
	return StateUnknown, "no peer has tested it: that takes a peer which the world can reach, on another network than this"
}

// behind tells apart those that are behind a router or firewall.
func (f *Facts) behind() (State, string) {
	const shut = "peers that were asked to dial back did not get through"
	switch {
	case len(f.Relays) == 0:
		return StateAlone, shut + ", and no peer relays for this node: only peers that it dials itself know it"
	case f.UDP == NATSymmetric: // where one got through, that peer can be reached by itself
		return StateRelayed, shut + "; the router uses another port for each peer, so that a direct connection comes about with reachable peers only"
	case f.Punches.Succeeded > 0, f.UDP == NATSame, f.UDP == NATNone:
		return StatePunched, shut + "; a relay introduces them, and the router lets a direct connection through then"
	}
	return StateRelayed, shut + "; whether the router lets direct connections through is not known yet"
}

func (f *Facts) reachable() bool {
	for _, a := range f.Addrs {
		if a.Verdict == Reachable {
			return true
		}
	}
	return f.AutoNAT == Reachable
}

func (f *Facts) unreachable() bool {
	if f.AutoNAT != Untested {
		return f.AutoNAT == Unreachable
	}
	none := false
	for _, a := range f.Addrs {
		if a.Verdict != Unreachable {
			return false
		}
		none = true
	}
	return none
}

// mapped names a port that the router forwards from a public address, "" for none.
func (f *Facts) mapped() string {
	for _, p := range f.Mapping.Ports {
		if a, err := netip.ParseAddrPort(p.Addr); err == nil && publicIP(a.Addr()) {
			return p.Proto + " " + p.Addr
		}
	}
	return ""
}

// doubleNAT returns the router's own outside address when that is not public.
func (f *Facts) doubleNAT() string {
	for _, p := range f.Mapping.Ports {
		if a, err := netip.ParseAddrPort(p.Addr); err == nil && !publicIP(a.Addr()) {
			return a.Addr().String()
		}
	}
	return ""
}

func publicIP(a netip.Addr) bool {
	m, err := manet.FromIP(net.IP(a.AsSlice()))
	return err == nil && manet.IsPublicAddr(m)
}

// troubles lists what is wrong; entries may be empty.
func (f *Facts) troubles(s State) []Trouble {
	if !f.Active {
		return []Trouble{{Problem: "the network is switched off", Remedy: "switch it on: quern rpc setnetworkactive true"}}
	}
	list := []Trouble{f.noPeers()}
	if f.Private {
		return list
	}
	if s != StatePublic && s != StateMapped && f.unreachable() {
		mapping := f.noMapping()
		mapping.Minor = s == StatePunched
		list = append(list, mapping, f.noRelay(), f.symmetric())
	}
	return append(list, f.declaredWrong(), f.noUDP(), f.punchesFail())
}

func wrong(problem, remedy string) Trouble { return Trouble{Problem: problem, Remedy: remedy} }

func (f *Facts) noPeers() Trouble {
	if f.Inbound+f.Outbound > 0 {
		return Trouble{}
	}
	remedy := "name one that is up: --p2p.peers /ip4/…/tcp/…/p2p/…, or join by an invite; quern peers lists those that came"
	if len(f.Waiting) > 0 {
		remedy = "wait: " + count(len(f.Waiting), "peer") + " connected by relay is being tried directly"
	}
	return wrong("no peers yet: "+f.Search.words(), remedy)
}

// words tell what was tried, source by source.
func (s *Search) words() string {
	var parts []string
	for _, t := range s.Tried {
		parts = append(parts, fmt.Sprintf("%d %s (%s)", t.Failed, sourceWords(t.Source), reasonWords(t.Reasons)))
	}
	if len(parts) == 0 {
		parts = append(parts, "no saved, configured or found peer to try")
	} else {
		parts[0] = "tried " + parts[0]
	}
	switch {
	case !s.DHT:
		parts = append(parts, "DHT off")
	case s.DHTServers == 0:
		parts = append(parts, "DHT empty")
	default:
		parts = append(parts, count(s.DHTServers, "DHT server"))
	}
	if s.Public {
		parts = append(parts, "nobody met in the public DHT")
	}
	if s.MDNS {
		return strings.Join(append(parts, "nobody on the local network"), ", ")
	}
	return strings.Join(append(parts, "local network not searched"), ", ")
}

// reasonWords tells the most frequent reasons, with numbers where there are several.
func reasonWords(list []Count) string {
	var parts []string
	for _, c := range list[:min(len(list), 3)] {
		if len(list) == 1 {
			return c.What
		}
		parts = append(parts, fmt.Sprintf("%d: %s", c.Times, c.What))
	}
	return strings.Join(parts, "; ")
}

// sourceWords says where a peer was found, before "peers".
func sourceWords(s Source) string {
	switch s {
	case FromConfig:
		return "configured"
	case FromRPC:
		return "added"
	case FromSeed:
		return "seeds"
	case FromAnchor:
		return "of the last run"
	case FromPublicDHT:
		return "met in the public DHT"
	case FromInbound:
		return "that came"
	case FromMDNS:
		return "on the local network"
	case FromDHT:
		return "of the DHT"
	}
	return string(s)
}

func (f *Facts) noMapping() Trouble {
	ports := f.ports()
	byHand := "forward " + ports + " to this machine in the router, and set p2p.public; or leave it: peers get through by relays"
	switch double := f.doubleNAT(); {
	case double != "":
		return wrong("the router forwards a port, but its own address "+double+" is not public: there is another NAT before it (the provider's, or a second router)",
			"ask the provider for a public IPv4 address, or use IPv6; forwarding ports in this router alone does not help")
	case f.mapped() != "":
		return wrong("the router says that it forwards "+f.mapped()+", but peers do not get through", "look for a firewall on this machine or in the router that blocks "+ports)
	case !f.Mapping.Enabled:
		return wrong("the router is not asked to forward a port (p2p.map_port = false)", "set p2p.map_port = true, or "+byHand)
	case f.Mapping.Router:
		return wrong("the router was found and refuses to forward a port", "allow UPnP or NAT-PMP in the router, or "+byHand)
	case f.Mapping.Sought && !f.Public:
		return wrong("no router answered to UPnP, NAT-PMP or PCP", "switch one of them on in the router, or "+byHand)
	case f.Public:
		return wrong("this machine has a public address, but a firewall keeps peers out", "allow incoming "+ports+" in the firewall")
	}
	return Trouble{}
}

// ports names what must be let through, like "tcp and udp port 9735".
func (f *Facts) ports() string {
	var parts []string
	for _, p := range f.Mapping.Ports {
		parts = append(parts, fmt.Sprintf("%s port %d", p.Proto, p.Port))
	}
	if len(parts) == 0 {
		return "the listening ports"
	}
	return strings.Join(parts, " and ")
}

func (f *Facts) noRelay() Trouble {
	if len(f.Relays) > 0 {
		return Trouble{}
	}
	problem := "no peer relays for this node, so that nobody can begin to reach it"
	if len(f.Refusals) > 0 {
		problem += fmt.Sprintf("; %s: %s", ShortID(f.Refusals[0].ID), f.Refusals[0].Why)
	}
	return wrong(problem, "it needs one peer with a public address: name one in p2p.peers")
}

func (f *Facts) symmetric() Trouble {
	if f.UDP != NATSymmetric {
		return Trouble{}
	}
	return wrong("the router's NAT is symmetric: it uses another outside port for each peer, so that hole punching fails",
		"look for \"endpoint-independent\", \"full cone\" or \"static port\" NAT in the router, or forward "+f.ports())
}

func (f *Facts) declaredWrong() Trouble {
	if !f.Declared || f.AutoNAT == Reachable {
		return Trouble{}
	}
	shut := 0
	for _, a := range f.Addrs {
		switch a.Verdict {
		case Reachable:
			return Trouble{}
		case Unreachable:
			shut++
		}
	}
	if shut == 0 {
		return Trouble{}
	}
	return wrong("p2p.public is set, but peers do not get through to "+count(shut, "address"), "let "+f.ports()+" through, or take p2p.public out")
}

func (f *Facts) noUDP() Trouble {
	tcp, udp := 0, 0
	for _, o := range f.Observed {
		switch o.Proto {
		case "tcp":
			tcp += o.Observers
		case "udp":
			udp += o.Observers
		}
	}
	if tcp < 3 || udp > 0 || !f.listensUDP() {
		return Trouble{}
	}
	return wrong("all connections are over TCP: UDP seems to be blocked, and hole punching needs it", "allow outgoing UDP in the firewall")
}

func (f *Facts) listensUDP() bool {
	for _, a := range f.Listening {
		if strings.Contains(a, "/udp/") {
			return true
		}
	}
	return false
}

func (f *Facts) punchesFail() Trouble {
	if f.Punches.Failed < 3 || f.Punches.Succeeded > 0 || f.UDP == NATSymmetric {
		return Trouble{}
	}
	return Trouble{Problem: "no hole punch has succeeded so far", Minor: true,
		Remedy: "nothing: the routers of those peers may not allow it; the node follows through reachable peers"}
}

// count puts a noun behind a number.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ShortID is the end of a peer id, where ids differ.
func ShortID(p peer.ID) string {
	id := p.String()
	if len(id) > 10 {
		return "…" + id[len(id)-8:]
	}
	return id
}

// TransportOf names a multiaddr's transport: relay, webrtc, webtransport, quic or tcp.
func TransportOf(a multiaddr.Multiaddr) string {
	name := ""
	for _, c := range a {
		switch c.Protocol().Code {
		case multiaddr.P_CIRCUIT:
			return "relay"
		case multiaddr.P_WEBRTC_DIRECT, multiaddr.P_WEBRTC:
			name = "webrtc"
		case multiaddr.P_WEBTRANSPORT:
			name = "webtransport"
		case multiaddr.P_QUIC_V1:
			name = "quic"
		case multiaddr.P_WS, multiaddr.P_WSS:
			name = "websocket"
		case multiaddr.P_TCP:
			name = "tcp"
		}
	}
	return name
}

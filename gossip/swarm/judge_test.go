package swarm

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// home is a node behind a router, of which everything is known.
func home() Facts {
	start := time.Unix(1_700_000_000, 0)
	return Facts{
		Now: start.Add(5 * time.Minute), Started: start, Active: true,
		Listening: []string{"/ip4/0.0.0.0/tcp/9735", "/ip4/0.0.0.0/udp/9735/quic-v1"},
		AutoNAT:   Unreachable,
		Observed:  []Observed{{"udp", 9735, "11.21.0.1:9735", 4}, {"tcp", 9735, "11.21.0.1:9735", 2}},
		TCP:       NATUnknown, UDP: NATSame,
		Mapping: Mapping{Enabled: true, Sought: true, Ports: []MappedPort{{Proto: "tcp", Port: 9735}, {Proto: "udp", Port: 9735}}},
		Relays:  []Relay{{ID: "relay"}},
		Inbound: 1, Outbound: 5,
	}
}

func forwarded(f *Facts, addr string) {
	f.Mapping.Router = true
	f.Mapping.Ports = []MappedPort{{"tcp", 9735, addr}, {"udp", 9735, addr}}
}

func TestJudge(t *testing.T) {
	const noRouter = "no router answered to UPnP, NAT-PMP or PCP"
	for _, test := range []struct {
		name     string
		change   func(*Facts)
		state    State
		why      string
		problems []string // how each begins
		remedy   string   // in one of them
	}{
		{"behind a router", func(*Facts) {}, StatePunched, "a relay introduces them", []string{noRouter}, "forward tcp port 9735 and udp port 9735"},
		{"symmetric", func(f *Facts) { f.UDP = NATSymmetric; f.Punches.Failed = 9 }, StateRelayed, "another port for each peer",
			[]string{noRouter, "the router's NAT is symmetric"}, "full cone"},
		{"symmetric and got through", func(f *Facts) { f.UDP = NATSymmetric; f.Punches.Succeeded = 1 }, StateRelayed, "with reachable peers only",
			[]string{noRouter, "the router's NAT is symmetric"}, ""},
		{"one observer", func(f *Facts) { f.UDP = NATUnknown }, StateRelayed, "is not known yet", []string{noRouter}, ""},
		{"no relay", func(f *Facts) { f.Relays = nil; f.Refusals = []Refusal{{ID: "x", Why: "the relay has no room"}} }, StateAlone, "no peer relays",
			[]string{noRouter, "no peer relays for this node, so that nobody can begin to reach it; " + ShortID("x") + ": the relay has no room"}, "one peer with a public address"},
		{"no peers", func(f *Facts) {
			f.AutoNAT, f.Relays, f.Inbound, f.Outbound = Untested, nil, 0, 0
			f.Search = Search{MDNS: true, DHT: true, Tried: []Tried{
				{FromConfig, 1, []Count{{"refused", 1}}}, {FromSaved, 3, []Count{{"no answer", 2}, {"refused", 1}}}}}
		}, StateAlone, "no peers who could tell",
			[]string{"no peers yet: tried 1 configured (refused), 3 saved (2: no answer; 1: refused), DHT empty, nobody on the local network"}, "--p2p.peers"},
		{"no peers and nothing tried", func(f *Facts) { f.AutoNAT, f.Relays, f.Inbound, f.Outbound = Untested, nil, 0, 0 }, StateAlone, "",
			[]string{"no peers yet: no saved, configured or found peer to try, DHT off, local network not searched"}, ""},
		{"no peers but one waits", func(f *Facts) { f.Inbound, f.Outbound, f.Waiting = 0, 0, make([]Waiting, 1) }, StatePunched, "",
			[]string{"no peers yet", noRouter}, "wait: 1 peer connected by relay"},
		{"public", func(f *Facts) { f.AutoNAT, f.Public, f.Relays = Reachable, true, nil }, StatePublic, "got through", nil, ""},
		{"public by v2 alone", func(f *Facts) { f.Addrs = []AddrVerdict{{"/ip4/11.1.0.1/tcp/1", Reachable}} }, StatePublic, "got through", nil, ""},
		{"unreachable by v2 alone", func(f *Facts) { f.AutoNAT, f.Addrs = Untested, []AddrVerdict{{"/ip4/11.1.0.1/tcp/1", Unreachable}} }, StatePunched, "", []string{noRouter}, ""},
		{"v2 not through", func(f *Facts) {
			f.AutoNAT, f.Addrs = Untested, []AddrVerdict{{"/ip4/11.1.0.1/tcp/1", Unreachable}, {"/ip4/11.1.0.1/udp/1/quic-v1", Untested}}
		}, StateUnknown, "no peer has tested it", nil, ""},
		{"declared", func(f *Facts) { f.Declared = true }, StatePublic, "declares it", nil, ""},
		{"declared wrongly", func(f *Facts) { f.Declared, f.Addrs = true, []AddrVerdict{{"/ip4/11.1.0.1/tcp/1", Unreachable}} }, StatePublic, "declares it",
			[]string{"p2p.public is set, but peers do not get through to 1 address"}, "take p2p.public out"},
		{"mapped", func(f *Facts) { f.AutoNAT, f.Relays = Reachable, nil; forwarded(f, "11.21.0.1:9735") }, StateMapped, "the router forwards tcp 11.21.0.1:9735", nil, ""},
		{"mapped in vain", func(f *Facts) { forwarded(f, "11.21.0.1:9735") }, StatePunched, "",
			[]string{"the router says that it forwards tcp 11.21.0.1:9735, but peers do not get through"}, "firewall"},
		{"carrier's NAT", func(f *Facts) { forwarded(f, "100.64.3.4:9735") }, StatePunched, "",
			[]string{"the router forwards a port, but its own address 100.64.3.4 is not public"}, "ask the provider"},
		{"router refuses", func(f *Facts) { f.Mapping.Router = true }, StatePunched, "", []string{"the router was found and refuses"}, "allow UPnP"},
		{"mapping off", func(f *Facts) { f.Mapping.Enabled = false }, StatePunched, "", []string{"the router is not asked"}, "p2p.map_port = true"},
		{"firewall", func(f *Facts) { f.Public, f.UDP = true, NATNone }, StatePunched, "", []string{"this machine has a public address, but a firewall"}, "allow incoming"},
		{"still looking", func(f *Facts) { f.Now, f.AutoNAT = f.Started.Add(5*time.Second), Untested }, StateUnknown, "up to half a minute", nil, ""},
		{"nobody tests", func(f *Facts) { f.AutoNAT = Untested }, StateUnknown, "no peer has tested it", nil, ""},
		{"UDP blocked", func(f *Facts) { f.UDP, f.Observed = NATUnknown, []Observed{{"tcp", 9735, "11.21.0.1:9735", 3}} }, StateRelayed, "",
			[]string{noRouter, "all connections are over TCP"}, "allow outgoing UDP"},
		{"punches fail", func(f *Facts) { f.Punches.Failed = 3 }, StatePunched, "", []string{noRouter, "no hole punch has succeeded"}, "nothing"},
		{"private mode", func(f *Facts) { f.Private = true }, StateLAN, "p2p.private", nil, ""},
		{"switched off", func(f *Facts) { f.Active = false }, StatePunched, "", []string{"the network is switched off"}, "setnetworkactive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := home()
			test.change(&f)
			state, why, troubles := Judge(f)
			if state != test.state || !strings.Contains(why, test.why) || why == "" {
				t.Errorf("%s: %s; want %s: … %s", state, why, test.state, test.why)
			}
			remedies := ""
			for i, x := range troubles {
				if i >= len(test.problems) || !strings.HasPrefix(x.Problem, test.problems[i]) || x.Remedy == "" {
					t.Errorf("trouble %d: %+v", i, x)
				}
				remedies += x.Remedy
				if strings.HasPrefix(x.Problem, noRouter) && x.Minor != (state == StatePunched) {
					t.Errorf("minor: %v in state %s", x.Minor, state)
				}
			}
			if len(troubles) != len(test.problems) || !strings.Contains(remedies, test.remedy) {
				t.Errorf("troubles %+v, want %q with %q", troubles, test.problems, test.remedy)
			}
			if !slices.Contains(States(), state) {
				t.Errorf("%s is not among all states", state)
			}
		})
	}
}

// The NAT's type: most observers decide, one never does.
func TestNATType(t *testing.T) {
	type seen map[string][]string // outside address: observers
	for _, test := range []struct {
		name string
		seen seen
		want NATType
	}{
		{"nobody", nil, NATUnknown},
		{"one", seen{"11.21.0.1:1000": {"11.1.0.1"}}, NATUnknown},
		{"two agree", seen{"11.21.0.1:1000": {"11.1.0.1", "11.2.0.1"}}, NATSame},
		{"two differ", seen{"11.21.0.1:1000": {"11.1.0.1"}, "11.21.0.1:1001": {"11.2.0.1"}}, NATSymmetric},
		{"a liar among three", seen{"11.21.0.1:1000": {"11.1.0.1", "11.3.0.1"}, "11.9.0.1:1001": {"11.2.0.1"}}, NATSame},
		{"all differ", seen{"11.21.0.1:1000": {"11.1.0.1"}, "11.21.0.1:1001": {"11.2.0.1"}, "11.21.0.1:1002": {"11.3.0.1"}}, NATSymmetric},
		{"no NAT", seen{"11.5.0.1:9735": {"11.1.0.1"}}, NATNone},
		{"no NAT, and a liar", seen{"11.5.0.1:9735": {"11.1.0.1", "11.2.0.1"}, "11.9.0.1:1": {"11.3.0.1"}}, NATNone},
		{"IPv4 decides", seen{"11.21.0.1:1000": {"11.1.0.1"}, "11.21.0.1:1001": {"11.2.0.1"}, "[2a00::1]:9735": {"2a01::", "2a02::", "2a03::"}}, NATSymmetric},
	} {
		outside := make(map[netip.AddrPort]map[netip.Prefix]bool)
		for a, observers := range test.seen {
			set := make(map[netip.Prefix]bool)
			for _, o := range observers {
				set[netip.PrefixFrom(netip.MustParseAddr(o), 32)] = true
			}
			outside[netip.MustParseAddrPort(a)] = set
		}
		own := map[netip.AddrPort]bool{netip.MustParseAddrPort("11.5.0.1:9735"): true}
		if got := natType(outside, own); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestTransportOf(t *testing.T) {
	const id = "12D3KooWJ8a5E2UWc5ymyFumNAU6aQcPAvphGU5m93Z8Qk3yEXJq"
	for addr, want := range map[string]string{
		"/ip4/11.1.0.1/tcp/1":                            "tcp",
		"/ip4/11.1.0.1/tcp/1/ws":                         "websocket",
		"/ip4/11.1.0.1/udp/1/quic-v1":                    "quic",
		"/ip4/11.1.0.1/udp/1/quic-v1/webtransport":       "webtransport",
		"/ip4/11.1.0.1/udp/1/webrtc-direct":              "webrtc",
		"/ip4/11.1.0.1/tcp/1/p2p/" + id + "/p2p-circuit": "relay",
		"/ip6/2a00::1/udp/1/quic-v1/p2p/" + id:           "quic",
		"/ip4/11.1.0.1/udp/1":                            "",
	} {
		if got := TransportOf(multiaddr.StringCast(addr)); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	relayed := multiaddr.StringCast("/ip4/11.1.0.1/tcp/1/p2p/" + id + "/p2p-circuit")
	if p := RelayOf(multiaddr.StringCast("/p2p-circuit"), relayed); p.String() != id {
		t.Errorf("relay %s", p)
	}
	if p := RelayOf(multiaddr.StringCast("/ip4/11.1.0.1/tcp/1/p2p/" + id)); p != peer.ID("") {
		t.Errorf("relay %s of a direct address", p)
	}
}

// What is not worth dialing is not offered.
func TestOffered(t *testing.T) {
	const relay = "/p2p/12D3KooWJ8a5E2UWc5ymyFumNAU6aQcPAvphGU5m93Z8Qk3yEXJq/p2p-circuit"
	in := []string{
		"/ip4/11.1.0.1/tcp/1" + relay, "/ip4/11.1.0.1/udp/1/quic-v1" + relay,
		"/ip4/11.1.0.1/udp/1/quic-v1/webtransport" + relay, "/ip4/11.1.0.1/udp/1/webrtc-direct" + relay,
		"/ip4/11.21.0.1/udp/1/quic-v1/webtransport", "/ip4/11.21.0.1/udp/1/webrtc-direct", "/ip4/11.21.0.1/tcp/1",
		"/ip4/192.168.0.2/udp/1/quic-v1", "/ip4/192.168.0.2/udp/1/quic-v1/webtransport", "/ip4/192.168.0.2/udp/1/webrtc-direct",
	}
	want := []string{in[0], in[1], in[6], in[7], in[8], in[9]}
	var addrs []multiaddr.Multiaddr
	for _, a := range in {
		addrs = append(addrs, multiaddr.StringCast(a))
	}
	var got []string
	for _, a := range offered(addrs) {
		got = append(got, a.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("offered %q, want %q", got, want)
	}
	if got := offered(addrs[4:6]); len(got) != 2 {
		t.Errorf("a node without QUIC offers %v", got)
	}
}

// Errors of libp2p become one short line.
func TestBrief(t *testing.T) {
	long := "failed to dial 12D3: all dials failed\n  * [/ip4/11.1.0.1/tcp/1] something " + strings.Repeat("very ", 100) + "strange"
	for in, want := range map[string]string{
		"failed to dial: * [/ip4/11.1.0.1/tcp/1] dial tcp4: connect: connection refused": "refused",
		"context deadline exceeded": "no answer",
		"RESOURCE_LIMIT_EXCEEDED":   "the relay has no room",
		"  odd \n  thing ":          "odd thing",
	} {
		if got := Brief(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := Brief(long); len(got) > 125 || !strings.HasPrefix(got, "* [/ip4/11.1.0.1") {
		t.Errorf("%q", got)
	}
}

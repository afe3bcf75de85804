package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse("soak", []string{"-for", "90s", "-nodes", "6", "-seed", "3", "-json"})
	if err != nil || o.soak != (soakOptions{90 * time.Second, 6, 3}) || !o.asJSON {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse("scenarios", []string{"-run", "lan|ipv6", "-keep"}); err != nil || o.run != "lan|ipv6" || !o.keep {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []struct {
		what string
		args []string
		want string
	}{
		{"scenarios", []string{"-run", "("}, "-run"},
		{"scenarios", []string{"lan"}, `"lan" is not understood`},
		{"soak", []string{"-nodes", "2"}, "-nodes 2"},
		{"soak", []string{"-for", "1s"}, "-for 1s"},
	} {
		if _, err := parse(bad.what, bad.args); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s %v: %v", bad.what, bad.args, err)
		}
	}
}

func TestGuests(t *testing.T) {
	at, now, ever := guests("at /ip4/11.1.0.1/udp/4001/quic-v1/p2p/Q\n+ A\n+ B\n- A\n+ A\n- B\n2026 some log line\n+ ")
	if at != "/ip4/11.1.0.1/udp/4001/quic-v1/p2p/Q" || now["A"] != 1 || now["B"] != 0 || ever["A"] != 2 || ever["B"] != 1 {
		t.Errorf("at %q, now %v, ever %v", at, now, ever)
	}
}

func TestMapped(t *testing.T) {
	rules := `	chain prerouting_miniupnpd {
		iif "wan" @nh,72,8 0x11 th dport 40123 dnat ip to 192.168.1.2:18444
		iif "wan" @nh,72,8 0x6 th dport 18444 dnat ip to 192.168.1.2:18444
	}`
	if got := mappedPort(rules, "udp"); got != "40123" {
		t.Errorf("udp %q", got)
	}
	if got := mappedPort(rules, "tcp"); got != "18444" {
		t.Errorf("tcp %q", got)
	}
	if got := mappedPort(routerRules(cone), "udp"); got != "" {
		t.Errorf("without a mapping: %q", got)
	}
}

func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"n3: quern.wallet.send: dial tcp 127.0.0.1:18443: connect: connection refused": "not running",
		"n3: quern.wallet.send: insufficient funds: 1 needed":                          "no coins",
		"something new\nand its log":                                                   "something new",
	} {
		if got := reason(errors.New(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestRelayed(t *testing.T) {
	const relay = "/ip4/11.1.0.1/udp/18444/quic-v1/p2p/Q/p2p-circuit"
	if !reserved([]string{"/ip4/11.1.0.1/tcp/1", relay}) || reserved([]string{"/ip4/11.1.0.1/tcp/1"}) {
		t.Error("addresses through a relay are told wrongly")
	}
	if !(peerState{Addr: relay}).relayed() || (peerState{Addr: "/ip4/11.1.0.1/tcp/1"}).relayed() {
		t.Error("relayed connections are told wrongly")
	}
}

func TestFaultIn(t *testing.T) {
	const told = `level=INFO msg=running
level=ERROR msg="deep reorganisation: blocks that were confirmed are no longer" depth=7
`
	if got := faultIn(told); got != "" {
		t.Errorf("what a cut brings about is a fault: %q", got)
	}
	for _, bad := range []string{"panic: nil map", "WARNING: DATA RACE", `level=ERROR msg="panic while checking gossip"`} {
		if got := faultIn(told + bad + "\n"); got != bad {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

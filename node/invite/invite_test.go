package invite

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	id    = "12D3KooWD9YeYx1zpWpNNgwKS969ErMdfJrqfToQ3N2AuhBkoJza"
	other = "12D3KooWKbGD8zXJBt6UNcJ9ogg9UTwNLhTBRpDHMxU8aQeGARNT"
	at    = "/ip4/192.0.2.1/tcp/18444/p2p/" + id
	rules = "530827f38f93b43e"
	good  = "quern:acme?chain=regtest&rules=" + rules + "&peer=" + at
)

func TestParse(t *testing.T) {
	same := Invite{Swarm: "acme", Chain: "regtest", Rules: rules, Peers: []string{at}}
	for _, c := range []struct {
		name, text string
		want       Invite
	}{
		{"plain", good, same},
		{"blanks around it", "\n " + good + "\t\n", same},
		{"scheme in capitals", "QUERN:" + good[len(Scheme):], same},
		{"digest in capitals", strings.Replace(good, rules, strings.ToUpper(rules), 1), same},
		{"any order", "quern:acme?peer=" + at + "&rules=" + rules + "&chain=regtest", same},
		{"percent-encoded", strings.ReplaceAll(good, "/", "%2F"), same},
		{"a peer twice", good + "&peer=" + at, same},
		{"the older name of p2p", strings.Replace(good, "/p2p/", "/ipfs/", 1), same},
		{"what is left to others", good + "&x-note=hello%20you", same},
		{"empty parameters", good + "&&", same},
		{"no peers", "quern:acme?chain=regtest&rules=" + rules, Invite{Swarm: "acme", Chain: "regtest", Rules: rules}},
		{"overrides and a meeting point", "quern:a-1?meet=public&chain=signet&signet_challenge=51AB&segwit=007&bip34=0&rules=" + rules,
			Invite{Swarm: "a-1", Chain: "signet", Rules: rules, Meet: true, Overrides: []Override{{"bip34", "0"}, {"segwit", "7"}, {"signet_challenge", "51ab"}}}},
		{"names", "quern:acme?chain=main&rules=" + rules + "&peer=/dnsaddr/seed.example.org&peer=/dns4/example.org/tcp/1/p2p/" + id,
			Invite{Swarm: "acme", Chain: "main", Rules: rules, Peers: []string{"/dnsaddr/seed.example.org", "/dns4/example.org/tcp/1/p2p/" + id}}},
		{"through a relay", "quern:acme?chain=main&rules=" + rules + "&peer=/ip6/2001:db8::1/udp/1/quic-v1/p2p/" + other + "/p2p-circuit/p2p/" + id,
			Invite{Swarm: "acme", Chain: "main", Rules: rules, Peers: []string{"/ip6/2001:db8::1/udp/1/quic-v1/p2p/" + other + "/p2p-circuit/p2p/" + id}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if !equal(got, c.want) {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
			again, err := Parse(got.String())
			if err != nil || !equal(again, got) {
				t.Fatalf("%s reads as %+v, %v", got, again, err)
			}
		})
	}
	if got, _ := Parse(good); got.String() != good {
		t.Errorf("%s is written %s", good, got)
	}
}

func equal(a, b Invite) bool {
	return a.Swarm == b.Swarm && a.Chain == b.Chain && a.Rules == b.Rules && a.Meet == b.Meet &&
		slices.Equal(a.Overrides, b.Overrides) && slices.Equal(a.Peers, b.Peers)
}

// TestRefused breaks one thing at a time of a good invite.
func TestRefused(t *testing.T) {
	with := func(s string) string { return good + "&" + s }
	var many strings.Builder
	many.WriteString(good)
	for n := range MaxPeers {
		many.WriteString("&peer=/ip4/192.0.2.1/tcp/" + strconv.Itoa(n+1) + "/p2p/" + id)
	}
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", `"" is no invite: it begins with quern:`},
		{"something else", "https://example.org/", `"https://example.org/" is no invite: it begins with quern:`},
		{"too long", good + "&x-a=" + strings.Repeat("a", MaxLength), "the most is 4096"},
		{"two lines", strings.Replace(good, "&", "&\n", 1), `the invite has a '\n' after ":acme?chain=regtest&": it is one line of plain characters, copy it whole`},
		{"no plain character", good + "…", `the invite has a '…' after`},
		{"no name", "quern:?chain=regtest", `"" is no swarm name: 1 to 32 of a-z, 0-9 and - stand between quern: and the question mark`},
		{"a path for a name", "quern:../../etc?chain=regtest", `"../../etc" is no swarm name`},
		{"slashes before the name", "quern://acme?chain=regtest", `"//acme" is no swarm name`},
		{"a long name", "quern:" + strings.Repeat("a", 33) + "?chain=regtest", "is no swarm name"},
		{"capitals in the name", "quern:Acme?chain=regtest", `"Acme" is no swarm name`},
		{"cut by the shell", "quern:acme?chain=regtest", "the invite has no digest of the rules (rules=); was it put in quotes? A shell cuts it at each &"},
		{"no parameters", "quern:acme", "the invite does not say which chain; was it put in quotes?"},
		{"a chain that is none", strings.Replace(good, "regtest", "Reg Test"[:3]+"/x", 1), `"Reg/x" is no name of a chain`},
		{"a short digest", strings.Replace(good, rules, rules[:15], 1), "rules=530827f38f93b43 is no digest: it has 16 to 64 hex digits"},
		{"a long digest", strings.Replace(good, rules, strings.Repeat(rules, 5), 1), "is no digest: it has 16 to 64 hex digits"},
		{"a digest of letters", strings.Replace(good, rules, "530827f38f93b43x", 1), "rules=530827f38f93b43x is no digest"},
		{"chain twice", with("chain=main"), "parameter chain stands twice in the invite"},
		{"rules twice", with("rules=" + rules), "parameter rules stands twice in the invite"},
		{"unknown", with("halfing=3"), `this version of Quern does not know the invite's parameter "halfing": a newer one may`},
		{"a setting", with("rpc.listen=0.0.0.0:1"), `does not know the invite's parameter "rpc.listen"`},
		{"no value", with("segwit"), `parameter "segwit" of the invite has no value`},
		{"a bad escape", with("segwit=%4"), `parameter segwit of the invite: "%4" is no character in percent encoding`},
		{"a bad escape", with("segwit=%zz"), `parameter segwit of the invite: "%zz" is no character in percent encoding`},
		{"a negative height", with("segwit=-1"), "segwit=-1 in the invite is no number from 0 to 4294967295"},
		{"a large height", with("segwit=4294967296"), "segwit=4294967296 in the invite is no number from 0 to 4294967295"},
		{"an empty height", with("halving="), "halving= in the invite is no number"},
		{"half a byte", with("signet_challenge=5"), "signet_challenge=5 in the invite is no script in hex"},
		{"no challenge", with("signet_challenge="), "signet_challenge= in the invite is no script in hex"},
		{"another meeting point", with("meet=market"), "meet=market in the invite is not meet=public"},
		{"no address", with("peer=hello"), `peer "hello": `},
		{"no id", with("peer=/ip4/192.0.2.1/tcp/1"), `peer "/ip4/192.0.2.1/tcp/1": `},
		{"an id alone", with("peer=/p2p/" + id), "has an id and no address"},
		{"no host", with("peer=/p2p-circuit/p2p/" + id), "begins with p2p-circuit: an invite has addresses by ip4, ip6 or dns"},
		{"a long address", with("peer=/dns4/" + strings.Repeat("a", maxPeer) + "/tcp/1/p2p/" + id), "the most is 512"},
		{"many peers", many.String(), "the invite names more than 16 peers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if i, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%q reads as %+v, error %v\nwant an error with %q", c.text, i, err, c.want)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	p := "/p2p/" + id
	for _, c := range []struct {
		name      string
		in, want  []string
		onlyLocal bool
	}{
		{"none", nil, nil, true},
		{"loopback alone", []string{"/ip4/127.0.0.1/udp/1/quic-v1" + p, "/ip4/127.0.0.1/tcp/1" + p}, []string{"/ip4/127.0.0.1/tcp/1" + p}, true},
		{"a home", []string{"/ip4/127.0.0.1/tcp/1" + p, "/ip4/192.168.1.5/udp/1/quic-v1" + p, "/ip4/192.168.1.5/tcp/1" + p, "/ip4/10.0.0.1/tcp/1" + p},
			[]string{"/ip4/192.168.1.5/tcp/1" + p, "/ip4/10.0.0.1/tcp/1" + p}, true},
		{"a home with a relay", []string{"/ip4/192.168.1.5/tcp/1" + p, "/ip4/8.8.8.8/tcp/1/p2p/" + other + "/p2p-circuit" + p},
			[]string{"/ip4/8.8.8.8/tcp/1/p2p/" + other + "/p2p-circuit" + p, "/ip4/192.168.1.5/tcp/1" + p}, false},
		{"a host", []string{
			"/ip4/8.8.8.8/udp/1/quic-v1/webtransport/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g" + p,
			"/ip4/8.8.8.8/udp/1/quic-v1" + p, "/ip4/8.8.8.8/tcp/1" + p, "/ip6/2600::1/tcp/1" + p, "/ip4/8.8.8.8/tcp/1" + p, "garbage", "/ip6/fe80::1/tcp/1" + p},
			[]string{"/ip4/8.8.8.8/tcp/1" + p, "/ip6/2600::1/tcp/1" + p, "/ip4/8.8.8.8/udp/1/quic-v1" + p}, false},
		{"a name", []string{"/dns4/quern.org/tcp/1" + p}, []string{"/dns4/quern.org/tcp/1" + p}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Choose(c.in, nil)
			if !slices.Equal(got, c.want) {
				t.Errorf("chose %q, want %q", got, c.want)
			}
			if OnlyLocal(got) != c.onlyLocal {
				t.Errorf("only local: %v", !c.onlyLocal)
			}
		})
	}
}

func TestChooseOthers(t *testing.T) {
	own := []string{"/ip4/192.168.1.5/tcp/1/p2p/" + id}
	others := []string{own[0], "/ip4/10.0.0.1/tcp/1/p2p/" + other, "/ip4/8.8.8.8/tcp/1/p2p/" + other, "/dnsaddr/quern.org"}
	want := []string{own[0], "/ip4/8.8.8.8/tcp/1/p2p/" + other, "/dnsaddr/quern.org"}
	if got := Choose(own, others); !slices.Equal(got, want) {
		t.Errorf("chose %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Add("quern:a?chain=signet&signet_challenge=51&meet=public&rules=" + rules + "&peer=%2Fdnsaddr%2Fx&x-y=1")
	f.Add("quern:acme?chain=regtest&rules=%")
	f.Fuzz(func(t *testing.T, text string) {
		i, err := Parse(text)
		if err != nil {
			return
		}
		if !ValidName(i.Swarm) || len(i.Peers) > MaxPeers || len(i.Overrides) > len(Overridable) {
			t.Fatalf("%q reads as %+v", text, i)
		}
		// Escapes may make what is written longer than what was read.
		if again, err := Parse(i.String()); len(i.String()) <= MaxLength && (err != nil || !equal(again, i)) {
			t.Fatalf("%q is written %q, which reads as %+v, %v", text, i, again, err)
		}
	})
}

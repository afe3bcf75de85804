package gossip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	libp2pswarm "github.com/libp2p/go-libp2p/p2p/net/swarm"
	madns "github.com/multiformats/go-multiaddr-dns"
)

// names is a DNS of TXT records.
type names struct {
	mu  sync.Mutex
	txt map[string][]string
}

func (n *names) LookupIPAddr(context.Context, string) ([]net.IPAddr, error) {
	return nil, errors.New("no such host")
}

func (n *names) LookupTXT(_ context.Context, name string) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	txt, ok := n.txt[strings.TrimSuffix(name, ".")]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return txt, nil
}

func (n *names) resolver(t *testing.T) libp2pswarm.ResolverFromMaDNS {
	t.Helper()
	r, err := madns.NewResolver(madns.WithDefaultResolver(n))
	if err != nil {
		t.Fatal(err)
	}
	return libp2pswarm.ResolverFromMaDNS{Resolver: r}
}

// A node finds a swarm by a seed's address, by a name that lists seeds, and by a
// name that lists names; a seed is no kept peer.
func TestSeeds(t *testing.T) {
	hub, _ := start(t, loopback())
	addr := hub.Addrs()[0]
	dns := &names{txt: map[string][]string{
		"_dnsaddr.seeds.test": {"dnsaddr=" + addr, "dnsaddr=/ip4/127.0.0.1/tcp/1", "something else"},
		"_dnsaddr.all.test":   {"dnsaddr=/dnsaddr/seeds.test"},
	}}
	for _, seed := range []string{addr, "/dnsaddr/seeds.test", "/dnsaddr/all.test", "/dnsaddr/seeds.test/p2p/" + hub.ID().String()} {
		c := loopback()
		c.Seeds, c.Resolver = []string{seed}, dns.resolver(t)
		n, _ := start(t, c)
		await(t, n.joined, "joined by "+seed)
		waitFor(t, func() error {
			if p := n.Peers(); len(p) != 1 || p[0].Source != "seed" || !p[0].Slot || n.Keeps(hub.ID()) {
				return fmt.Errorf("%s: peers %+v", seed, p)
			}
			return nil
		})
		n.stop()
	}
}

// Names among the kept peers: who is listed is kept, who no longer is is not.
func TestKeptByName(t *testing.T) {
	hub, _ := start(t, loopback())
	dns := &names{txt: map[string][]string{"_dnsaddr.peers.test": {"dnsaddr=" + hub.Addrs()[0]}}}
	c := loopback()
	c.Peers, c.Resolver = []string{"/dnsaddr/peers.test"}, dns.resolver(t)
	n, _ := start(t, c)
	await(t, n.joined, "joined")
	if !n.Keeps(hub.ID()) {
		t.Fatal("not kept")
	}
	listed := map[Peer]bool{hub.ID(): true}
	n.keepListed(nil, listed)
	if n.Keeps(hub.ID()) || len(listed) != 0 {
		t.Fatal("kept though the name lists it no more")
	}
}

// What cannot be looked up says which name, why, and what the name needs.
func TestNamesThatFail(t *testing.T) {
	dns := &names{txt: map[string][]string{"_dnsaddr.empty.test": {"dnsaddr=/ip4/192.0.2.1/tcp/1"}}}
	for name, want := range map[string]string{"none.test": "no such host", "empty.test": "lists no peer; it needs a TXT record"} {
		list, err := places("seed", []string{"/dnsaddr/" + name})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = list[0].Peers(t.Context(), dns.resolver(t)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// strangerCommand makes this program a stranger: a server of the public IPFS
// network's DHT that knows nothing of Quern, like the thousands that nodes use
// as a meeting point. A scenario starts some in namespaces of their own.
const strangerCommand = "stranger"

// stranger serves until it is ended. It prints its address and
// a line for each connection that comes and goes, which guests reads.
func stranger(args []string) int {
	fs := flag.NewFlagSet(strangerCommand, flag.ContinueOnError)
	listen := fs.String("listen", "/ip4/0.0.0.0/udp/4001/quic-v1", "multiaddr")
	friend := fs.String("friend", "", "multiaddr with /p2p/ of another one; empty: the first")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serveStranger(ctx, *listen, *friend); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveStranger(ctx context.Context, listen, friend string) (err error) {
	h, err := libp2p.New(libp2p.ListenAddrStrings(listen), libp2p.ForceReachabilityPublic(), libp2p.DisableRelay(), libp2p.DisableMetrics())
	if err != nil {
		return err
	}
	defer h.Close()
	h.Network().Notify(&network.NotifyBundle{
		ConnectedF:    func(_ network.Network, c network.Conn) { fmt.Println("+", c.RemotePeer()) },
		DisconnectedF: func(_ network.Network, c network.Conn) { fmt.Println("-", c.RemotePeer()) },
	})
	d, err := dht.New(h, dht.Mode(dht.ModeServer)) // prefix /ipfs
	if err != nil {
		return err
	}
	defer d.Close()
	if err := befriend(ctx, h, friend); err != nil {
		return err
	}
	if err := d.Bootstrap(ctx); err != nil {
		return err
	}
	addrs, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()})
	if err != nil {
		return err
	}
	if len(addrs) == 0 {
		return errors.New("no address to be reached at")
	}
	fmt.Println("at", addrs[0])
	<-ctx.Done()
	return nil
}

func befriend(ctx context.Context, h host.Host, friend string) error {
	if friend == "" {
		return nil
	}
	info, err := peer.AddrInfoFromString(friend)
	if err != nil {
		return err
	}
	return h.Connect(ctx, *info)
}

// guests reads a stranger's output: where it is, how many connections it has
// now to each peer, and how many it ever had.
func guests(log string) (at string, now, ever map[string]int) {
	now, ever = make(map[string]int), make(map[string]int)
	for line := range strings.Lines(log) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "at":
			at = rest
		case "+":
			now[rest]++
			ever[rest]++
		case "-":
			now[rest]--
		}
	}
	return at, now, ever
}

package node

import (
	"context"
	"strings"

	"github.com/quernnet/quern/node/rpc/controlrpc"
	"github.com/quernnet/quern/node/zmq"
)

// ZMQ configures where news is published for local programs, as by bitcoind's
// -zmqpub… options.
type ZMQ struct {
	HashBlock []string `key:"hash_block" help:"endpoints (tcp://host:port, ipc://path) for the ids of new tips; an endpoint may serve several kinds of news"`
	HashTx    []string `key:"hash_tx" help:"endpoints for the ids of transactions"`
	RawBlock  []string `key:"raw_block" help:"endpoints for new tips as blocks"`
	RawTx     []string `key:"raw_tx" help:"endpoints for transactions"`
	Sequence  []string `key:"sequence" help:"endpoints for the order in which blocks and the mempool's transactions come and go"`
	HighWater int      `key:"high_water" help:"most messages that wait for a subscriber, which loses further ones; 0: at most 64 MiB of them"`
}

// notifications lists what is published where, in Core's order.
func (z *ZMQ) notifications() (out []zmq.Notification) {
	for _, t := range zmq.Topics() {
		for _, e := range z.endpoints(t) {
			out = append(out, zmq.Notification{Topic: t, Endpoint: e, HighWater: z.HighWater})
		}
	}
	return out
}

// shown is them as RPC tells of them: a socket's path behind ipc://, which subscribers want.
func (z *ZMQ) shown() (out []controlrpc.Notification) {
	for _, n := range z.notifications() {
		at := n.Endpoint
		if path, ok := strings.CutPrefix(at, "unix:"); ok {
			at = "ipc://" + path
		}
		out = append(out, controlrpc.Notification{Type: "pub" + string(n.Topic), Address: at, HighWater: n.HighWater})
	}
	return out
}

func (z *ZMQ) endpoints(t zmq.Topic) []string {
	switch t {
	case zmq.HashBlock:
		return z.HashBlock
	case zmq.HashTx:
		return z.HashTx
	case zmq.RawBlock:
		return z.RawBlock
	case zmq.RawTx:
		return z.RawTx
	case zmq.Sequence:
		return z.Sequence
	}
	return nil
}

func (z *ZMQ) validate(bad func(key, format string, args ...any)) {
	for _, n := range z.notifications() {
		if err := zmq.CheckEndpoint(n.Endpoint); err != nil {
			bad("zmq", "%s: %v", n.Topic, err)
		}
	}
	if z.HighWater < 0 {
		bad("zmq.high_water", "%d is negative", z.HighWater)
	}
}

// listenZMQ opens the publishers; nil when nothing is to be published.
func (n *Node) listenZMQ(ctx context.Context, p *parts) (*zmq.Server, error) {
	all := n.config.ZMQ.notifications()
	if len(all) == 0 {
		return nil, nil
	}
	return zmq.Listen(ctx, zmq.Config{
		Notifications: all, Chain: p.chain, Pool: p.pool,
		Catching: func() bool { return p.peering != nil && !p.peering.Synced() },
		Log:      n.logs.For("zmq"),
	})
}

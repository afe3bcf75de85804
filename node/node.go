package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/alarm"
	"github.com/quernnet/quern/node/fees"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/rpc"
	"github.com/quernnet/quern/node/rpc/minerpc"
	"github.com/quernnet/quern/node/wallet"
	"github.com/quernnet/quern/node/zmq"
	"github.com/quernnet/quern/work"
)

// Version of Quern.
const Version = "0.1.0"

// agent is what peers are told.
const agent = "quern/" + Version

// Node is one node: its parts, built and wired but not running.
type Node struct {
	config   Config
	logs     *Loggers
	clock    clock
	pay      atomic.Pointer[[]byte] // script that the miner pays to; nil: the wallet's
	registry *prometheus.Registry
	stopped  chan struct{} // closed by the RPC method stop

	// Reindex may be set before Run.
	Reindex Reindex

	// Set while Run starts, read by the monitor's goroutines.
	parts atomic.Pointer[parts]
}

// parts are what runs, each on those above it.
type parts struct {
	*ledger
	pool      *mempool.Pool
	fees      *fees.Follower
	alarm     *alarm.Watch
	indexes   *index.Set
	wallets   *wallet.Set
	assembler *mining.Assembler
	keeper    *mining.Keeper
	miner     *mining.Miner
	zmq       *zmq.Server      // nil when nothing is published
	net       *gossip.Net      // nil when p2p.enabled is false
	peering   *peering.Peering // nil when p2p.enabled is false
}

// New checks the configuration. Nothing is opened before Run.
func New(c Config, logs *Loggers) (*Node, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return &Node{config: c, logs: logs, registry: newRegistry(), stopped: make(chan struct{}, 1)}, nil
}

// Run opens the folder, starts every part and runs until ctx ends, the RPC
// method stop is called, or a part fails. It returns when all is closed.
func (n *Node) Run(ctx context.Context) (err error) {
	log := n.logs.For("node")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-n.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	s := newStack(log)
	defer func() { err = errors.Join(err, s.stop()) }()
	if n.config.Metrics.Listen != "" {
		m := &monitor{n.config.Metrics.Listen, n.registry, n.healthy, n.ready, log}
		s.start("metrics", m.run)
	}
	l, err := openStore(n.config, n.logs, n.Reindex)
	if err != nil {
		return err
	}
	s.start("store", func(ctx context.Context) error { <-ctx.Done(); return l.store.Close() })
	// The folder is ours, so its cookie is too; and the port is open before the
	// chain is, so that clients are told to wait.
	server, err := n.listenRPC(ctx)
	if err != nil {
		return err
	}
	warm := func(string) {}
	if server != nil {
		s.start("rpc", server.Run)
		warm = server.Warm
	}
	warm("Loading block index…")
	if err := l.openChain(ctx, n.logs, n.clock.now); err != nil {
		return err
	}
	if l.store.Reindexing() {
		warm("Reindexing blocks…")
		if err := l.reindex(ctx, n.logs.For("store"), n.Reindex); err != nil {
			return errors.Join(err, l.chain.Close())
		}
	}
	s.start("chain", l.hold)
	warm("Loading wallet…")
	p, err := n.build(ctx, l)
	if err != nil {
		return err
	}
	p.start(s)
	n.measure(p)
	n.parts.Store(p)
	if server != nil {
		if p.net != nil {
			warm("Starting network threads…")
			s.await(ctx, p.net.Ready())
		}
		server.Attach(n.rpcParts(p))
	}
	tip := l.chain.Tip()
	log.Info("running", "version", Version, "swarm", n.config.SwarmName(), "folder", n.config.Dir(), "height", tip.Height, "tip", tip.ID)
	err = s.wait(ctx)
	log.Info("stopped")
	return err
}

// build wires the parts on an open ledger.
func (n *Node) build(ctx context.Context, l *ledger) (*parts, error) {
	c, p := n.config, &parts{ledger: l}
	var err error
	if p.pool, err = mempool.New(mempool.Config{
		Chain:          l.chain,
		File:           filepath.Join(c.Dir(), "mempool.dat"),
		Forget:         !c.Mempool.Persist,
		MaxSize:        int64(c.Mempool.Size),
		MinFee:         orNone(c.Mempool.MinFee),
		Increment:      orNone(c.Mempool.Increment),
		Expiry:         c.Mempool.Expiry,
		NonStandard:    c.Mempool.NonStandard,
		DustRate:       orNone(c.Mempool.DustRate),
		DataCarrier:    orNone(c.Mempool.DataCarrier),
		NoBareMultisig: !c.Mempool.BareMultisig,
		ClusterCount:   c.Mempool.ClusterCount,
		ClusterSize:    c.Mempool.ClusterSize,
		Accepted:       l.accepted,
		Stem:           c.P2P.Enabled && c.P2P.Stem,
		Now:            n.clock.now,
		Log:            n.logs.For("mempool"),
	}); err != nil {
		return nil, fmt.Errorf("mempool: %w", err)
	}
	if p.fees, err = fees.Follow(fees.Config{
		Pool: p.pool, Chain: l.chain, File: filepath.Join(c.Dir(), "fee_estimates.dat"),
		Now: n.clock.now, Log: n.logs.For("mempool"),
	}); err != nil {
		return nil, err
	}
	if p.alarm, err = alarm.New(alarm.Config{
		Chain: l.chain, Pool: p.pool, Store: l.store.Space("alarm"),
		Depth: uint32(c.Alarm.Reorg), Show: c.Alarm.Show,
		Now: n.clock.now, Log: n.logs.For("chain"),
	}); err != nil {
		return nil, err
	}
	if p.indexes, err = n.openIndexes(ctx, l); err != nil {
		return nil, err
	}
	if p.wallets, err = wallet.Open(wallet.Config{
		Chain: l.chain, Pool: p.pool, Params: l.params,
		Dir: filepath.Join(c.Dir(), "wallets"), Former: filepath.Join(c.Dir(), "wallet.dat"),
		Filters: filtersOf(p.indexes), Keypool: uint32(c.Wallet.Keypool), Habits: c.Wallet.habits(), Now: n.clock.now, Log: n.logs.For("wallet"),
	}); err != nil {
		return nil, fmt.Errorf("wallets: %w", err)
	}
	if p.assembler, err = mining.New(mining.Config{
		Chain: l.chain, Pool: p.pool, Now: n.clock.now, MaxWeight: c.Mining.MaxWeight, MinFee: orNone(c.Mining.MinFee), Version: int32(c.Mining.Version),
	}); err != nil {
		return nil, err
	}
	if p.keeper, err = mining.NewKeeper(mining.KeeperConfig{Assembler: p.assembler, ShowTx: minerpc.ShowTx, Show: minerpc.ShowTxs, Log: n.logs.For("mining")}); err != nil {
		return nil, err
	}
	if p.miner, err = n.newMiner(p); err != nil {
		return nil, err
	}
	if c.P2P.Enabled {
		if err = n.join(p); err != nil {
			return nil, err
		}
	}
	p.zmq, err = n.listenZMQ(ctx, p)
	return p, err
}

// orNone translates none, which the pool writes -1.
func orNone[T int | int64](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

func (n *Node) newMiner(p *parts) (*mining.Miner, error) {
	if a := n.config.Mining.Address; a != "" {
		script, err := address.Decode(a, p.params)
		if err != nil {
			return nil, fmt.Errorf("mining.address: %w", err)
		}
		n.pay.Store(&script)
	}
	script := func(context.Context) ([]byte, error) {
		if fixed := n.pay.Load(); fixed != nil {
			return *fixed, nil
		}
		w, err := p.wallets.Primary()
		if err != nil {
			return nil, err
		}
		return w.NewScript()
	}
	return mining.NewMiner(mining.MinerConfig{
		Assembler: p.assembler, Script: script, Workers: n.config.Mining.Workers, Every: pace(p.params), Log: n.logs.For("mining"),
	})
}

// pace is the least time between two blocks of this miner. Where nothing
// adjusts the difficulty it would fill the disk with blocks.
func pace(p *consensus.Params) time.Duration {
	if _, fixed := p.Schedule.(work.None); fixed {
		return time.Second
	}
	return 0
}

// join builds the node's place in the swarm.
func (n *Node) join(p *parts) error {
	c := n.config
	listen := c.P2P.Listen
	if len(listen) == 0 {
		listen = defaultListen(p.params.Port)
	}
	var err error
	if p.net, err = gossip.New(gossip.Config{
		Swarm:    c.SwarmName(),
		Identity: filepath.Join(c.Dir(), identityName),
		Listen:   listen,
		Peers:    c.P2P.Peers,
		Seeds:    c.P2P.Seeds,
		MaxPeers: c.P2P.MaxPeers,
		Outbound: c.P2P.Outbound,
		PerIP:    c.P2P.PerIP,
		Limits:   c.P2P.Limits.gossip(),
		MDNS:     c.P2P.MDNS && !c.own(),
		DHT:      c.P2P.DHT,
		Public:   c.P2P.Public,
		Private:  c.P2P.Private,
		MapPort:  c.P2P.MapPort && !c.own(),
		Relay:    c.P2P.Relay,
		Meet:     c.MeetsPublicly(),
		MeetAt:   c.P2P.PublicDHTPeers,
		Store:    p.store.Space("gossip"),
		Agent:    agent,
		BanClock: n.clock.now, // all else waits by the machine's, which setmocktime does not stop
		Log:      n.logs.For("p2p"),
		Libp2p:   n.logs.For("libp2p"),
		Metrics:  n.registry,
	}); err != nil {
		return fmt.Errorf("p2p: %w", err)
	}
	if p.peering, err = peering.New(peering.Config{
		Chain: p.chain, Pool: p.pool, Net: p.net, Params: p.params,
		Agent: agent, Now: n.clock.now, Log: n.logs.For("sync"),
	}); err != nil {
		return fmt.Errorf("p2p: %w", err)
	}
	return nil
}

// gossip is l as the network takes it.
func (l Limits) gossip() gossip.Limits {
	return gossip.Limits{
		Memory: int64(l.Memory), Connections: l.Connections,
		Questions: l.Questions, PeerQuestions: l.PeerQuestions, Upload: int64(l.Upload),
	}
}

// defaultListen is every transport on one port, IPv4 and IPv6.
func defaultListen(port uint16) []string {
	var out []string
	for _, ip := range []string{"/ip4/0.0.0.0", "/ip6/::"} {
		out = append(out,
			fmt.Sprintf("%s/tcp/%d", ip, port),
			fmt.Sprintf("%s/udp/%d/quic-v1", ip, port),
			fmt.Sprintf("%s/udp/%d/quic-v1/webtransport", ip, port),
			fmt.Sprintf("%s/udp/%d/webrtc-direct", ip, port),
		)
	}
	return out
}

// start runs the parts from the bottom up.
func (p *parts) start(s *stack) {
	s.start("mempool", p.pool.Run)
	s.start("fees", p.fees.Run)
	s.start("alarm", p.alarm.Run)
	s.start("indexes", p.indexes.Run)
	s.start("wallets", p.wallets.Run)
	if p.zmq != nil {
		s.start("zmq", p.zmq.Run)
	}
	if p.net != nil {
		s.start("p2p", p.net.Run)
		s.start("sync", p.peering.Run)
	}
	s.start("mining", p.miner.Run)
	s.start("templates", p.keeper.Run)
}

// rpcParts is what the RPC server may reach.
func (n *Node) rpcParts(p *parts) rpc.Parts {
	return rpc.Parts{
		Chain: p.chain, Pool: p.pool, Fees: p.fees, Indexes: p.indexes, Wallets: p.wallets, Assembler: p.assembler, Templates: p.keeper, Miner: p.miner,
		Net: p.net, Peering: p.peering, Params: p.params, Reorgs: p.alarm.Shown,
		Swarm: n.config.SwarmName(), Folder: n.config.Dir(), Version: Version, Logs: n.logs,
		Cache: int64(n.config.Datastore.Cache), Log: n.logs.For("rpc"),
		Invite: func(own, others []string) (invite.Invite, bool, error) {
			i, err := n.config.Invite(own, others)
			return i, n.config.MeetsPublicly(), err
		},
		Notifications: n.config.ZMQ.shown(), REST: n.newREST(p), FallbackFee: n.config.fallbackFee(),
		Now: n.clock.now, SetTime: n.clock.set, PayTo: func(script []byte) { n.pay.Store(&script) },
		Stop: func() {
			select {
			case n.stopped <- struct{}{}:
			default:
			}
		},
	}
}

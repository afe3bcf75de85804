package node

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/spending"
)

// Config is everything that a user may set. Each field's key is the TOML key,
// the flag and, in capitals behind QUERN_, the environment variable; help is
// the comment in the written file and the flag's description. Package
// cmd/quern derives all of those from these tags, so a key exists in one place.
type Config struct {
	Chain   string `key:"chain" help:"the rules: main, testnet4, signet, regtest or commons (the public test chain)"`
	Swarm   string `key:"swarm" help:"name of the network to join; empty: the chain's name"`
	DataDir string `key:"datadir" help:"where everything is kept, one folder a swarm; empty: $XDG_DATA_HOME/quern or ~/.quern"`

	Consensus Consensus `key:"consensus"`
	P2P       P2P       `key:"p2p"`
	RPC       RPC       `key:"rpc"`
	ZMQ       ZMQ       `key:"zmq"`
	Datastore Datastore `key:"datastore"`
	Index     Index     `key:"index"`
	Mempool   Mempool   `key:"mempool"`
	Mining    Mining    `key:"mining"`
	Wallet    Wallet    `key:"wallet"`
	Rules     Rules     `key:"rules"`
	Alarm     Alarm     `key:"alarm"`
	Log       Log       `key:"log"`
	Metrics   Metrics   `key:"metrics"`
}

// Consensus configures how the rules are checked, not what they are.
type Consensus struct {
	Verifier    string `key:"verifier" help:"what verifies signatures: fast, which has btcec repeat one in a thousand and stops the node if they differ, or btcec alone, several times slower"`
	AssumeValid string `key:"assume_valid" help:"id of a block whose ancestors' scripts are taken for checked, once its chain is known and has the work; 0 or none: check all; empty: the chain's own"`
	AssumeUTXO  string `key:"assume_utxo" help:"a coin set that loadtxoutset takes besides those known of the chain, as height:block's id:txoutset_hash:nchaintx of a dumptxoutset by somebody trusted; it is proven afterwards"`
}

// P2P configures the swarm.
type P2P struct {
	Enabled  bool     `key:"enabled" help:"take part in the swarm; false: a node for itself"`
	Listen   []string `key:"listen" help:"multiaddrs to listen on; empty: every transport on the chain's port"`
	Peers    []string `key:"peers" help:"multiaddrs of peers to connect to and keep: with /p2p/ID, or /dnsaddr/NAME for those that the name lists"`
	Seeds    []string `key:"seeds" help:"multiaddrs of the same two kinds, of peers to ask only when the node is short of peers"`
	MaxPeers int      `key:"max_peers" help:"most connected peers"`
	Outbound int      `key:"outbound" help:"peers to look for, each in a network of its own where there are enough; at most half of max_peers"`
	PerIP    int      `key:"per_ip" help:"most connections of one IPv4 address or IPv6 /56"`
	MDNS     bool     `key:"mdns" help:"find peers on the local network; not in the swarm regtest, which is everybody's own"`
	DHT      bool     `key:"dht" help:"find peers by the swarm's distributed hash table"`

	PublicDHT      string   `key:"public_dht" help:"meet peers by the public IPFS network when short of them (it shows this node's addresses to everybody): on, off, or auto: only for the swarm commons"`
	PublicDHTPeers []string `key:"public_dht_peers" help:"multiaddrs with /p2p/ID where to enter that network; empty: its well-known nodes"`

	Public  bool `key:"public" help:"the world can reach the listen addresses: serve it from the start, without finding out first"`
	MapPort bool `key:"map_port" help:"ask the router to forward the listening ports (UPnP, NAT-PMP, PCP); not in the swarm regtest"`
	Relay   bool `key:"relay" help:"while the world can reach this node, introduce others to each other that sit behind routers (64 of them, 64 KiB a connection)"`
	Stem    bool `key:"stem" help:"hide which transactions are this node's own: they go from peer to peer for a while before everybody is told"`
	Private bool `key:"private" help:"treat loopback and private addresses like public ones: test networks, a team's LAN"`

	Limits Limits `key:"limits"` // last: a table of its own in the file
}

// Limits bound what peers may cost.
type Limits struct {
	Memory        Size `key:"memory" help:"memory for connections and streams; 0: an eighth of the machine's"`
	Connections   int  `key:"connections" help:"most connections at a time, those of passers-by included; 0: twice max_peers and 64 more"`
	Questions     int  `key:"questions" help:"most questions of peers answered at a time"`
	PeerQuestions int  `key:"peer_questions" help:"most questions of one peer answered at a time"`
	Upload        Size `key:"upload" help:"bytes a second for answers to peers, all together (gossip goes besides); 0: no limit"`
}

// RPC configures the JSON-RPC server.
type RPC struct {
	Enabled  bool     `key:"enabled" help:"serve bitcoind's JSON-RPC"`
	Listen   string   `key:"listen" help:"host:port, loopback only; localhost is 127.0.0.1 and [::1]; empty: localhost and the chain's usual port"`
	User     string   `key:"user" help:"user name besides the cookie file's"`
	Password string   `key:"password" help:"its password; better set by QUERN_RPC_PASSWORD than on a command line"`
	Auth     []string `key:"auth" help:"further logins without their passwords, user:salt$hmac each, as Bitcoin Core's rpcauth"`

	Cookie      string `key:"cookie_file" help:"where a password for this run is left; empty: .cookie in the swarm's folder"`
	CookiePerms string `key:"cookie_perms" help:"who may read that file: owner, group or all"`

	Whitelist []string `key:"whitelist" help:"what a user may call, user:method,method each; several for one user: what is in all"`
	Others    string   `key:"whitelist_default" help:"on: users without a whitelist may call nothing, off: they may call all, auto: on if there are whitelists"`

	Threads   int           `key:"threads" help:"calls served at a time"`
	WorkQueue int           `key:"work_queue" help:"calls that may wait to be served"`
	Timeout   time.Duration `key:"timeout" help:"how long a client may send or read nothing"`

	REST bool `key:"rest" help:"serve bitcoind's REST interface on the same port, which asks for no password and changes nothing"`
}

// Datastore configures what is kept.
type Datastore struct {
	Backend string `key:"backend" help:"pebble, or memory (nothing survives)"`
	Prune   string `key:"prune" help:"size that block and undo files may have, the oldest go first: at least 550MiB, on regtest and commons 1MiB; manual: they go by pruneblockchain alone; 0: all are kept"`
	Cache   Size   `key:"cache" help:"memory for coins, for what is not yet written and for the database (at least 8 MiB of it)"`
}

// Mempool configures which transactions wait.
type Mempool struct {
	Size        Size          `key:"size" help:"most memory for waiting transactions"`
	MinFee      int64         `key:"min_fee" help:"least feerate accepted, satoshis per 1000 virtual bytes"`
	Increment   int64         `key:"increment" help:"what a replacement pays more, and eviction asks more, satoshis per 1000 virtual bytes"`
	Expiry      time.Duration `key:"expiry" help:"how long a transaction may wait"`
	Persist     bool          `key:"persist" help:"keep waiting transactions over restarts, in mempool.dat"`
	NonStandard bool          `key:"non_standard" help:"accept valid transactions of unusual form (test chains)"`

	DustRate     int64 `key:"dust_rate" help:"outputs that cost more to spend at this feerate than they are worth are dust, satoshis per 1000 virtual bytes; 0: none is"`
	DataCarrier  int   `key:"data_carrier" help:"bytes that a transaction's OP_RETURN outputs may have; 0: there must be none"`
	BareMultisig bool  `key:"bare_multisig" help:"accept outputs of multisig scripts that are not hashed"`
	ClusterCount int   `key:"cluster_count" help:"transactions that may be connected by spending while they wait, 64 at most"`
	ClusterSize  int   `key:"cluster_size" help:"virtual bytes of them"`
}

// Mining configures the solo miner.
type Mining struct {
	Workers int    `key:"workers" help:"cores that mine; 0: none"`
	Address string `key:"address" help:"who is paid; empty: a fresh address of the wallet for each block"`

	MaxWeight int   `key:"max_weight" help:"most weight of a block that is built, coinbase included"`
	MinFee    int64 `key:"min_fee" help:"least feerate for a block that is built, satoshis per 1000 virtual bytes"`
	Version   int64 `key:"version" help:"version of blocks that are built, on regtest alone; 0: the one by which upgrades are signaled"`
}

// Rules override a test chain's activation heights; -1 keeps the chain's own.
type Rules struct {
	BIP34           int64  `key:"bip34" help:"height in coinbase from this height; -1: the chain's own (also below)"`
	BIP65           int64  `key:"bip65" help:"CHECKLOCKTIMEVERIFY from this height"`
	BIP66           int64  `key:"bip66" help:"strict DER signatures from this height"`
	CSV             int64  `key:"csv" help:"relative lock times from this height"`
	Segwit          int64  `key:"segwit" help:"segregated witness from this height"`
	Halving         int64  `key:"halving" help:"blocks between halvings of the subsidy"`
	SignetChallenge string `key:"signet_challenge" help:"hex script that blocks of a custom signet must satisfy"`
}

// Alarm configures what the operator is warned of.
type Alarm struct {
	Reorg int           `key:"reorg" help:"warn when a branch with more work undoes at least so many blocks; 0: never"`
	Show  time.Duration `key:"show" help:"how long such a warning is shown, in quern status and in getblockchaininfo"`
}

// Log configures what is said.
type Log struct {
	Level  string            `key:"level" help:"debug, info, warn or error"`
	Levels map[string]string `key:"levels" help:"level by subsystem, as in {p2p = \"debug\"}: chain, store, p2p, libp2p, sync, mempool, mining, wallet, index, rpc, zmq"`
	Format string            `key:"format" help:"text or json"`
}

// Metrics configures the page for monitoring.
type Metrics struct {
	Listen string `key:"listen" help:"host:port of /metrics, /healthz and /readyz; empty: none"`
}

// Defaults is the configuration of `quern run` without a file or flags: it
// joins the public test swarm.
func Defaults() Config {
	return Config{
		Chain:     "commons",
		P2P:       defaultP2P(),
		RPC:       defaultRPC(),
		ZMQ:       ZMQ{HashBlock: []string{}, HashTx: []string{}, RawBlock: []string{}, RawTx: []string{}, Sequence: []string{}, HighWater: 1000},
		Consensus: Consensus{Verifier: verifierFast},
		Datastore: Datastore{Backend: "pebble", Prune: "0", Cache: 64 << 20},
		Mempool: Mempool{
			Size: 300_000_000, MinFee: 100, Increment: 100, Expiry: 336 * time.Hour, Persist: true,
			DustRate: 3000, DataCarrier: 100_000, BareMultisig: true, ClusterCount: 64, ClusterSize: 101_000,
		},
		Wallet: Wallet{FallbackFee: -1, AddressType: "bech32", Replaceable: true, Pending: true, MaxFee: spending.MaxFee, Keypool: 1000},
		Rules:  Rules{BIP34: -1, BIP65: -1, BIP66: -1, CSV: -1, Segwit: -1, Halving: -1},
		Alarm:  Alarm{Reorg: 6, Show: 72 * time.Hour},
		Log:    Log{Level: "info", Format: "text", Levels: map[string]string{}},
		Mining: Mining{MaxWeight: consensus.MaxWeight, MinFee: 1},
	}
}

func defaultP2P() P2P {
	return P2P{
		Enabled: true, MaxPeers: 125, Outbound: 12, PerIP: 8, MDNS: true, DHT: true, PublicDHT: "auto", MapPort: true, Relay: true, Stem: true,
		Listen: []string{}, Peers: []string{}, Seeds: []string{}, PublicDHTPeers: []string{},
		Limits: Limits{Questions: 1024, PeerQuestions: 32},
	}
}

func (m *Mempool) validate(bad func(key, format string, args ...any)) {
	if m.Size < 5_000_000 {
		bad("mempool.size", "%v is too little, use at least 5 MB", m.Size)
	}
	for _, k := range []struct {
		key   string
		value int64
	}{
		{"min_fee", m.MinFee}, {"increment", m.Increment}, {"dust_rate", m.DustRate}, {"data_carrier", int64(m.DataCarrier)},
	} {
		if k.value < 0 {
			bad("mempool."+k.key, "%d is negative", k.value)
		}
	}
	if m.Expiry < time.Hour {
		bad("mempool.expiry", "%v is too short, use at least 1h", m.Expiry)
	}
	if m.ClusterCount < 1 || m.ClusterCount > 64 {
		bad("mempool.cluster_count", "%d is not between 1 and 64", m.ClusterCount)
	}
	if m.ClusterSize < 1 || m.ClusterSize > 1_000_000 {
		bad("mempool.cluster_size", "%d is not between 1 and 1,000,000", m.ClusterSize)
	}
}

// Validate reports every value that no node could run with, naming its key.
func (c *Config) Validate() error {
	_, errParams := c.Params()
	_, errLog := c.Log.levels()
	errs := []error{errParams, errLog}
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	if !invite.ValidName(c.SwarmName()) {
		bad("swarm", "%q is no swarm name: use 1 to 32 of a-z, 0-9 and -", c.Swarm)
	}
	if v := c.Consensus.Verifier; v != verifierFast && v != verifierBtcec {
		bad("consensus.verifier", "%q is neither fast nor btcec", v)
	}
	c.P2P.validate(bad)
	c.RPC.validate(bad)
	c.ZMQ.validate(bad)
	if c.Datastore.Cache < 1<<20 {
		bad("datastore.cache", "%v is too little, use at least 1 MiB", c.Datastore.Cache)
	}
	c.Mempool.validate(bad)
	if p, err := c.Params(); err == nil {
		_, err = c.Datastore.target(p)
		errs = append(errs, err)
	}
	c.Wallet.validate(bad)
	if c.Mining.Workers < 0 || c.Mining.Workers > 1024 {
		bad("mining.workers", "%d is not a number of workers, use 0 to 1024", c.Mining.Workers)
	}
	if c.Mining.MaxWeight < mining.MinWeight || c.Mining.MaxWeight > consensus.MaxWeight {
		bad("mining.max_weight", "%d is not a block's weight, use %d to %d", c.Mining.MaxWeight, mining.MinWeight, consensus.MaxWeight)
	}
	if c.Mining.MinFee < 0 || c.Mining.MinFee > consensus.MaxMoney {
		bad("mining.min_fee", "%d is no feerate, use 0 or more", c.Mining.MinFee)
	}
	if v := c.Mining.Version; v != 0 && c.Chain != "regtest" || v != int64(int32(v)) {
		bad("mining.version", "%d can be set on regtest alone, and be a number of 32 bits", v)
	}
	if c.Alarm.Reorg < 0 || c.Alarm.Reorg > math.MaxInt32 {
		bad("alarm.reorg", "%d is not a number of blocks", c.Alarm.Reorg)
	}
	if c.Alarm.Show < 0 {
		bad("alarm.show", "%v is negative", c.Alarm.Show)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		bad("log.format", "%q is neither text nor json", c.Log.Format)
	}
	return errors.Join(errs...)
}

func (c *P2P) validate(bad func(key, format string, args ...any)) {
	if c.MaxPeers < 1 {
		bad("p2p.max_peers", "%d peers are too few, use at least 1, or p2p.enabled = false", c.MaxPeers)
	}
	if c.Outbound < 1 || c.Outbound > 100 {
		bad("p2p.outbound", "%d is not a number of peers to look for, use 1 to 100", c.Outbound)
	}
	if c.PerIP < 1 {
		bad("p2p.per_ip", "%d connections are too few, use at least 1", c.PerIP)
	}
	c.Limits.validate(c.MaxPeers, bad)
	switch c.PublicDHT {
	case "auto", "on", "off":
	default:
		bad("p2p.public_dht", "%q is none of on, off and auto", c.PublicDHT)
	}
	if c.Public && c.Private {
		bad("p2p.public", "it says that the world can reach this node, and p2p.private that nobody outside shall: set one of them")
	}
}

// own says whether the swarm is everybody's own: the chain regtest without a name
// for its swarm. Test suites on one local network must not find each other's
// chains; who means to share one names peers, or makes a swarm.
func (c *Config) own() bool { return c.SwarmName() == "regtest" }

// MeetsPublicly tells whether peers may be met by the public IPFS network.
func (c *Config) MeetsPublicly() bool {
	switch c.P2P.PublicDHT {
	case "on":
		return true
	case "auto":
		return c.SwarmName() == "commons" && !c.P2P.Private
	}
	return false
}

func (l *Limits) validate(maxPeers int, bad func(key, format string, args ...any)) {
	if l.Memory != 0 && l.Memory < 64<<20 {
		bad("p2p.limits.memory", "%v is too little, use at least 64 MiB, or 0 for an eighth of the machine's", l.Memory)
	}
	if l.Connections != 0 && l.Connections < maxPeers {
		bad("p2p.limits.connections", "%d are too few for %d peers (p2p.max_peers), use at least as many, or 0", l.Connections, maxPeers)
	}
	if l.PeerQuestions < 4 {
		bad("p2p.limits.peer_questions", "%d are too few, a peer that syncs asks 4 at a time", l.PeerQuestions)
	}
	if l.Questions < l.PeerQuestions {
		bad("p2p.limits.questions", "%d are fewer than those of one peer, %d", l.Questions, l.PeerQuestions)
	}
	if l.Upload != 0 && l.Upload < 64<<10 {
		bad("p2p.limits.upload", "%v a second are too few to serve a block in time, use at least 64 KiB, or 0 for no limit", l.Upload)
	}
}

// SwarmName is the swarm to join: its own name or the chain's.
func (c *Config) SwarmName() string {
	if c.Swarm == "" {
		return c.Chain
	}
	return c.Swarm
}

// Params are the chain's rules with the overrides applied, and the block and
// the coins that are assumed valid.
func (c *Config) Params() (*consensus.Params, error) {
	p, err := consensus.Chain(c.Chain)
	if err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	o, err := c.Rules.override()
	if err != nil {
		return nil, err
	}
	if o != nil {
		if p, err = p.With(*o); err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
	}
	if p, err = c.Consensus.coins(p); err != nil {
		return nil, err
	}
	return c.Consensus.assume(p)
}

func (c *Consensus) assume(p *consensus.Params) (*consensus.Params, error) {
	switch c.AssumeValid {
	case "":
		return p, nil
	case "0", "none":
		return p.Assuming(wire.Hash{}), nil
	}
	id, err := wire.ParseHash(c.AssumeValid)
	if err != nil {
		return nil, fmt.Errorf("consensus.assume_valid: %w: give a block's id, 0 or none to check all, or nothing for what the chain has", err)
	}
	return p.Assuming(id), nil
}

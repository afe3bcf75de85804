package netrpc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

// What is told to clients that ask which bitcoind they talk to: Bitcoin Core
// 31's dialect.
const (
	coreVersion     = 310000
	protocolVersion = 70016
	serviceBits     = 1<<0 | 1<<3 // NODE_NETWORK and NODE_WITNESS
)

// addPatience is how long addnode waits for a connection; the node goes on
// trying after that.
const addPatience = 3 * time.Second

var serviceNames = []string{"NETWORK", "WITNESS"}

// Of a node that promises only recent blocks: NODE_WITNESS and NODE_NETWORK_LIMITED.
const limitedBits = 1<<3 | 1<<10

var limitedNames = []string{"WITNESS", "NETWORK_LIMITED"}

// services are a node's in Core's terms.
func services(limited bool) (bits string, names []string) {
	if limited {
		return fmt.Sprintf("%016x", limitedBits), limitedNames
	}
	return fmt.Sprintf("%016x", serviceBits), serviceNames
}

func (n *node) networkMethods() []table.Method {
	return []table.Method{{
		Name: "getnetworkinfo", Category: "network", About: "Returns an object containing various state info regarding P2P networking.",
		Results: []table.Shape{networkInfoShape()}, Examples: table.Both("getnetworkinfo", "", ""), Call: n.getNetworkInfo,
	}, {
		Name: "getconnectioncount", Category: "network", About: "Returns the number of connections to other nodes.",
		Results: []table.Shape{table.Num("", "The connection count")}, Examples: table.Both("getconnectioncount", "", ""), Call: n.getConnectionCount,
	}, {
		Name: "getpeerinfo", Category: "network", About: "Returns data about each connected network peer as a json array of objects.",
		Results: []table.Shape{table.Arr("", "", peerShape())}, Examples: table.Both("getpeerinfo", "", ""), Call: n.getPeerInfo,
	}, {
		Name: "addnode", Category: "network",
		About: "Attempts to add or remove a node from the list of nodes to keep connected to.\nOr try a connection to a node once.",
		Args: []table.Arg{
			{Name: "node", Kind: table.Text, Need: true, About: "The multiaddr of the peer, with /p2p/ and its id"},
			{Name: "command", Kind: table.Text, Need: true, About: "'add' to add a node to the list, 'remove' to remove a node from the list, 'onetry' to try a connection to the node once"},
			{Name: "v2transport", Kind: table.Boolean, About: "Ignored: every transport is encrypted"},
		},
		Results: []table.Shape{table.Null("")}, Examples: table.Both("addnode", `"/ip4/192.168.0.6/tcp/8333/p2p/12D3Koo…" "onetry"`, `"/ip4/192.168.0.6/tcp/8333/p2p/12D3Koo…", "onetry"`), Call: n.addNode,
	}, {
		Name: "disconnectnode", Category: "network",
		About: "Immediately disconnects from the specified peer node.\n\nStrictly one out of 'address' and 'nodeid' can be provided to identify the node.",
		Args: []table.Arg{
			{Name: "address", Kind: table.Text, Hint: "fallback to nodeid", About: "The multiaddr or peer id of the node"},
			{Name: "nodeid", Kind: table.Long, Hint: "fallback to address", About: "The node ID (see getpeerinfo for node IDs)"},
		},
		Results: []table.Shape{table.Null("")}, Examples: table.Both("disconnectnode", `"/ip4/192.168.0.6/tcp/8333/p2p/12D3Koo…"`, `"/ip4/192.168.0.6/tcp/8333/p2p/12D3Koo…"`) + table.Both("disconnectnode", `"" 1`, `"", 1`), Call: n.disconnectNode,
	}, {
		Name: "setnetworkactive", Category: "network", About: "Disable/enable all p2p network activity.",
		Args:    []table.Arg{{Name: "state", Kind: table.Boolean, Need: true, About: "true to enable networking, false to disable"}},
		Results: []table.Shape{table.Bool("", "The value that was passed in")}, Call: n.setNetworkActive,
	}}
}

// needNet refuses what cannot be without peers.
func (n *node) needNet() error {
	if n.Net == nil {
		return table.Errorf(table.CodeP2POff, "Error: Peer-to-peer functionality missing or disabled")
	}
	return nil
}

// peerList is empty without P2P.
func (n *node) peerList() []gossip.Info {
	if n.Net == nil {
		return nil
	}
	return n.Net.Peers()
}

func (n *node) getConnectionCount(_ context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	return len(n.peerList()), nil
}

type networkJSON struct {
	Name      string `json:"name"`
	Limited   bool   `json:"limited"`
	Reachable bool   `json:"reachable"`
	Proxy     string `json:"proxy"`
	Randomize bool   `json:"proxy_randomize_credentials"`
}

type localAddress struct {
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	Score   int    `json:"score"`
}

func (n *node) getNetworkInfo(_ context.Context, _ table.Args) (any, error) {
	in, peers := 0, n.peerList()
	for _, p := range peers {
		if p.Inbound {
			in++
		}
	}
	on := n.Net != nil && n.Net.Active()
	st := n.Pool.Stats()
	bits, names := services(n.Peering != nil && n.Peering.Limited())
	local := []localAddress{}
	if n.Net != nil {
		for _, a := range n.Net.Addrs() {
			local = append(local, localOf(a))
		}
	}
	return struct {
		Version    int            `json:"version"`
		Subversion string         `json:"subversion"`
		Protocol   int            `json:"protocolversion"`
		Services   string         `json:"localservices"`
		Names      []string       `json:"localservicesnames"`
		Relay      bool           `json:"localrelay"`
		Offset     int            `json:"timeoffset"`
		Active     bool           `json:"networkactive"`
		Peers      int            `json:"connections"`
		In         int            `json:"connections_in"`
		Out        int            `json:"connections_out"`
		Networks   []networkJSON  `json:"networks"`
		RelayFee   view.Coins     `json:"relayfee"`
		Increment  view.Coins     `json:"incrementalfee"`
		Local      []localAddress `json:"localaddresses"`
		Warnings   []string       `json:"warnings"`
	}{
		coreVersion, fmt.Sprintf("/Satoshi:%d.0.0(Quern %s)/", coreVersion/10000, n.Version), protocolVersion,
		bits, names, true, 0, on, len(peers), in, len(peers) - in,
		networkList(on),
		view.Coins(st.Floor), view.Coins(st.Increment), local, n.Warnings(),
	}, nil
}

// localOf takes host and port out of a multiaddr.
func localOf(multiaddr string) localAddress {
	var out localAddress
	parts := strings.Split(multiaddr, "/")
	for i := 1; i+1 < len(parts); i += 2 {
		switch parts[i] {
		case "ip4", "ip6", "dns", "dns4", "dns6":
			out.Address = parts[i+1]
		case "tcp", "udp":
			_, _ = fmt.Sscan(parts[i+1], &out.Port) // zero when it is no port
			return out
		}
	}
	return out
}

// peerJSON is a peer with Core's fields, as far as they mean anything here,
// and libp2p's.
type peerJSON struct {
	ID         int              `json:"id"`
	Addr       string           `json:"addr"`
	Network    string           `json:"network"`
	Services   string           `json:"services"`
	Names      []string         `json:"servicesnames"`
	Relay      bool             `json:"relaytxes"`
	LastInv    uint64           `json:"last_inv_sequence"`
	ToSend     int              `json:"inv_to_send"`
	LastSend   int64            `json:"lastsend"`
	LastRecv   int64            `json:"lastrecv"`
	LastTx     int64            `json:"last_transaction"`
	LastBlock  int64            `json:"last_block"`
	Sent       int64            `json:"bytessent"`
	Received   int64            `json:"bytesrecv"`
	Since      int64            `json:"conntime"`
	Offset     int              `json:"timeoffset"`
	Ping       *view.Double     `json:"pingtime,omitempty"`
	MinPing    *view.Double     `json:"minping,omitempty"`
	Version    uint32           `json:"version"`
	Subversion string           `json:"subver"`
	Inbound    bool             `json:"inbound"`
	HBTo       bool             `json:"bip152_hb_to"`
	HBFrom     bool             `json:"bip152_hb_from"`
	Start      uint32           `json:"startingheight"`
	Presynced  int              `json:"presynced_headers"`
	Headers    int64            `json:"synced_headers"` // -1: unknown
	Blocks     int64            `json:"synced_blocks"`
	InFlight   []uint32         `json:"inflight"`
	AddrRelay  bool             `json:"addr_relay_enabled"`
	Addrs      int              `json:"addr_processed"`
	AddrLimit  int              `json:"addr_rate_limited"`
	Perms      []string         `json:"permissions"`
	MinFee     view.Coins       `json:"minfeefilter"`
	SentBy     map[string]int64 `json:"bytessent_per_msg"`
	ReceivedBy map[string]int64 `json:"bytesrecv_per_msg"`
	Kind       string           `json:"connection_type"`
	Transport  string           `json:"transport_protocol_type"`
	Session    string           `json:"session_id"`
	PeerID     string           `json:"peer_id"`
	Way        string           `json:"transport"`
	Source     string           `json:"source"`
	Score      int              `json:"score"`
	Gossip     float64          `json:"gossip_score"`
	Protected  bool             `json:"protected"`
}

func (n *node) getPeerInfo(ctx context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	peers := n.Net.Peers()
	ids := n.peers.assign(peers)
	status := make(map[gossip.Peer]peering.PeerStatus)
	for _, s := range n.Peering.Status(ctx).Peers {
		status[s.ID] = s
	}
	out := make([]peerJSON, len(peers))
	for i, p := range peers {
		out[i] = n.peer(ids[i], p, status)
	}
	return out, nil
}

func (n *node) peer(id int, p gossip.Info, status map[gossip.Peer]peering.PeerStatus) peerJSON {
	s, ok := status[p.ID]
	bits, names := services(ok && s.Services&peering.ServeBlocks == 0)
	out := peerJSON{
		ID: id, Addr: p.Addr, Network: networkOf(p.Addr), Services: bits, Names: names,
		Relay: true, Sent: p.Sent, Received: p.Received, Since: p.Since.Unix(), Subversion: p.Agent, Inbound: p.Inbound,
		Presynced: -1, Headers: -1, Blocks: -1, InFlight: []uint32{}, Perms: []string{},
		SentBy: map[string]int64{}, ReceivedBy: map[string]int64{}, Kind: kindOf(p), Transport: transportOf(p.Addr),
		PeerID: p.ID.String(), Way: p.Transport, Source: p.Source, Score: p.Score, Gossip: p.Gossip, Protected: n.Net.Protected(p.ID),
	}
	if !p.Useful.IsZero() {
		out.LastTx, out.LastBlock = p.Useful.Unix(), p.Useful.Unix()
	}
	if p.Latency > 0 {
		ping := view.Double(p.Latency.Seconds())
		out.Ping, out.MinPing = &ping, &ping
	}
	if !ok {
		return out
	}
	out.Version, out.Subversion, out.Start = s.Version, s.Agent, s.Start
	if s.Presync > 0 {
		out.Presynced = int(s.Presync)
	}
	if h, ok := n.Chain.Header(s.Tip.ID); ok {
		out.Headers = int64(h.Height)
		if h.Active {
			out.Blocks = int64(h.Height)
		}
	}
	for _, id := range s.InFlight {
		if h, ok := n.Chain.Header(id); ok {
			out.InFlight = append(out.InFlight, h.Height)
		}
	}
	return out
}

func networkOf(multiaddr string) string {
	switch {
	case strings.HasPrefix(multiaddr, "/ip4/"):
		return "ipv4"
	case strings.HasPrefix(multiaddr, "/ip6/"):
		return "ipv6"
	}
	return "not_publicly_routable"
}

func transportOf(multiaddr string) string {
	for _, t := range []string{"p2p-circuit", "webrtc-direct", "webtransport", "quic-v1", "tcp"} {
		if strings.Contains(multiaddr, "/"+t) {
			return t
		}
	}
	return ""
}

func kindOf(p gossip.Info) string {
	switch {
	case p.Inbound:
		return "inbound"
	case p.Source == "config" || p.Source == "rpc":
		return "manual"
	}
	return "outbound-full-relay"
}

func (n *node) addNode(ctx context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	command := a.Text(1)
	if !slices.Contains([]string{"add", "onetry", "remove"}, command) {
		return nil, table.Errorf(table.CodeMisc, "%s", a.Help())
	}
	addr, id, err := splitAddr(a.Text(0))
	if err != nil {
		return nil, err
	}
	kept := n.Net.Keeps(id)
	switch command {
	case "add":
		if kept {
			return nil, table.Errorf(table.CodeNodeAdded, "Error: Node already added")
		}
		// The peer is kept and dialed again: that it cannot be reached now is no error.
		ctx, cancel := context.WithTimeout(ctx, addPatience)
		defer cancel()
		_ = n.Net.Connect(ctx, addr)
	case "onetry":
		err := n.Net.Connect(ctx, addr)
		if !kept {
			n.Net.Forget(id)
		}
		if err != nil {
			return nil, table.Errorf(table.CodeMisc, "%v", err)
		}
	case "remove":
		if !kept {
			return nil, table.Errorf(table.CodeNodeNotAdded, "Error: Node could not be removed. It has not been added previously.")
		}
		n.Net.Forget(id)
	}
	return nil, nil
}

func (n *node) disconnectNode(_ context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	address, byID := a.Text(0), a.Given(1)
	if byID == (address != "") {
		return nil, table.Errorf(table.CodeInvalidParams, "Only one of address and nodeid should be provided.")
	}
	peers := n.Net.Peers()
	ids := n.peers.assign(peers)
	for i, p := range peers {
		if byID && int64(ids[i]) == a.Integer(1) || !byID && (p.Addr == address || p.ID.String() == address || p.Addr+"/p2p/"+p.ID.String() == address) {
			return nil, n.Net.Disconnect(p.ID)
		}
	}
	return nil, table.Errorf(table.CodeNodeUnknown, "Node not found in connected nodes")
}

func (n *node) setNetworkActive(_ context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	n.Net.SetActive(a.Flag(0))
	return json.RawMessage(fmt.Sprint(n.Net.Active())), nil
}

// networkList says which networks are used: all that libp2p's transports reach.
func networkList(on bool) []networkJSON {
	out := make([]networkJSON, len(networks))
	for i, name := range networks {
		used := on && (name == "ipv4" || name == "ipv6")
		out[i] = networkJSON{Name: name, Reachable: used, Limited: !used}
	}
	return out
}

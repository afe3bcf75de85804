package netrpc

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/rpc/table"
)

// networks are Core's names of networks, in its order.
var networks = []string{"ipv4", "ipv6", "onion", "i2p", "cjdns"}

func (n *node) knownMethods() []table.Method {
	return []table.Method{{
		Name: "getaddrmaninfo", Category: "network",
		About: "Tells how many peers the node has heard of (`new`) and has reached (`tried`), and their sum, for all networks.",
		Results: []table.Shape{table.Dict("", "json object with network type as keys",
			table.Obj("network", "the network (ipv4, ipv6, onion, i2p, cjdns, all_networks)",
				table.Num("new", "number of peers that the node has heard of but not yet connected to"),
				table.Num("tried", "number of peers that the node has connected to in the past"),
				table.Num("total", "number of both"),
			))},
		Examples: table.Both("getaddrmaninfo", "", ""), Call: n.addrManInfo,
	}, {
		Name: "getnodeaddresses", Category: "network",
		About: "Return known addresses of peers.\nThese can potentially be used to find new peers in the network.\nThe total number of addresses known to the node may be higher.",
		Args: []table.Arg{
			{Name: "count", Kind: table.Integer, Def: "1", About: "The maximum number of addresses to return. Specify 0 to return all known addresses."},
			{Name: "network", Kind: table.Text, Hint: "all networks", About: "Return only addresses of the specified network. Can be one of: ipv4, ipv6, onion, i2p, cjdns."},
		},
		Results: []table.Shape{table.Arr("", "", table.Obj("", "",
			table.Time("time", "The UNIX epoch time when the node was last reached, 0 for never"),
			table.Num("services", "The services offered by the node"),
			table.Str("address", "The address of the node"),
			table.Num("port", "The port number of the node"),
			table.Str("network", "The network (ipv4, ipv6, onion, i2p, cjdns) the node connected through"),
			table.Str("peer_id", "The peer's id, Quern's own"),
			table.Str("multiaddr", "The whole address, for addnode, Quern's own"),
		))},
		Examples: table.Both("getnodeaddresses", "8", "8") + table.CLI("getnodeaddresses", `4 "ipv6"`), Call: n.nodeAddresses,
	}, {
		Name: "getaddednodeinfo", Category: "network",
		About: "Returns information about the given added node, or all added nodes\n(note that onetry addnodes are not listed here)",
		Args:  []table.Arg{{Name: "node", Kind: table.Text, Hint: "all nodes", About: "If provided, return information about this specific node, otherwise all nodes are returned."}},
		Results: []table.Shape{table.Arr("", "", table.Obj("", "",
			table.Str("addednode", "The multiaddr of the peer, with /p2p/ and its id"),
			table.Bool("connected", "If connected"),
			table.Arr("addresses", "Only when connected = true", table.Obj("", "",
				table.Str("address", "Where we are connected to"),
				table.Str("connected", "connection, inbound or outbound"),
			)),
		))},
		Examples: table.Both("getaddednodeinfo", `"/ip4/192.168.0.201/tcp/8333/p2p/12D3Koo…"`, `"/ip4/192.168.0.201/tcp/8333/p2p/12D3Koo…"`), Call: n.addedNodeInfo,
	}}
}

// counts are an address manager's of one network.
type counts struct {
	New   int `json:"new"`
	Tried int `json:"tried"`
	Total int `json:"total"`
}

func (n *node) addrManInfo(_ context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	by := make(map[string]*counts)
	for _, name := range slices.Concat(networks, []string{"all_networks"}) {
		by[name] = new(counts)
	}
	for _, k := range n.Net.Known() {
		for _, c := range []*counts{by[networkOf(k.Addr)], by["all_networks"]} {
			switch {
			case c == nil: // a name, or no address
				continue
			case k.Tried:
				c.Tried++
			default:
				c.New++
			}
			c.Total++
		}
	}
	return inOrder(by), nil
}

// inOrder writes the networks as Core does.
type inOrder map[string]*counts

// MarshalJSON writes the object.
func (m inOrder) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range slices.Concat(networks, []string{"all_networks"}) {
		raw, err := json.Marshal(m[name])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), `":`...)
		b = append(b, raw...)
	}
	return append(b, '}'), nil
}

type knownJSON struct {
	Time      int64  `json:"time"`
	Services  uint64 `json:"services"`
	Address   string `json:"address"`
	Port      uint16 `json:"port"`
	Network   string `json:"network"`
	PeerID    string `json:"peer_id"`
	Multiaddr string `json:"multiaddr"`
}

func (n *node) nodeAddresses(_ context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	count, network := a.Integer(0), a.Text(1)
	if count < 0 {
		return nil, table.Errorf(table.CodeInvalid, "Address count out of range")
	}
	if a.Given(1) && !slices.Contains(networks, network) {
		return nil, table.Errorf(table.CodeInvalid, "Network not recognized: %s", network)
	}
	known := n.Net.Known()
	rand.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
	out := []knownJSON{}
	for _, k := range known {
		if count > 0 && int64(len(out)) >= count {
			break
		}
		if k.Addr == "" || network != "" && networkOf(k.Addr) != network {
			continue
		}
		at := localOf(k.Addr)
		j := knownJSON{Services: serviceBits, Address: at.Address, Port: at.Port, Network: networkOf(k.Addr), PeerID: k.ID.String(), Multiaddr: named(k)}
		if !k.Last.IsZero() {
			j.Time = k.Last.Unix()
		}
		out = append(out, j)
	}
	return out, nil
}

// named is a peer's address with its id.
func named(k gossip.Known) string { return k.Addr + "/p2p/" + k.ID.String() }

type addedJSON struct {
	Node      string        `json:"addednode"`
	Connected bool          `json:"connected"`
	Addresses []addedAtJSON `json:"addresses"`
}

type addedAtJSON struct {
	Address   string `json:"address"`
	Connected string `json:"connected"`
}

func (n *node) addedNodeInfo(_ context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	connected := make(map[gossip.Peer]gossip.Info)
	for _, p := range n.Net.Peers() {
		connected[p.ID] = p
	}
	out := []addedJSON{}
	for _, k := range n.Net.Known() {
		if !k.Kept || a.Given(0) && a.Text(0) != named(k) && a.Text(0) != k.ID.String() {
			continue
		}
		row := addedJSON{Node: named(k), Addresses: []addedAtJSON{}}
		if p, ok := connected[k.ID]; ok {
			way := "outbound"
			if p.Inbound {
				way = "inbound"
			}
			row.Connected, row.Addresses = true, append(row.Addresses, addedAtJSON{p.Addr, way})
		}
		out = append(out, row)
	}
	if a.Given(0) && len(out) == 0 {
		return nil, table.Errorf(table.CodeNodeNotAdded, "Error: Node has not been added.")
	}
	return out, nil
}

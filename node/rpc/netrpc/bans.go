package netrpc

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

// defaultBan is how long a ban lasts when setban does not say.
const defaultBan = 24 * time.Hour

// banMethods refuse peers. Where Core names an address range, Quern names a
// peer: whoever changes the address is still refused.
func (n *node) banMethods() []table.Method {
	return []table.Method{{
		Name: "setban", Category: "network", About: "Attempts to add or remove a peer from the banned list.",
		Args: []table.Arg{
			{Name: "subnet", Kind: table.Text, Need: true, About: "The peer id or multiaddr with /p2p/"},
			{Name: "command", Kind: table.Text, Need: true, About: "'add' to add the peer to the list, 'remove' to remove it from the list"},
			{Name: "bantime", Kind: table.Long, Def: "0", About: "time in seconds how long (or until when if [absolute] is set) the peer is banned (0 or empty means 24 hours)"},
			{Name: "absolute", Kind: table.Boolean, Def: "false", About: "If set, the bantime must be an absolute timestamp expressed in UNIX epoch time"},
		},
		Results: []table.Shape{table.Null("")}, Examples: table.Both("setban", `"12D3Koo…" "add" 86400`, `"12D3Koo…", "add", 86400`), Call: n.setBan,
	}, {
		Name: "listbanned", Category: "network", About: "List all banned peers.",
		Results: []table.Shape{table.Arr("", "", table.Obj("", "",
			table.Str("address", "The banned peer's id, or an IP address"),
			table.Time("ban_created", "When the ban began: Quern does not keep it").Maybe(),
			table.Time("banned_until", "When the ban ends, Unix seconds"),
			table.Time("ban_duration", "How long it lasts: Quern does not keep it").Maybe(),
			table.Time("time_remaining", "How long it still lasts, in seconds"),
			table.Str("ban_reason", "Why, in words, Quern's own"),
		))}, Examples: table.Both("listbanned", "", ""), Call: n.listBanned,
	}, {
		Name: "clearbanned", Category: "network", About: "Clear all banned peers.", Results: []table.Shape{table.Null("")}, Examples: table.Both("clearbanned", "", ""), Call: n.clearBanned,
	}}
}

func (n *node) setBan(_ context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	p, err := PeerNamed(a.Text(0))
	if err != nil {
		return nil, err
	}
	_, banned := n.Net.Bans()[p.String()]
	switch a.Text(1) {
	case "add":
		if banned {
			return nil, table.Errorf(table.CodeNodeAdded, "Error: IP/Subnet already banned")
		}
		d, err := BanTime(a.Integer(2), a.Flag(3), n.Now())
		if err != nil {
			return nil, err
		}
		return nil, n.Net.Ban(p, d)
	case "remove":
		if !banned {
			return nil, table.Errorf(table.CodeInvalidSubnet, "Error: Unban failed. Requested address/subnet was not previously manually banned.")
		}
		return nil, n.Net.Unban(p.String())
	}
	return nil, table.Errorf(table.CodeMisc, "%s", a.Help())
}

// BanTime is how long from now a ban is to last.
func BanTime(seconds int64, absolute bool, now time.Time) (time.Duration, error) {
	if absolute {
		if seconds -= now.Unix(); seconds < 0 {
			return 0, table.Errorf(table.CodeInvalid, "Error: Absolute timestamp is in the past")
		}
	}
	if seconds == 0 {
		return defaultBan, nil
	}
	const most = 100 * 365 * 24 * 60 * 60
	if seconds < 0 || seconds > most {
		return 0, table.Errorf(table.CodeInvalid, "a ban of %d seconds is out of range", seconds)
	}
	return time.Duration(seconds) * time.Second, nil
}

// PeerNamed reads a peer id or a multiaddr that ends in one.
func PeerNamed(text string) (gossip.Peer, error) {
	if id, err := peer.Decode(text); err == nil {
		return id, nil
	}
	_, id, err := splitAddr(text)
	if err != nil {
		return "", table.Errorf(table.CodeInvalidSubnet, "Error: Invalid IP/Subnet: %.100q is neither a peer id nor a multiaddr with /p2p/", text)
	}
	return id, nil
}

func (n *node) listBanned(_ context.Context, _ table.Args) (any, error) {
	out := []own.Ban{}
	if err := n.needNet(); err != nil {
		return nil, err
	}
	bans, now := n.Net.Bans(), n.Now().Unix()
	for _, who := range slices.Sorted(maps.Keys(bans)) {
		until := bans[who].Unix()
		out = append(out, own.Ban{Address: who, Until: until, Remaining: until - now, Reason: n.Net.BanReason(who)})
	}
	return out, nil
}

func (n *node) clearBanned(_ context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	for who := range n.Net.Bans() {
		if err := n.Net.Unban(who); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

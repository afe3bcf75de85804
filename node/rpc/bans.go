package rpc

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/gossip"
)

// defaultBan is how long a ban lasts when setban does not say.
const defaultBan = 24 * time.Hour

// banMethods refuse peers. Where Core names an address range, Quern names a
// peer: whoever changes the address is still refused.
func banMethods() []method {
	return []method{{
		name: "setban", category: "network", about: "Attempts to add or remove a peer from the banned list.",
		args: []arg{
			{name: "subnet", kind: text, need: true, about: "The peer id or multiaddr with /p2p/"},
			{name: "command", kind: text, need: true, about: "'add' to add the peer to the list, 'remove' to remove it from the list"},
			{name: "bantime", kind: long, def: "0", about: "time in seconds how long (or until when if [absolute] is set) the peer is banned (0 or empty means 24 hours)"},
			{name: "absolute", kind: boolean, def: "false", about: "If set, the bantime must be an absolute timestamp expressed in UNIX epoch time"},
		},
		result: "null", call: setBan,
	}, {
		name: "listbanned", category: "network", about: "List all banned peers.",
		result: "A json array of objects with address, banned_until, time_remaining and ban_reason", call: listBanned,
	}, {
		name: "clearbanned", category: "network", about: "Clear all banned peers.", result: "null", call: clearBanned,
	}}
}

func setBan(_ context.Context, n *node, a args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	p, err := namedPeer(a.text(0))
	if err != nil {
		return nil, err
	}
	_, banned := n.Net.Bans()[p.String()]
	switch a.text(1) {
	case "add":
		if banned {
			return nil, errorf(CodeNodeAdded, "Error: IP/Subnet already banned")
		}
		d, err := banTime(a.integer(2), a.flag(3), n.Now())
		if err != nil {
			return nil, err
		}
		return nil, n.Net.Ban(p, d)
	case "remove":
		if !banned {
			return nil, errorf(codeInvalidSubnet, "Error: Unban failed. Requested address/subnet was not previously manually banned.")
		}
		return nil, n.Net.Unban(p.String())
	}
	return nil, errorf(codeMisc, "command %.20q is neither 'add' nor 'remove'", a.text(1))
}

// banTime is how long from now a ban is to last.
func banTime(seconds int64, absolute bool, now time.Time) (time.Duration, error) {
	if absolute {
		if seconds -= now.Unix(); seconds < 0 {
			return 0, errorf(codeInvalid, "Error: Absolute timestamp is in the past")
		}
	}
	if seconds == 0 {
		return defaultBan, nil
	}
	const most = 100 * 365 * 24 * 60 * 60
	if seconds < 0 || seconds > most {
		return 0, errorf(codeInvalid, "a ban of %d seconds is out of range", seconds)
	}
	return time.Duration(seconds) * time.Second, nil
}

// namedPeer reads a peer id or a multiaddr that ends in one.
func namedPeer(text string) (gossip.Peer, error) {
	if id, err := peer.Decode(text); err == nil {
		return id, nil
	}
	_, id, err := splitAddr(text)
	if err != nil {
		return "", errorf(codeInvalidSubnet, "Error: Invalid IP/Subnet: %.100q is neither a peer id nor a multiaddr with /p2p/", text)
	}
	return id, nil
}

func listBanned(_ context.Context, n *node, _ args) (any, error) {
	out := []Ban{}
	if err := n.needNet(); err != nil {
		return nil, err
	}
	bans, now := n.Net.Bans(), n.Now().Unix()
	for _, who := range slices.Sorted(maps.Keys(bans)) {
		until := bans[who].Unix()
		out = append(out, Ban{who, until, until - now, n.Net.BanReason(who)})
	}
	return out, nil
}

func clearBanned(_ context.Context, n *node, _ args) (any, error) {
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

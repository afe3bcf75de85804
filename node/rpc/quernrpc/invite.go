package quernrpc

import (
	"context"

	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) inviteMethods() []table.Method {
	return []table.Method{{
		Name: "quern.invite", Category: "quern",
		About:   "Returns an invite into the node's swarm, with the addresses that the node has now and, behind them, a few of peers that it reached.",
		Results: []table.Shape{table.ShapeOf[own.Invite]("An invite into the swarm")}, Call: n.quernInvite,
	}}
}

func (n *node) quernInvite(_ context.Context, _ table.Args) (any, error) {
	var mine, others []string
	if n.Net != nil {
		mine = n.Net.Addrs()
		for _, p := range n.Net.Peers() {
			if !p.Inbound {
				others = append(others, p.Addr+"/p2p/"+p.ID.String())
			}
		}
	}
	i, meet, err := n.Invite(mine, others)
	if err != nil {
		return nil, err
	}
	peers := append([]string{}, i.Peers...)
	return own.Invite{Swarm: i.Swarm, Chain: i.Chain, Invite: i.String(), Peers: peers, Meet: meet}, nil
}

package rpc

import "context"

func inviteMethods() []method {
	return []method{{
		name: "quern.invite", category: "quern",
		about:  "Returns an invite into the node's swarm, with the addresses that the node has now and, behind them, a few of peers that it reached.",
		result: "{ \"swarm\", \"chain\", \"invite\", \"peers\", \"meet\" }", call: quernInvite,
	}}
}

func quernInvite(_ context.Context, n *node, _ args) (any, error) {
	var own, others []string
	if n.Net != nil {
		own = n.Net.Addrs()
		for _, p := range n.Net.Peers() {
			if !p.Inbound {
				others = append(others, p.Addr+"/p2p/"+p.ID.String())
			}
		}
	}
	i, meet, err := n.Invite(own, others)
	if err != nil {
		return nil, err
	}
	peers := append([]string{}, i.Peers...)
	return Invite{Swarm: i.Swarm, Chain: i.Chain, Invite: i.String(), Peers: peers, Meet: meet}, nil
}

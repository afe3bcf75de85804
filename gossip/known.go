package gossip

import "time"

// Known is a peer that may be dialed, connected or not.
type Known struct {
	ID    Peer
	Addr  string    // multiaddr without /p2p/; "" when nothing is known
	Tried bool      // it was reached
	Kept  bool      // the operator wants it connected always
	Last  time.Time // when it was reached last; zero: never
}

// Known lists the peers that this node has heard of, by their ids.
func (n *Net) Known() []Known {
	list := n.book.Known()
	out := make([]Known, len(list))
	for i, k := range list {
		out[i] = Known{ID: k.ID, Tried: k.Tried, Kept: k.Kept, Last: k.Last}
		if k.Addr != nil {
			out[i].Addr = k.Addr.String()
		}
	}
	return out
}

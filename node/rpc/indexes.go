package rpc

import (
	"github.com/quernnet/quern/node/rpc/chainrpc"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/poolrpc"
	"github.com/quernnet/quern/node/rpc/txrpc"
)

// The indexes that the node has, as each category asks for them. One that is
// switched off stays nil: a nil pointer in an interface would be an index.

func (p Parts) chainIndexes(out chainrpc.Parts) chainrpc.Parts {
	if p.Indexes.Tx != nil {
		out.Txs = p.Indexes.Tx
	}
	if p.Indexes.Filters != nil {
		out.Filters = p.Indexes.Filters
	}
	if p.Indexes.Coins != nil {
		out.Sums = p.Indexes.Coins
	}
	return out
}

func (p Parts) txIndexes(out txrpc.Parts) txrpc.Parts {
	if p.Indexes.Tx != nil {
		out.Txs = p.Indexes.Tx
	}
	return out
}

func (p Parts) poolIndexes(out poolrpc.Parts) poolrpc.Parts {
	if p.Indexes.Spenders != nil {
		out.Spenders = p.Indexes.Spenders
	}
	return out
}

// indexes is how far they are, for quern.status.
func (p Parts) indexes() []own.IndexStatus {
	var out []own.IndexStatus
	for _, st := range p.Indexes.Status() {
		s := own.IndexStatus{Name: st.Name, Height: st.Height, Synced: st.Synced}
		if st.Missed != nil {
			s.Error = st.Missed.Error()
		}
		out = append(out, s)
	}
	return out
}

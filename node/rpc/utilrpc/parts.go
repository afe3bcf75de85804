package utilrpc

import (
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/rpc/table"
)

// Parts are what the methods reach.
type Parts struct {
	Params *consensus.Params
	Pool   Pool
	Fees   Fees

	Indexes func() []index.Status // that the node has
}

// node is what the methods work on.
type node struct{ Parts }

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{p}
	return slices.Concat(n.addressMethods(), n.multisigMethods(), n.descriptorMethods(), n.messageMethods(), n.feeMethods(), n.indexMethods())
}

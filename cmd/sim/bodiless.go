package main

import (
	"context"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/peering"
)

// bodiless is the chain of a node that takes part in all but having bodies: it
// passes headers on, and whoever asks it for the block waits in vain.
type bodiless struct{ peering.Chain }

// QueueBlock loses the block.
func (bodiless) QueueBlock(context.Context, *wire.Block, func(error)) error { return nil }

package syncer

import (
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
)

// Peer names a peer; what the name means is the driver's business.
type Peer string

// Request numbers a question to a peer. A request ends by exactly one event,
// or by Cancel, after which events about it are ignored.
type Request uint64

// Action is what the driver is to do: AskHeaders, AskBlocks, Cancel, Submit,
// Drop, Blame or Disconnect.
type Action interface{ fmt.Stringer }

// AskHeaders asks a peer for headers after From, with From's locator. With
// Resume the peer's presync goes on instead, from where it stands; without it,
// what there was of one is void.
type AskHeaders struct {
	Request Request
	Peer    Peer
	From    wire.Hash
	Resume  bool
}

// AskBlocks asks a peer for at most MaxBatch bodies.
type AskBlocks struct {
	Request Request
	Peer    Peer
	IDs     []wire.Hash
}

// Cancel ends a request whose answer is no longer awaited.
type Cancel struct{ Request Request }

// Submit hands a received body to the chain. Submits come parents first.
type Submit struct{ ID wire.Hash }

// Drop forgets a received body that was not submitted.
type Drop struct{ ID wire.Hash }

// Blame says that the body of block ID, which Peer sent, is invalid.
type Blame struct {
	Peer Peer
	ID   wire.Hash
}

// Disconnect parts from a peer that is of no use: its place is better given
// to another. It is not punished.
type Disconnect struct {
	Peer   Peer
	Reason string
}

func (a AskHeaders) String() string {
	if a.Resume {
		return fmt.Sprintf("ask headers #%d of %s for its presync", a.Request, a.Peer)
	}
	return fmt.Sprintf("ask headers #%d of %s after %s", a.Request, a.Peer, short(a.From))
}

func (a AskBlocks) String() string {
	s := fmt.Sprintf("ask blocks #%d of %s:", a.Request, a.Peer)
	for _, id := range a.IDs {
		s += " " + short(id)
	}
	return s
}

func (a Cancel) String() string     { return fmt.Sprintf("cancel #%d", a.Request) }
func (a Submit) String() string     { return "submit " + short(a.ID) }
func (a Drop) String() string       { return "drop " + short(a.ID) }
func (a Blame) String() string      { return fmt.Sprintf("blame %s for %s", a.Peer, short(a.ID)) }
func (a Disconnect) String() string { return fmt.Sprintf("disconnect %s: %s", a.Peer, a.Reason) }

// short is enough of an id to tell blocks apart in a log. Work makes the first
// digits zeros, so the last ones are taken.
func short(id wire.Hash) string { return id.String()[56:] }

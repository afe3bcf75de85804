package zmq

import (
	"encoding/binary"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/zmq/zmtp"
)

// Topic is what a notification is about.
type Topic string

// The topics, in Core's order.
const (
	HashBlock Topic = "hashblock"
	HashTx    Topic = "hashtx"
	RawBlock  Topic = "rawblock"
	RawTx     Topic = "rawtx"
	Sequence  Topic = "sequence"
)

// Topics lists all.
func Topics() []Topic { return []Topic{HashBlock, HashTx, RawBlock, RawTx, Sequence} }

// Notification is a topic that is published at an endpoint.
type Notification struct {
	Topic     Topic
	Endpoint  string
	HighWater int // messages that wait for a subscriber, at most
}

// notifier publishes one notification. Only Run's goroutine uses it.
type notifier struct {
	Notification
	publisher *zmtp.Publisher
	count     uint32 // messages published so far
}

func (n *notifier) publish(body []byte) {
	n.publisher.Publish([]byte(n.Topic), body, binary.LittleEndian.AppendUint32(nil, n.count))
	n.count++
}

// publish sends a body to every notifier of a topic; body is made when there is
// one.
func (s *Server) publish(t Topic, body func() []byte) {
	var b []byte
	for _, n := range s.notifiers {
		if n.Topic == t {
			if b == nil {
				b = body()
			}
			n.publish(b)
		}
	}
}

// display is a hash in the order of bytes in which it is shown.
func display(h wire.Hash) []byte {
	b := slices.Clone(h[:])
	slices.Reverse(b)
	return b
}

// tx tells of a transaction that came, alone or in a block.
func (s *Server) tx(t *wire.Tx) {
	s.publish(HashTx, func() []byte { return display(t.ID()) })
	s.publish(RawTx, func() []byte { return t.Append(nil) })
}

// tip tells of a block that became the tip.
func (s *Server) tip(b *wire.Block) {
	s.publish(HashBlock, func() []byte { return display(b.ID()) })
	s.publish(RawBlock, b.Bytes)
}

// Labels of sequence messages.
const (
	connected    = 'C'
	disconnected = 'D'
	added        = 'A'
	removed      = 'R'
)

// block tells that a block's transactions came into the chain or left it.
func (s *Server) block(b *wire.Block, label byte) {
	for _, t := range b.Txs {
		s.tx(t)
	}
	s.publish(Sequence, func() []byte { return append(display(b.ID()), label) })
}

// pooled tells that a transaction came into the mempool or left it other than
// by a block.
func (s *Server) pooled(id wire.Hash, label byte, sequence uint64) {
	s.publish(Sequence, func() []byte {
		return binary.LittleEndian.AppendUint64(append(display(id), label), sequence)
	})
}

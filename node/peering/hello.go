package peering

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

// Version is that of what peers say to each other. A peer of a lower version than
// minVersion is refused.
const (
	Version    = 1
	minVersion = 1
)

// Services a peer offers, a bit each.
const (
	ServeBlocks uint32 = 1 // bodies of all blocks on its active branch
	ServeRecent uint32 = 2 // bodies of the last syncer.RecentBlocks of them
)

const (
	maxAgent = 256
	maxHello = 4 + 3*wire.HashSize + 4 + 32 + 4 + 4 + 8 + 4 + maxAgent
)

// Hello is what two peers tell each other first.
type Hello struct {
	Version        uint32
	Genesis, Rules wire.Hash // of the chain; Params.Digest
	Tip            syncer.Tip
	Services       uint32
	First          uint32 // height from which on it has bodies, as of now; 0: not told, as earlier nodes do, whose services had these bytes
	Nonce          uint64 // drawn at start, so that a node knows itself
	Agent          string
}

func (h Hello) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, h.Version)
	b = append(b, h.Genesis[:]...)
	b = append(b, h.Rules[:]...)
	b = appendTip(b, h.Tip)
	b = binary.LittleEndian.AppendUint32(b, h.Services)
	b = binary.LittleEndian.AppendUint32(b, h.First)
	b = binary.LittleEndian.AppendUint64(b, h.Nonce)
	return appendBytes(b, []byte(h.Agent))
}

func decodeHello(b []byte) (Hello, error) {
	f := frame{b: b}
	h := Hello{
		Version:  f.uint32("version"),
		Genesis:  f.hash("genesis"),
		Rules:    f.hash("rules' digest"),
		Tip:      f.tip(),
		Services: f.uint32("services"),
		First:    f.uint32("first body"),
		Nonce:    f.uint64("nonce"),
		Agent:    string(f.bytes(maxAgent, "agent")),
	}
	return h, f.finish("hello")
}

func appendTip(b []byte, t syncer.Tip) []byte {
	b = append(b, t.ID[:]...)
	b = binary.LittleEndian.AppendUint32(b, t.Height)
	return appendWork(b, t.Work)
}

func (f *frame) tip() syncer.Tip {
	return syncer.Tip{ID: f.hash("tip"), Height: f.uint32("tip's height"), Work: f.work("tip's work")}
}

// errSelf says that the peer is this very node, or a copy of it.
var errSelf = errors.New("the peer is this node itself")

// first is the height from which on the peer gives bodies, besides its recent ones.
func (h Hello) first() uint32 {
	switch {
	case h.Services&ServeBlocks != 0:
		return 0
	case h.First == 0:
		return math.MaxUint32
	}
	return h.First
}

// check compares a peer's hello with ours. Its errors are words for the
// operator: the peer is parted from, not punished.
func (h Hello) check(peer Hello) error {
	switch {
	case peer.Nonce == h.Nonce:
		return errSelf
	case peer.Version < minVersion:
		return fmt.Errorf("it speaks version %d of Quern's protocols, which is older than %d", peer.Version, minVersion)
	case peer.Genesis != h.Genesis:
		return fmt.Errorf("it follows another chain: its genesis is %v, ours %v", peer.Genesis, h.Genesis)
	case peer.Rules != h.Rules:
		return fmt.Errorf("it follows other rules on the same genesis: its rules' digest is %v, ours %v; compare the chain settings of both configurations", peer.Rules, h.Rules)
	}
	return nil
}

var helloProtocol = gossip.Protocol[Hello, Hello]{
	ID:         "hello/1",
	MaxRequest: maxHello, MaxReply: maxHello,
	Timeout: 10 * time.Second,
	EncodeQ: Hello.encode, DecodeQ: decodeHello,
	EncodeA: Hello.encode, DecodeA: decodeHello,
}

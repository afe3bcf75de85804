package gossip

import (
	"fmt"

	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/quernnet/quern/gossip/swarm"
)

// Limits bound what peers may cost. A zero field is a value that fits the
// machine.
type Limits struct {
	Memory        int64 // bytes for connections and streams; 0: an eighth of the machine's
	Connections   int   // at a time, those of passers-by included; 0: twice MaxPeers and 64 more
	Questions     int   // of all peers answered at a time; 0: 1,024
	PeerQuestions int   // of one peer; 0: 32
	Upload        int64 // bytes a second for answers to all peers together; 0: as much as is asked for
}

const (
	defaultQuestions     = 1024
	defaultPeerQuestions = 32
	leastLimitMemory     = 64 << 20
)

// complete checks l and fills in what was left out.
func (l *Limits) complete(maxPeers int) error {
	if l.Memory < 0 || l.Connections < 0 || l.Questions < 0 || l.PeerQuestions < 0 || l.Upload < 0 {
		return fmt.Errorf("limits %+v: none may be negative", *l)
	}
	if l.Memory > 0 && l.Memory < leastLimitMemory {
		return fmt.Errorf("%d bytes of memory for the network are too few, it needs at least %d", l.Memory, leastLimitMemory)
	}
	if l.Connections == 0 {
		l.Connections = 2*maxPeers + 64
	}
	if l.Connections < maxPeers {
		return fmt.Errorf("%d connections are too few for %d peers", l.Connections, maxPeers)
	}
	if l.Questions == 0 {
		l.Questions = defaultQuestions
	}
	if l.PeerQuestions == 0 {
		l.PeerQuestions = defaultPeerQuestions
	}
	return nil
}

// answerMemory is what answers that are made or on their way may take.
func (l *Limits) answerMemory() int64 {
	if l.Memory > 0 {
		return l.Memory / 2
	}
	return defaultAnswerMemory
}

// hostLimits are the limits as the host wants them, with the names of what is
// served.
func (n *Net) hostLimits() swarm.Limits {
	l := swarm.Limits{
		Memory: n.c.Limits.Memory, Connections: n.c.Limits.Connections,
		Questions: n.c.Limits.Questions, PeerQuestions: n.c.Limits.PeerQuestions,
	}
	for id := range n.protocols {
		l.Protocols = append(l.Protocols, protocol.ID(id))
	}
	return l
}

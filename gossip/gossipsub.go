package gossip

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Score thresholds, from Lotus: below them a peer gets no gossip, no published
// messages, no hearing at all.
const (
	gossipBelow   = -500
	publishBelow  = -1000
	graylistBelow = -2500

	// outsider is the score of a peer that has not passed the handshake: far
	// below the graylist, so that GossipSub drops what it sends before marking
	// it as seen. Ignoring it in the validator alone would let an outsider's
	// copy suppress the real one.
	outsider = -1e6

	// pointWeight makes 50 points of misbehaviour stop gossip, 100 publishing
	// (and 100 ban).
	pointWeight = -10

	maxSubscriptions = 64 // topics that a peer may announce at once
	queueValidate    = 4096
	queuePeer        = 1024
	seenTime         = 10 * time.Minute
	scoreEvery       = 5 * time.Second // that scores are taken down, for people
	minMessage       = 1 << 20         // bytes of one RPC, at the least
	roomMessage      = 64 << 10        // bytes of an RPC besides its largest value
)

// gossipOptions are GossipSub's settings; docs/adr/0003 has the reasons.
func (n *Net) gossipOptions(m *mesh) []pubsub.Option {
	names := slices.Sorted(maps.Keys(n.topics))
	size := minMessage
	for _, t := range n.topics {
		size = max(size, t.max+roomMessage)
	}
	params := pubsub.DefaultGossipSubParams()
	params.D, params.Dlo, params.Dhi = 8, 6, 12
	params.Dscore, params.Dout = 5, 3
	gater := pubsub.NewPeerGaterParams(.33, pubsub.ScoreParameterDecay(2*time.Minute), pubsub.ScoreParameterDecay(10*time.Minute))
	return []pubsub.Option{
		pubsub.WithGossipSubProtocols(
			[]protocol.ID{pubsub.GossipSubID_v13, pubsub.GossipSubID_v12, pubsub.GossipSubID_v11},
			pubsub.GossipSubDefaultFeatures),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithGossipSubParams(params),
		pubsub.WithFloodPublish(false),
		pubsub.WithPeerExchange(false),
		pubsub.WithMaxMessageSize(size),
		pubsub.WithValidateQueueSize(queueValidate),
		pubsub.WithPeerOutboundQueueSize(queuePeer),
		pubsub.WithSeenMessagesTTL(seenTime),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(
			pubsub.NewAllowlistSubscriptionFilter(names...), maxSubscriptions)),
		pubsub.WithPeerScore(n.peerScore(names, m), &pubsub.PeerScoreThresholds{
			GossipThreshold: gossipBelow, PublishThreshold: publishBelow, GraylistThreshold: graylistBelow,
			AcceptPXThreshold: 1000, OpportunisticGraftThreshold: 3.5,
		}),
		pubsub.WithPeerScoreInspect(m.scores.set, scoreEvery),
		pubsub.WithPeerGater(gater),
	}
}

// messageID hashes topic and all bytes of a value: an id of less would let a
// garbage variant suppress the real one.
func messageID(m *pb.Message) string {
	h := sha256.New()
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(m.GetTopic())))
	h.Write(size[:])
	h.Write([]byte(m.GetTopic()))
	h.Write(m.GetData())
	return string(h.Sum(nil))
}

// peerScore is how GossipSub rates peers. Delivering first counts for, invalid
// values, many peers on one address and protocol tricks count against; so do the
// points of Report, and passing nothing on (see mutes). GossipSub's own measure of
// that, mesh delivery rates (P3), is off, as in Lotus: on topics with little
// traffic it punishes the innocent.
func (n *Net) peerScore(topics []string, m *mesh) *pubsub.PeerScoreParams {
	perTopic := make(map[string]*pubsub.TopicScoreParams, len(topics))
	for _, t := range topics {
		perTopic[t] = &pubsub.TopicScoreParams{
			TopicWeight:       1,
			TimeInMeshWeight:  0.00027, // at most 1 after an hour
			TimeInMeshQuantum: time.Second, TimeInMeshCap: 3600,
			FirstMessageDeliveriesWeight: 1,
			FirstMessageDeliveriesDecay:  pubsub.ScoreParameterDecay(time.Hour),
			FirstMessageDeliveriesCap:    100,

			InvalidMessageDeliveriesWeight: -1000,
			InvalidMessageDeliveriesDecay:  pubsub.ScoreParameterDecay(time.Hour),
		}
	}
	colocation := -100.0
	if n.c.Private {
		colocation = 0 // all of them share an address
	}
	return &pubsub.PeerScoreParams{
		Topics:                      perTopic,
		TopicScoreCap:               200,
		AppSpecificScore:            n.appScore(m),
		AppSpecificWeight:           1,
		IPColocationFactorWeight:    colocation,
		IPColocationFactorThreshold: 5,
		BehaviourPenaltyWeight:      -10,
		BehaviourPenaltyThreshold:   6,
		BehaviourPenaltyDecay:       pubsub.ScoreParameterDecay(time.Hour),
		DecayInterval:               pubsub.DefaultDecayInterval,
		DecayToZero:                 pubsub.DefaultDecayToZero,
		RetainScore:                 6 * time.Hour,
		SeenMsgTTL:                  seenTime,
	}
}

// appScore is our own part of the score of a peer: what Report gave it, and
// whether it keeps to itself what it hears. Kept peers may: the operator has
// named them, and may have put them behind nobody but us.
func (n *Net) appScore(m *mesh) func(Peer) float64 {
	return func(p Peer) float64 {
		if !n.members.passed(p) {
			return outsider
		}
		score := pointWeight * n.scores.of(p)
		if !n.book.Kept(p) {
			score += m.penalty(p)
		}
		return score
	}
}

// spares tells whether there is a peer who could take a place in a mesh of so many.
func (n *Net) spares(inMesh int) bool { return len(n.members.list()) > inMesh }

package attack

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"

	"github.com/quernnet/quern/node/sim"
)

const (
	prefix     = "/quern/sim/" // of the swarm that package sim builds
	blockTopic = prefix + "block"
	txTopic    = prefix + "tx"
)

// Answer answers a question; ok is false for a villain that keeps the asker
// waiting.
type Answer func(from peer.ID, question []byte) (answer []byte, ok bool)

// silent answers nothing.
func silent(peer.ID, []byte) ([]byte, bool) { return nil, false }

// Manners are how a villain behaves. The zero value is somebody whom nobody
// takes for a peer.
type Manners struct {
	Answers map[string]Answer // by protocol without prefix, like "hello/1"

	// Heard is called with each gossiped value, in the order of arrival, and says
	// whether it is passed on. nil: nothing is. It must not wait.
	Heard func(topic string, from peer.ID, raw []byte) bool

	Gossip  []pubsub.Option // over those that have it reach everybody
	NoMesh  bool            // no GossipSub: what speaks its protocol is set by hand
	Key     crypto.PrivKey  // nil: any
	Options []libp2p.Option // of its host
	Setup   func(*Villain)  // before it listens
}

// Villain is an attacker's host.
type Villain struct {
	host.Host
	At *sim.Outsider

	ps     *pubsub.PubSub
	topics map[string]*pubsub.Topic
	ctx    context.Context
}

// NewVillain has a villain live at an address, until the test ends.
func NewVillain(t testing.TB, s *sim.Swarm, at net.IP, speed sim.Speed, m Manners) *Villain {
	t.Helper()
	v, err := newVillain(s.Outsider(at, speed), m)
	if err != nil {
		t.Fatalf("attack: villain at %v: %v", at, err)
	}
	return v
}

func newVillain(at *sim.Outsider, m Manners) (*Villain, error) {
	opts := []libp2p.Option{libp2p.NoListenAddrs, libp2p.DisableMetrics(), libp2p.ResourceManager(&network.NullResourceManager{})}
	if m.Key != nil {
		opts = append(opts, libp2p.Identity(m.Key))
	}
	h, err := libp2p.New(append(append(opts, at.Options...), m.Options...)...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &Villain{Host: h, At: at, topics: map[string]*pubsub.Topic{}, ctx: ctx}
	at.OnClose(func() {
		cancel()
		_ = h.Close() // the test has ended
	})
	for id, answer := range m.Answers {
		h.SetStreamHandler(protocol.ID(prefix+id), func(s network.Stream) { v.answer(s, answer) })
	}
	if !m.NoMesh {
		if err := v.gossip(m); err != nil {
			return nil, err
		}
	}
	if m.Setup != nil {
		m.Setup(v)
	}
	listen, err := multiaddr.NewMultiaddr(at.Listen)
	if err != nil {
		return nil, err
	}
	return v, h.Network().Listen(listen)
}

// gossip starts a GossipSub that tells everybody what it publishes, and keeps
// whoever wants to be in its mesh.
func (v *Villain) gossip(m Manners) error {
	params := pubsub.DefaultGossipSubParams()
	params.D, params.Dlo, params.Dhi, params.Dscore, params.Dout = 64, 32, 1024, 0, 0
	opts := append([]pubsub.Option{
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithGossipSubParams(params),
		pubsub.WithFloodPublish(true),
		pubsub.WithMaxMessageSize(2 << 20),
		pubsub.WithPeerOutboundQueueSize(4096),
		pubsub.WithValidateQueueSize(4096),
		pubsub.WithLogger(slog.New(slog.DiscardHandler)),
	}, m.Gossip...)
	ps, err := pubsub.NewGossipSub(v.ctx, v.Host, opts...)
	if err != nil {
		return err
	}
	v.ps = ps
	for _, name := range []string{blockTopic, txTopic} {
		if err := v.join(name, m.Heard); err != nil {
			return fmt.Errorf("topic %s: %w", name, err)
		}
	}
	return nil
}

func (v *Villain) join(name string, heard func(string, peer.ID, []byte) bool) error {
	check := func(_ context.Context, from peer.ID, msg *pubsub.Message) bool {
		return from == v.ID() || heard != nil && heard(name, from, msg.Data)
	}
	if err := v.ps.RegisterTopicValidator(name, check, pubsub.WithValidatorInline(true)); err != nil {
		return err
	}
	t, err := v.ps.Join(name)
	if err != nil {
		return err
	}
	v.topics[name] = t
	_, err = t.Relay()
	return err
}

// messageID is gossip's own: an attacker's messages have the same ids.
func messageID(m *pb.Message) string {
	h := sha256.New()
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(m.GetTopic())))
	h.Write(size[:])
	h.Write([]byte(m.GetTopic()))
	h.Write(m.GetData())
	return string(h.Sum(nil))
}

// answer serves one question, or keeps the asker waiting until he goes.
func (v *Villain) answer(s network.Stream, f Answer) {
	defer context.AfterFunc(v.ctx, func() { _ = s.Reset() })()
	q, err := readFrame(s)
	if err != nil {
		_ = s.Reset()
		return
	}
	a, ok := f(s.Conn().RemotePeer(), q)
	if !ok {
		sleep(v.ctx, 10*time.Minute)
		_ = s.Reset()
		return
	}
	if _, err := s.Write(frame(a)); err != nil {
		_ = s.Reset()
		return
	}
	_ = s.Close() // whether it came is the asker's business
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Publish tells everybody connected.
func (v *Villain) Publish(topic string, raw []byte) {
	_ = v.topics[topic].Publish(v.ctx, raw) // it is refused when the villain has ended
}

// Dial connects to a node.
func (v *Villain) Dial(n *sim.Node) error {
	info, err := peer.AddrInfoFromString(n.Addr())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(v.ctx, 20*time.Second)
	defer cancel()
	return v.Connect(ctx, *info)
}

// Addr is the villain's multiaddr with its peer id.
func (v *Villain) Addr() string { return v.At.Listen + "/p2p/" + v.ID().String() }

// connect has a node dial a villain.
func connect(n *sim.Node, v *Villain) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return n.Net.Connect(ctx, v.Addr())
}

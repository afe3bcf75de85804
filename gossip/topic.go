package gossip

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
)

// Verdict is what a check says of a gossiped value.
type Verdict int

const (
	Accept Verdict = iota // pass it on
	Ignore                // do not pass it on, nobody is to blame
	Reject                // do not pass it on, the sender is at fault
)

// Topic is a kind of value that everybody gets.
type Topic[T any] struct {
	Name    string // without prefix: "tx", "block"
	MaxSize int    // bytes encoded
	Encode  func(T) []byte
	Decode  func([]byte) (T, error)
}

// pointsRejected is for a gossiped value that is undecodable or was rejected;
// GossipSub's own score falls besides.
const pointsRejected = 20

// meshTime is how long publish waits for a first peer in the topic's mesh: a
// peer that has passed the handshake is grafted within a heartbeat, one second.
const meshTime = 3 * time.Second

// ErrTooLarge says that a value encodes to more than its topic or protocol carries.
var ErrTooLarge = errors.New("value is over the maximum size")

// rawTopic is a Topic without its type.
type rawTopic struct {
	name  string // with prefix
	max   int
	check func(context.Context, Peer, []byte) Verdict
}

// Join subscribes to t. It must come before Run. check is called for each value
// that arrives from others, inline and concurrently: it must be cheap. The value
// came from Peer, who need not be its origin; the bytes it was decoded from are
// its own to keep. publish sends a value to everybody else; it refuses what is
// over MaxSize, and to publish before Run or after.
func Join[T any](n *Net, t Topic[T], check func(context.Context, Peer, T) Verdict) (publish func(context.Context, T) error, err error) {
	r := &rawTopic{name: n.prefixed(t.Name), max: t.MaxSize}
	r.check = func(ctx context.Context, from Peer, raw []byte) Verdict {
		v, err := t.Decode(raw)
		if err != nil {
			n.Report(from, pointsRejected, fmt.Errorf("topic %s: %w", t.Name, err))
			return Reject
		}
		verdict := check(ctx, from, v)
		if verdict == Reject {
			n.Report(from, pointsRejected, fmt.Errorf("topic %s: rejected", t.Name))
		}
		return verdict
	}
	err = n.register("topic "+t.Name, func() error {
		if t.Name == "" || t.MaxSize <= 0 {
			return fmt.Errorf("name %q, maximum size %d", t.Name, t.MaxSize)
		}
		if n.topics[r.name] != nil {
			return errors.New("joined already")
		}
		n.topics[r.name] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v T) error { return n.publish(ctx, r, t.Encode(v)) }, nil
}

// publish checks the size itself: GossipSub drops what is too large in silence.
func (n *Net) publish(ctx context.Context, r *rawTopic, raw []byte) error {
	if len(raw) > r.max {
		return fmt.Errorf("topic %s: %d bytes, at most %d: %w", r.name, len(raw), r.max, ErrTooLarge)
	}
	l := n.live.Load()
	if l == nil {
		return ErrNotRunning
	}
	if len(n.members.list()) > 0 {
		l.mesh.ready(ctx, r.name, meshTime)
	}
	if err := l.topics[r.name].Publish(ctx, raw); err != nil {
		return fmt.Errorf("topic %s: %w", r.name, err)
	}
	return nil
}

// startTopics makes GossipSub and joins what was registered. Values are wanted
// for their check only, so each topic is relayed and not subscribed to: no
// queue behind the check can run over.
func (n *Net) startTopics(ctx context.Context, l *live) error {
	ps, err := pubsub.NewGossipSub(ctx, l.host, append(n.gossipOptions(l.mesh), pubsub.WithRawTracer(l.mesh))...)
	if err != nil {
		return fmt.Errorf("gossipsub: %w", err)
	}
	l.pubsub = ps
	for name, r := range n.topics {
		if err := ps.RegisterTopicValidator(name, n.validator(r), pubsub.WithValidatorInline(true)); err != nil {
			return fmt.Errorf("topic %s: %w", name, err)
		}
		t, err := ps.Join(name)
		if err != nil {
			return fmt.Errorf("topic %s: %w", name, err)
		}
		if _, err := t.Relay(); err != nil {
			return fmt.Errorf("topic %s: %w", name, err)
		}
		l.topics[name] = t
	}
	return nil
}

// validator runs r's check inline: an asynchronous one would lose, under load,
// what has been marked as seen. Our own values pass unchecked. A panic in a
// codec or check is our fault, and must not become everybody's.
func (n *Net) validator(r *rawTopic) pubsub.ValidatorEx {
	return func(ctx context.Context, from Peer, m *pubsub.Message) (res pubsub.ValidationResult) {
		if from == n.id {
			return pubsub.ValidationAccept
		}
		defer func() {
			if e := recover(); e != nil {
				n.c.Log.Error("panic while checking gossip", "topic", r.name, "panic", e, "stack", string(debug.Stack()))
				res = pubsub.ValidationIgnore
			}
		}()
		if !n.members.passed(from) {
			return pubsub.ValidationIgnore
		}
		if len(m.Data) > r.max {
			n.Report(from, pointsRejected, fmt.Errorf("topic %s: %d bytes, at most %d", r.name, len(m.Data), r.max))
			return pubsub.ValidationReject
		}
		switch r.check(ctx, from, m.Data) {
		case Accept:
			return pubsub.ValidationAccept
		case Reject:
			return pubsub.ValidationReject
		default:
			return pubsub.ValidationIgnore
		}
	}
}

package gossip

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	defaultTimeout = 30 * time.Second
	questionTime   = 10 * time.Second // that a question may take to arrive
	pointsGarbage  = 25               // for a frame that is too large or does not decode

	// handshakePrefix begins the id of the protocol that is answered before a
	// peer has passed OnPeer.
	handshakePrefix = "hello/"
)

// Protocol is a question that one peer asks another: one frame each way.
//
// The protocol whose ID begins with "hello/" is the handshake: it alone is
// answered before the peer has passed OnPeer, and a peer that does not answer it
// is not of our swarm. The questions of all others wait a few seconds for the
// peer to pass, then are refused.
type Protocol[Q, A any] struct {
	ID                   string        // without prefix: "headers/1"
	MaxRequest, MaxReply int           // bytes encoded
	Timeout              time.Duration // for question and answer together, on both sides; 0: 30 s
	Rate, Burst          int64         // bytes of answers for one peer: a second, and at once after a rest; 0: 4 MiB, 64 MiB
	Weigh                func(Q) int   // bytes that the answer to a question may have; nil: MaxReply
	EncodeQ              func(Q) []byte
	DecodeQ              func([]byte) (Q, error)
	EncodeA              func(A) []byte
	DecodeA              func([]byte) (A, error)
}

// rawProtocol is a served Protocol without its types.
type rawProtocol struct {
	id                   string // with prefix
	maxRequest, maxReply int
	timeout              time.Duration
	rate, burst          int64
	handshake            bool
	// answer decodes a question, takes room for the answer, and makes it.
	answer func(ctx context.Context, from Peer, raw []byte, room func(bytes int) error) ([]byte, error)
}

func (p *Protocol[Q, A]) timeout() time.Duration {
	if p.Timeout <= 0 {
		return defaultTimeout
	}
	return p.Timeout
}

// Serve answers p's questions. It must come before Run. An error from h ends the
// stream without an answer; it is logged, and blames nobody unless it is a
// *Fault. h's context ends with the protocol's timeout and with Run, not when the
// asker leaves.
func Serve[Q, A any](n *Net, p Protocol[Q, A], h func(context.Context, Peer, Q) (A, error)) {
	r := &rawProtocol{
		id: n.prefixed(p.ID), maxRequest: p.MaxRequest, maxReply: p.MaxReply,
		timeout: p.timeout(), handshake: strings.HasPrefix(p.ID, handshakePrefix),
		rate: cmp.Or(p.Rate, defaultRate), burst: cmp.Or(p.Burst, defaultBurst),
	}
	r.answer = func(ctx context.Context, from Peer, raw []byte, room func(int) error) ([]byte, error) {
		q, err := p.DecodeQ(raw)
		if err != nil {
			return nil, &Fault{Peer: from, Points: pointsGarbage, Err: fmt.Errorf("%s: question: %w", p.ID, err)}
		}
		size := p.MaxReply
		if p.Weigh != nil {
			size = min(size, p.Weigh(q))
		}
		if err := room(size); err != nil {
			return nil, err
		}
		a, err := h(ctx, from, q)
		if err != nil {
			return nil, err
		}
		return p.EncodeA(a), nil
	}
	_ = n.register("protocol "+p.ID, func() error { // Run returns it
		if p.ID == "" || n.protocols[r.id] != nil {
			return errors.New("no id, or served already")
		}
		n.protocols[r.id] = r
		return nil
	})
}

// asking counts the questions being answered, in all and by peer.
type asking struct {
	most, perPeer int

	mu  sync.Mutex
	all int
	by  map[Peer]int
}

func (a *asking) enter(p Peer) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all >= a.most || a.by[p] >= a.perPeer {
		return false
	}
	a.all++
	a.by[p]++
	return true
}

func (a *asking) leave(p Peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all--
	if a.by[p]--; a.by[p] == 0 {
		delete(a.by, p)
	}
}

// startProtocols sets the stream handlers.
func (n *Net) startProtocols(l *live) {
	busy := &asking{most: n.c.Limits.Questions, perPeer: n.c.Limits.PeerQuestions, by: make(map[Peer]int)}
	desk := &desk{newRates(n.c.Limits.Upload, time.Now), newAnswers(n.c.Limits.answerMemory(), n.mostAnswers())}
	for id, r := range n.protocols {
		l.host.SetStreamHandler(protocol.ID(id), func(s network.Stream) {
			from := s.Conn().RemotePeer()
			if s.Conn().Stat().Limited { // nothing of ours runs over a relay
				_ = s.ResetWithError(network.StreamRateLimited)
				return
			}
			if !busy.enter(from) {
				_ = s.ResetWithError(network.StreamRateLimited)
				return
			}
			defer busy.leave(from)
			err := n.answer(l, r, s, desk)
			switch {
			case errors.Is(err, errTooFast):
				_ = s.ResetWithError(network.StreamRateLimited)
			case err != nil:
				_ = s.Reset()
				n.report(err)
				n.c.Log.Debug("question not answered", "protocol", r.id, "peer", from, "err", err)
			}
		})
	}
}

// desk is what questions share: how fast each peer may ask, and the memory of
// the answers.
type desk struct {
	*rates
	*answers
}

// mostAnswers is what the answers to one peer may take: two of the largest.
func (n *Net) mostAnswers() int64 {
	largest := 0
	for _, r := range n.protocols {
		largest = max(largest, r.maxReply)
	}
	return 2 * int64(largest)
}

// answer serves one stream. A panic in a codec or handler is our fault; it ends
// this stream and no more.
func (n *Net) answer(l *live, r *rawProtocol, s network.Stream, d *desk) (err error) {
	defer func() {
		if e := recover(); e != nil {
			n.c.Log.Error("panic while answering", "protocol", r.id, "panic", e, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", e)
		}
	}()
	ctx, cancel := context.WithTimeout(l.ctx, r.timeout)
	defer cancel()
	from := s.Conn().RemotePeer()
	if err := s.SetDeadline(time.Now().Add(r.timeout)); err != nil {
		return fmt.Errorf("deadline: %w", err)
	}
	defer context.AfterFunc(l.ctx, func() { _ = s.Reset() })()
	if !r.handshake {
		if err := n.members.await(ctx, from); err != nil {
			return err
		}
	}
	if err := d.await(ctx, from, r); err != nil {
		return err
	}
	if err := s.SetReadDeadline(time.Now().Add(min(questionTime, r.timeout))); err != nil {
		return fmt.Errorf("deadline: %w", err)
	}
	raw, err := readFrame(bufio.NewReader(s), r.maxRequest)
	if err != nil {
		return n.blame(from, err)
	}
	var f *flight
	defer func() {
		if f != nil {
			d.end(f)
		}
	}()
	reply, err := r.answer(ctx, from, raw, func(size int) (err error) {
		f, err = d.begin(ctx, from, int64(size), func() { _ = s.Reset() })
		return err
	})
	d.charge(from, r, len(raw)+len(reply))
	if err != nil {
		return err
	}
	if len(reply) > r.maxReply {
		return fmt.Errorf("answer of %d bytes, at most %d: %w", len(reply), r.maxReply, ErrTooLarge)
	}
	d.shrink(f, int64(len(reply)))
	if err := d.write(ctx, f, s, reply); err != nil {
		return err
	}
	return s.Close()
}

// blame makes a Fault of an error that only p can have caused.
func (n *Net) blame(p Peer, err error) error {
	var bad *errFrame
	if errors.As(err, &bad) {
		return &Fault{Peer: p, Points: pointsGarbage, Err: err}
	}
	return err
}

// Call asks one peer, to whom there must be a connection. It ends with ctx or
// the protocol's timeout, whichever is first. A reply that is too large or does
// not decode is a *Fault (already reported); that the peer goes, resets or says
// nothing is an error that blames nobody.
func Call[Q, A any](ctx context.Context, n *Net, p Protocol[Q, A], to Peer, q Q) (A, error) {
	var none A
	raw := p.EncodeQ(q)
	if len(raw) > p.MaxRequest {
		return none, fmt.Errorf("%s: question of %d bytes, at most %d: %w", p.ID, len(raw), p.MaxRequest, ErrTooLarge)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	reply, err := n.call(ctx, n.prefixed(p.ID), to, raw, p.MaxReply)
	if err == nil {
		var a A
		if a, err = p.DecodeA(reply); err == nil {
			return a, nil
		}
		err = &Fault{Peer: to, Points: pointsGarbage, Err: fmt.Errorf("answer: %w", err)}
	}
	err = fmt.Errorf("%s: asking %s: %w", p.ID, to, err)
	n.reportOnce(err)
	return none, err
}

// call carries bytes there and back.
func (n *Net) call(ctx context.Context, id string, to Peer, raw []byte, maxReply int) ([]byte, error) {
	l := n.live.Load()
	if l == nil {
		return nil, ErrNotRunning
	}
	s, err := l.host.NewStream(network.WithNoDial(ctx, "questions go to peers that are connected"), to, protocol.ID(id))
	if err != nil {
		return nil, timely(ctx, err)
	}
	defer s.Reset() // a no-op on a stream that ended well
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	if deadline, ok := ctx.Deadline(); ok {
		if err := s.SetDeadline(deadline); err != nil {
			return nil, fmt.Errorf("deadline: %w", err)
		}
	}
	if err := writeFrame(s, raw); err != nil {
		return nil, timely(ctx, err)
	}
	if err := s.CloseWrite(); err != nil {
		return nil, timely(ctx, err)
	}
	reply, err := readFrame(bufio.NewReader(s), maxReply)
	if err != nil {
		return nil, timely(ctx, n.blame(to, err))
	}
	return reply, nil
}

// timely makes err say that time was up, or the call cancelled, where that is
// the reason: the stream's deadline may fire a moment before the context's.
func timely(ctx context.Context, err error) error {
	var late net.Error
	if ctx.Err() == nil && errors.As(err, &late) && late.Timeout() {
		return errors.Join(err, context.DeadlineExceeded)
	}
	return errors.Join(err, ctx.Err())
}

package minerpc

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

// How long a caller that polls waits for new transactions: a minute at first,
// then ten seconds at a time (Core's).
const (
	firstPoll = time.Minute
	nextPoll  = 10 * time.Second
)

// poll waits until the tip is no longer the one of the id, or after a while
// the mempool has changed (BIP22), and the next template is there: however many poll, they
// keep no others waiting for it.
func (n *node) poll(ctx context.Context, raw json.RawMessage) (err error) {
	tip, seq := n.Chain.Tip().ID, n.Pool.Stats().Sequence
	var id string
	if json.Unmarshal(raw, &id) == nil {
		if tip, err = table.ParseHash(id[:min(len(id), 64)], "longpollid"); err != nil {
			return err
		}
		seq = leadingNumber(id[64:])
	}
	table.Idle(ctx, func() {
		if err = n.await(ctx, tip, seq); err == nil {
			_, _ = n.Templates.Latest(ctx) // whoever asks for it then is told what is wrong
		}
	})
	return err
}

// leadingNumber reads as Core does: what is no number is 0.
func leadingNumber(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// await ends when the tip is another, when the pool is, or with an error when ctx ends.
func (n *node) await(ctx context.Context, tip wire.Hash, seq uint64) error {
	wait := time.NewTimer(firstPoll)
	defer wait.Stop()
	for {
		changed := n.Chain.Changed()
		if n.Chain.Tip().ID != tip {
			return nil
		}
		select {
		case <-changed:
		case <-wait.C:
			if n.Pool.Stats().Sequence != seq {
				return nil
			}
			wait.Reset(nextPoll)
		case <-ctx.Done():
			return table.Errorf(table.CodeNotConnected, "Shutting down")
		}
	}
}

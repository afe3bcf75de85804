package alarm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// countAtOnce is how many transactions are held while they are looked for in
// the new branch, which is read once for each so many: memory is bounded
// whatever the depth.
const countAtOnce = 250_000

// count fills in what r undid. Blocks are read one at a time.
func (w *Watch) count(ctx context.Context, r *Reorg) error {
	old, err := w.undone(r)
	if err != nil {
		return err
	}
	if err := w.Pool.Sync(ctx); err != nil {
		return fmt.Errorf("mempool: %w", err)
	}
	for len(old) > 0 {
		part, missing, err := w.gather(ctx, &old, r)
		if err != nil {
			return err
		}
		if err := w.strike(ctx, r, missing); err != nil {
			return err
		}
		if err := w.judge(ctx, part, missing, r); err != nil {
			return err
		}
	}
	return nil
}

// undone lists the blocks that r undid, the oldest first.
func (w *Watch) undone(r *Reorg) ([]wire.Hash, error) {
	list := make([]wire.Hash, 0, r.Depth())
	for id := r.From.ID; len(list) < int(r.Depth()); {
		h, ok := w.Chain.Header(id)
		if !ok {
			return nil, fmt.Errorf("header %v is lost", id)
		}
		list = append(list, id)
		id = h.Parent
	}
	slices.Reverse(list)
	return list, nil
}

// gather takes the ids of the transactions of the first blocks of old, which it
// takes off, and sums the rewards up.
func (w *Watch) gather(ctx context.Context, old *[]wire.Hash, r *Reorg) (part []wire.Hash, ids map[wire.Hash]struct{}, err error) {
	ids = make(map[wire.Hash]struct{})
	for n, id := range *old {
		if len(ids) >= countAtOnce {
			*old = (*old)[n:]
			return part, ids, nil
		}
		b, err := w.block(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		part = append(part, id)
		for i, t := range b.Txs {
			if i == 0 {
				r.Rewards += valueOf(t)
				continue
			}
			ids[t.ID()] = struct{}{}
		}
	}
	*old = nil
	return part, ids, nil
}

// strike takes out of ids what is confirmed in the new branch.
func (w *Watch) strike(ctx context.Context, r *Reorg, ids map[wire.Hash]struct{}) error {
	for height := r.Fork + 1; ; height++ {
		h, ok := w.Chain.ActiveAt(height)
		if !ok {
			return nil
		}
		b, err := w.block(ctx, h.ID)
		if err != nil {
			return err
		}
		for _, t := range b.Txs {
			delete(ids, t.ID())
		}
	}
}

// judge sums up the transactions of part that are among ids, the unconfirmed
// ones.
func (w *Watch) judge(ctx context.Context, part []wire.Hash, ids map[wire.Hash]struct{}, r *Reorg) error {
	for _, id := range part {
		b, err := w.block(ctx, id)
		if err != nil {
			return err
		}
		for _, t := range b.Txs[1:] {
			if _, ok := ids[t.ID()]; !ok {
				continue
			}
			r.Txs++
			r.Value += valueOf(t)
			if _, waits := w.Pool.Get(t.ID()); waits {
				r.Waiting++
				continue
			}
			spent, err := w.spentOtherwise(t, ids)
			if err != nil {
				return err
			}
			if spent {
				r.Spent++
				r.SpentVal += valueOf(t)
			}
		}
	}
	return nil
}

// spentOtherwise says whether t spends what is neither a coin nor an output of
// another unconfirmed transaction.
func (w *Watch) spentOtherwise(t *wire.Tx, ids map[wire.Hash]struct{}) (bool, error) {
	ops := make([]wire.Outpoint, len(t.Ins))
	for i := range t.Ins {
		ops[i] = t.Ins[i].Prev
	}
	_, found, err := w.Chain.Coins(ops)
	if err != nil {
		return false, err
	}
	for i := range ops {
		_, unconfirmed := ids[ops[i].TxID]
		_, waits := w.Pool.Get(ops[i].TxID)
		if found[i].Missing && !unconfirmed && !waits {
			return true, nil
		}
	}
	return false, nil
}

// block reads one block. One that is lost counts for nothing.
func (w *Watch) block(ctx context.Context, id wire.Hash) (*wire.Block, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := w.Chain.Block(id)
	if errors.Is(err, chain.ErrNoBlock) {
		w.Log.Error("a block is lost: what it held is not counted", "block", id)
		return &wire.Block{Txs: []*wire.Tx{{}}}, nil
	}
	return b, err
}

func valueOf(t *wire.Tx) (sum int64) {
	for i := range t.Outs {
		sum += t.Outs[i].Value
	}
	return sum
}

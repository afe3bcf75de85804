package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

// keeping is what a node keeps of the chain besides what the rules need.
type keeping int

const (
	usual   keeping = iota
	indexed         // all indexes
	pruned          // the newest blocks alone, and the indexes that do with that
)

func (k keeping) String() string {
	return [...]string{"", "with indexes", "pruned, with indexes"}[k]
}

func (k keeping) args() []string {
	both := []string{"--index.filters", "--index.coinstats"}
	switch k {
	case indexed:
		return append(both, "--index.tx", "--index.spenders")
	case pruned:
		return append(both, "--datastore.prune", "1MiB")
	}
	return nil
}

// less says that an error is the lack of a block that was pruned.
func (k keeping) less(err error) bool {
	var answer *table.Error
	return k == pruned && errors.As(err, &answer) && answer.Message == "Block not available (pruned data)"
}

// keepOther makes the node of a seed one that keeps more, or less. Where it prunes, a
// reindex would fetch all blocks anew, which nobody has here.
func (t *trial) keepOther() {
	t.keeps = indexed
	if t.seed%2 == 1 {
		t.keeps = pruned
		for i := range t.plan {
			t.plan[i].reindex = false
		}
	}
}

// indexed compares what the indexes say of each block of the branch with the history,
// and filters with those before them.
func (t *trial) indexed(ctx context.Context, n *node, tip uint32) error {
	if t.keeps == usual {
		return nil
	}
	if err := t.built(ctx, n); err != nil {
		return err
	}
	for height := range tip + 1 {
		var id string
		if err := n.call(ctx, "getblockhash", &id, height); err != nil {
			return err
		}
		var s coinsInfo
		if err := n.call(ctx, "gettxoutsetinfo", &s, "muhash", height); err != nil {
			return fmt.Errorf("coins at height %d by the index: %w", height, err)
		}
		if a := t.trace.After[s.Best]; a.Height != height || a.Coins != s.Outs || a.MuHash != s.MuHash {
			return fmt.Errorf("the index has %d coins with MuHash %v at height %d, want %d with %v", s.Outs, s.MuHash, height, a.Coins, a.MuHash)
		}
		if err := n.call(ctx, "getblockfilter", nil, id); err != nil {
			return fmt.Errorf("the filter at height %d: %w", height, err)
		}
	}
	if t.keeps == indexed {
		return t.found(ctx, n)
	}
	return t.isPruned(ctx, n)
}

// built waits until all indexes are at the tip.
func (t *trial) built(ctx context.Context, n *node) error {
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		var all map[string]struct {
			Synced bool   `json:"synced"`
			Height uint32 `json:"best_block_height"`
		}
		if err := n.call(ctx, "getindexinfo", &all); err != nil {
			return err
		}
		ready := 0
		for _, i := range all {
			if i.Synced && i.Height == t.trace.After[t.trace.Tip].Height {
				ready++
			}
		}
		switch {
		case ready == len(all) && ready >= 2:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("the indexes stay at %+v", all)
		}
	}
}

// found asks for transactions of the branch, and for what spends their inputs.
func (t *trial) found(ctx context.Context, n *node) error {
	for _, s := range t.trace.Steps {
		var h struct {
			Confirmations int64 `json:"confirmations"`
		}
		if s.Rule != "" {
			continue
		}
		if err := n.call(ctx, "getblockheader", &h, s.Block.ID().String()); err != nil {
			return err
		}
		if h.Confirmations < 1 {
			continue
		}
		for _, tx := range s.Block.Txs[1:] {
			if err := t.foundOne(ctx, n, tx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *trial) foundOne(ctx context.Context, n *node, tx *wire.Tx) error {
	var raw string
	if err := n.call(ctx, "getrawtransaction", &raw, tx.ID().String()); err != nil || raw != fmt.Sprintf("%x", tx.Append(nil)) {
		return fmt.Errorf("the index does not find transaction %v: %w", tx.ID(), err)
	}
	type outpoint struct {
		ID      wire.Hash  `json:"txid"`
		Index   uint32     `json:"vout"`
		Spender *wire.Hash `json:"spendingtxid,omitempty"`
	}
	op := tx.Ins[0].Prev
	var by []outpoint
	if err := n.call(ctx, "gettxspendingprevout", &by, []outpoint{{ID: op.TxID, Index: op.Index}}); err != nil {
		return err
	}
	if len(by) != 1 || by[0].Spender == nil || *by[0].Spender != tx.ID() {
		return fmt.Errorf("the index does not find what spends %v: %+v", op, by)
	}
	return nil
}

// isPruned sees that files have gone: else nothing was tried.
func (t *trial) isPruned(ctx context.Context, n *node) error {
	var info struct {
		Height uint32 `json:"pruneheight"`
	}
	if err := n.call(ctx, "getblockchaininfo", &info); err != nil {
		return err
	}
	if height := t.trace.After[t.trace.Tip].Height; info.Height == 0 && height > 480 {
		return fmt.Errorf("nothing was pruned of %d blocks", height)
	}
	return nil
}

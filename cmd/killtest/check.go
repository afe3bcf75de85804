package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/quernnet/quern/node/rpc/own"
)

// check looks at a process that has just started: its state is one that the
// history has, no older than what was acknowledged and no younger than what
// was given.
func (t *trial) check(ctx context.Context, n *node) error {
	s, err := t.coins(ctx, n, "muhash")
	if err != nil {
		return err
	}
	a := t.trace.After[s.Best]
	var most uint32
	if t.given > 0 {
		most = t.trace.Steps[t.given-1].Best
	}
	switch {
	case a.Given > t.given:
		return fmt.Errorf("the tip %v comes in step %d, %d were given", s.Best, a.Given, t.given)
	case s.Height < t.height || t.acked > 0 && s.Height < t.trace.Steps[t.acked-1].Best:
		return fmt.Errorf("the tip is at height %d; one at %d was acknowledged, with the first %d steps", s.Height, t.height, t.acked)
	case s.Height > most:
		return fmt.Errorf("the tip is at height %d, above all that were given", s.Height)
	}
	t.height = s.Height
	var st own.Status
	if err := n.call(ctx, "quern.status", &st); err != nil {
		return err
	}
	if t.made && !st.Wallet.Exists {
		return fmt.Errorf("the wallet is gone")
	}
	return nil
}

// last is the process that lives: fed to the end, it must be in the state that the
// history ends in.
func (t *trial) last(ctx context.Context, env []string, args ...string) error {
	n, err := t.start(t.dir, env, args...)
	if err != nil {
		return err
	}
	defer n.kill()
	if err := n.ready(ctx); err != nil {
		return err
	}
	if err := t.check(ctx, n); err != nil {
		return err
	}
	if err := t.feed(ctx, n, life{way: atPoint}); err != nil {
		return err
	}
	if err := t.final(ctx, n); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	if err := n.stop(); err != nil {
		return fmt.Errorf("it does not end well: %w", err)
	}
	return nil
}

// final compares the end with the history's.
func (t *trial) final(ctx context.Context, n *node) error {
	s, err := t.coins(ctx, n, "muhash")
	if err != nil {
		return err
	}
	if s.Best != t.trace.Tip {
		return fmt.Errorf("the tip is %v at height %d, want %v", s.Best, s.Height, t.trace.Tip)
	}
	if err := t.bodies(ctx, n); err != nil {
		return err
	}
	if err := t.indexed(ctx, n, s.Height); err != nil {
		return err
	}
	if err := t.backAndForth(ctx, n, s); err != nil {
		return err
	}
	if t.wallet {
		return t.money(ctx, n)
	}
	return nil
}

// bodies reads some blocks of the branch back.
func (t *trial) bodies(ctx context.Context, n *node) error {
	for i := t.rng.IntN(40); i < len(t.trace.Steps); i += 40 {
		b := t.trace.Steps[i].Block
		if _, valid := t.trace.After[b.ID()]; !valid {
			continue
		}
		var raw string
		err := n.call(ctx, "getblock", &raw, b.ID().String(), 0)
		if t.keeps.less(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("block %v of step %d: %w", b.ID(), i, err)
		}
		if raw != hex.EncodeToString(b.Bytes()) {
			return fmt.Errorf("block %v of step %d is another", b.ID(), i)
		}
	}
	return nil
}

// backAndForth takes the chain back by up to 150 blocks and forth again, which
// needs what was kept to undo them.
func (t *trial) backAndForth(ctx context.Context, n *node, tip coinsInfo) error {
	if t.seed%4 != 1 {
		return nil
	}
	var id string
	if err := n.call(ctx, "getblockhash", &id, int(tip.Height)-t.rng.IntN(150)); err != nil {
		return err
	}
	if err := n.call(ctx, "invalidateblock", nil, id); err != nil {
		return fmt.Errorf("back to before %s: %w", id, err)
	}
	if _, err := t.coins(ctx, n, "muhash"); err != nil {
		return fmt.Errorf("back to before %s: %w", id, err)
	}
	if err := n.call(ctx, "reconsiderblock", nil, id); err != nil {
		return fmt.Errorf("forth again: %w", err)
	}
	s, err := t.coins(ctx, n, "muhash")
	if err == nil && s != tip {
		err = fmt.Errorf("the tip is %v, was %v", s.Best, tip.Best)
	}
	if err != nil {
		return fmt.Errorf("back to before %s and forth again: %w", id, err)
	}
	return nil
}

// money asks the wallet for what it was paid, and has it pay, which takes its
// keys out of their encryption.
func (t *trial) money(ctx context.Context, n *node) error {
	if err := t.useWallet(ctx, n); err != nil {
		return err
	}
	for end := time.Now().Add(patience); ; {
		var st own.Status
		if err := n.call(ctx, "quern.status", &st); err != nil {
			return err
		}
		if st.Wallet.Synced {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("the wallet stays at height %d of %d", st.Wallet.Height, st.Height)
		}
		time.Sleep(5 * time.Millisecond)
	}
	var b own.WalletBalance
	if err := n.call(ctx, "quern.wallet.balance", &b); err != nil {
		return err
	}
	if b.Confirmed != t.trace.Paid {
		return fmt.Errorf("the wallet has %d satoshis, was paid %d", b.Confirmed, t.trace.Paid)
	}
	if b.Confirmed < 100_000 {
		return nil // the history pays too little to spend
	}
	var sent own.WalletSent
	err := n.call(ctx, "quern.wallet.send", &sent, t.used[0], 50_000, 1000, false, password)
	if err != nil {
		return fmt.Errorf("the wallet's keys do not pay: %w", err)
	}
	return nil
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// fewChecks are done sooner by the goroutine that asks than by the workers,
// which may be busy with blocks.
const fewChecks = 32

func newBatch(verifier func() script.Verifier) *script.Batch {
	if verifier == nil {
		return script.NewBatch(nil)
	}
	return script.NewBatch(verifier())
}

// distrust stops the chain: whatever its verifier says may be wrong.
func (c *Chain) distrust(err error) {
	_ = c.fail(fmt.Errorf("verify signatures: %w", err))
}

// RunChecks runs checks that hold together or not at all and are of no block, as
// are those of a transaction that waits for one. It returns the first that fails, in their order,
// and why: a *script.Error. Any other error is not about the checks; failed is then -1, as
// it is without an error.
func (c *Chain) RunChecks(ctx context.Context, checks []script.Check) (failed int, err error) {
	if err := c.stopped(); err != nil {
		return -1, err
	}
	if len(checks) > fewChecks {
		return c.shareChecks(ctx, checks)
	}
	b := c.batches.Get().(*script.Batch)
	defer c.batches.Put(b)
	failed, err = b.Run(checks)
	if err != nil && failed < 0 {
		c.distrust(err)
		err = c.stopped()
	}
	return failed, err
}

func (c *Chain) shareChecks(ctx context.Context, checks []script.Check) (failed int, err error) {
	v, err := c.await(ctx, wire.Hash{}, checks)
	if err != nil {
		return -1, err
	}
	f := v.found()
	if f == nil {
		return -1, nil
	}
	for i := range checks {
		if checks[i] == f.Check {
			return i, f.why
		}
	}
	return -1, errors.New("a check failed that nobody asked for")
}

// runChecks runs the checks of a block.
func (c *Chain) runChecks(ctx context.Context, block wire.Hash, checks []script.Check) error {
	v, err := c.await(ctx, block, checks)
	if err != nil {
		return err
	}
	return v.err()
}

// await shares checks between the workers and waits for the verdict.
func (c *Chain) await(ctx context.Context, block wire.Hash, checks []script.Check) (*verdict, error) {
	ready := make(chan struct{})
	v := c.checks.start(block, checks, func() { close(ready) })
	if v == nil {
		return nil, c.stopped()
	}
	select {
	case <-ready:
		return v, nil
	case <-c.failed:
		return nil, c.Err()
	case <-ctx.Done():
		v.drop()
		return nil, ctx.Err()
	}
}

// checkBlock is consensus.CheckBlock.
func (c *Chain) checkBlock(b *wire.Block) error {
	scripts := c.batches.Get().(*script.Batch)
	defer c.batches.Put(scripts)
	err := consensus.CheckBlock(c.params, b, scripts)
	if err != nil && !isRule(err) {
		c.distrust(err)
	}
	return err
}

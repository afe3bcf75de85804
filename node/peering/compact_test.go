package peering

import (
	"fmt"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// crowd makes count transactions, each spending a coinbase of its own.
func (n *node) crowd(first, count uint32) (ts []*wire.Tx) {
	n.t.Helper()
	for h := first; h < first+count; h++ {
		op, value := n.coinbase(h)
		ts = append(ts, spend(op, value-10_000))
	}
	return ts
}

// pair is two nodes that follow each other by relay and take transactions.
func pair(t *testing.T, height int) (a, b *node) {
	t.Helper()
	a, b = start(t, "a", setup{relayed: true}), start(t, "b", setup{relayed: true})
	a.mine(height)
	meet(t, a, b)
	waitTip(t, a, b)
	waitSynced(t, a, b)
	return a, b
}

// awaitCount waits until a count of n's has come to a number.
func awaitCount(t *testing.T, n *node, what string, count func(RelayStats) int64, want int64) {
	t.Helper()
	wait(t, func() error {
		if got := count(n.RelayStats()); got != want {
			return fmt.Errorf("%s: %d %s, want %d", n.name, got, what, want)
		}
		return nil
	})
}

func warm(s RelayStats) int64  { return s.Warm }
func asked(s RelayStats) int64 { return s.Asked }

// A block whose transactions everybody has needs no question; one whose
// transactions nobody has needs one, and no body.
func TestCompactBlocks(t *testing.T) {
	a, b := pair(t, 340)
	gossiping(t, a, b)
	before := b.RelayStats()
	known := a.crowd(1, 20)
	for _, tx := range known {
		a.add(tx)
	}
	waitTx(t, known[19], b)
	for _, tx := range known {
		waitTx(t, tx, b)
	}
	a.mine(1)
	waitTip(t, a, b)
	awaitCount(t, b, "warm", warm, before.Warm+1)

	few := a.crowd(21, 20)
	_, err := a.mill.GenerateBlock(t.Context(), openScript(), few, true)
	fatal(t, err)
	waitTip(t, a, b)
	awaitCount(t, b, "warm", warm, before.Warm+2) // so few travel whole

	_, err = a.mill.GenerateBlock(t.Context(), openScript(), a.crowd(41, 200), true)
	fatal(t, err)
	waitTip(t, a, b)
	awaitCount(t, b, "asked", asked, 1)
	if s := b.RelayStats(); s.Fetched == 0 || s.Fetched >= 200 || s.Whole != 0 {
		t.Errorf("counts: %+v", s)
	}
}

// headerAlone announces a block by its header.
func headerAlone(h wire.Header) announcement { return announcement{h, h.Append(nil)} }

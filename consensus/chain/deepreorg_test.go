package chain_test

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// weighing is a store that gives each body it reads memory of its own, and looks
// now and then how much of that is still held.
type weighing struct {
	*chaintest.Store
	t     *testing.T
	limit int64
	live  atomic.Int64 // bytes of bodies that were read and are reachable
	reads int          // the engine's alone
}

func (s *weighing) Block(id wire.Hash) (*wire.Block, error) {
	b, err := s.Store.Block(id)
	if err != nil {
		return nil, err
	}
	if b, err = wire.DecodeBlock(bytes.Clone(b.Bytes())); err != nil {
		return nil, err
	}
	s.live.Add(int64(b.Memory()))
	runtime.AddCleanup(b, func(n int64) { s.live.Add(-n) }, int64(b.Memory()))
	if s.reads++; s.reads%64 == 0 {
		s.weigh()
	}
	return b, nil
}

// weigh waits until no more than the limit is held. The engine, which is in
// Block meanwhile, takes nothing and lets nothing go.
func (s *weighing) weigh() {
	s.t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Millisecond) {
		runtime.GC()
		live := s.live.Load()
		if live <= s.limit {
			return
		}
		if time.Now().After(end) {
			s.t.Errorf("%d bytes of bodies are held, more than %d", live, s.limit)
			return
		}
	}
}

// A branch of 1,088 blocks is taken back and another applied in memory that
// depends on the bounds alone.
func TestDeepReorgInBoundedMemory(t *testing.T) {
	const (
		depth  = 1088
		memory = 256 << 10
	)
	s := &weighing{
		Store: chaintest.NewStore(chaintest.Params()), t: t,
		limit: memory + memory/4 + 64<<10, // window, updates kept, and the block or two in hand
	}
	c, err := chain.Open(t.Context(), chain.Config{Params: chaintest.Params(), Store: s, Workers: 2, Memory: memory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var last consensus.State
	for branch := range 2 {
		last = c.Tip()
		if branch == 1 {
			last = consensus.GenesisState(chaintest.Params())
		}
		for range depth + branch {
			coinbase := chaintest.Coinbase(last, chaintest.Anyone, 0, uint64(branch))
			coinbase.Outs = append(coinbase.Outs, wire.Out{Script: append([]byte{0x6a}, make([]byte, 8000)...)})
			b := chaintest.Mine(last, coinbase)
			if err := c.AddBlock(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			last = chaintest.Next(last, b)
		}
	}
	if got := c.Tip(); got.ID != last.ID {
		t.Fatalf("tip is %v at height %d, want the other branch's", got.ID, got.Height)
	}
	if s.reads < 2*depth-100 {
		t.Errorf("only %d bodies were read", s.reads)
	}
}

package chain_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// vertex is a block of the naive model's tree.
type vertex struct {
	parent *vertex
	block  *wire.Block
	state  consensus.State
	valid  bool                             // with all before it
	coins  map[wire.Outpoint]consensus.Coin // after it, if valid
}

// model says what the chain should do, without window, undo or marks.
type model struct {
	known    knowledge
	durable  knowledge
	vertices []*vertex
	minted   []wire.Outpoint // spendable at the root
}

// knowledge is what was delivered, in order.
type knowledge struct {
	headers []*vertex // the root included
	bodies  []*vertex
	seq     map[*vertex]int // of those whose branch is complete; the lower wins a tie
	last    int
	tip     *vertex
}

func (k *knowledge) clone() knowledge {
	return knowledge{slices.Clone(k.headers), slices.Clone(k.bodies), maps.Clone(k.seq), k.last, k.tip}
}

// complete gives v, and the bodies that waited for it, their turn.
func (k *knowledge) complete(v *vertex) {
	if _, ok := k.seq[v.parent]; !ok {
		return
	}
	for queue := []*vertex{v}; len(queue) > 0; queue = queue[1:] {
		k.last++
		k.seq[queue[0]] = k.last
		for _, w := range k.bodies {
			if w.parent == queue[0] {
				queue = append(queue, w)
			}
		}
	}
}

// restart breaks ties anew: for the tip's branch, then in the headers' order.
func (k *knowledge) restart() {
	k.seq, k.last = make(map[*vertex]int), len(k.headers)
	slices.SortFunc(k.bodies, func(a, b *vertex) int {
		return slices.Index(k.headers, a) - slices.Index(k.headers, b)
	})
	for v := k.tip; v != nil; v = v.parent {
		k.seq[v] = 0
	}
	for i, v := range k.headers {
		_, after := k.seq[v.parent]
		if _, is := k.seq[v]; !is && after && slices.Contains(k.bodies, v) {
			k.seq[v] = i
		}
	}
	k.choose()
}

func (k *knowledge) choose() {
	for v, seq := range k.seq {
		if !v.valid {
			continue
		}
		c := v.state.Work.Cmp(k.tip.state.Work)
		if c > 0 || c == 0 && seq < k.seq[k.tip] {
			k.tip = v
		}
	}
}

// root is a chain of blocks long enough for the first coinbases to be mature.
var root = func() func(t testing.TB) []*wire.Block {
	var bs []*wire.Block
	return func(t testing.TB) []*wire.Block {
		if bs == nil {
			bs = fresh(t).grow(110)
		}
		return bs
	}
}()

func newModel(blocks []*wire.Block) *model {
	p := chaintest.Params()
	v := &vertex{valid: true, state: consensus.GenesisState(p), coins: make(map[wire.Outpoint]consensus.Coin)}
	m := new(model)
	for _, b := range blocks {
		v = &vertex{valid: true, block: b, state: chaintest.Next(v.state, b), coins: v.coins}
		chaintest.ApplyCoins(v.coins, consensus.Update{Block: b, Next: v.state})
		if len(m.minted) < 8 {
			m.minted = append(m.minted, b.Txs[0].Outpoint(0))
		}
	}
	m.vertices = []*vertex{v}
	m.known = knowledge{headers: m.vertices[:1:1], bodies: m.vertices[:1:1], seq: map[*vertex]int{v: 0}, tip: v}
	m.durable = m.known.clone()
	return m
}

// sprout adds a block to the tree: some pay too much, some spend what is spent.
func (m *model) sprout(t *rapid.T) {
	from := len(m.vertices) - 1 - min(len(m.vertices)-1, rapid.IntRange(0, 12).Draw(t, "back"))
	p := m.vertices[from]
	fees := int64(0)
	if rapid.IntRange(0, 7).Draw(t, "greedy") == 0 {
		fees = 1
	}
	var txs []*wire.Tx
	valid := p.valid && fees == 0
	if rapid.Bool().Draw(t, "spends") {
		op := m.minted[rapid.IntRange(0, len(m.minted)-1).Draw(t, "coin")]
		txs = append(txs, chaintest.Spend(chaintest.Anyone, 5_000, op))
		if c, ok := p.coins[op]; p.valid && ok {
			txs[0].Outs[0].Value = c.Value
		} else {
			valid = false
		}
	}
	v := &vertex{parent: p, valid: valid, block: chaintest.Block(p.state, uint64(len(m.vertices)), fees, txs...)}
	v.state = chaintest.Next(p.state, v.block)
	if valid {
		v.coins = maps.Clone(p.coins)
		chaintest.ApplyCoins(v.coins, consensus.Update{Block: v.block, Next: v.state})
	}
	m.vertices = append(m.vertices, v)
}

func (m *model) learn(v *vertex) {
	if !slices.Contains(m.known.headers, v) {
		m.known.headers = append(m.known.headers, v)
	}
}

// run is a chain beside its model, and one that follows it.
type run struct {
	*model
	*rapid.T
	c     *chain.Chain
	store *chaintest.Store
	at    wire.Hash // where the follower is
	coins map[wire.Outpoint]consensus.Coin
}

func (r *run) open(s *chaintest.Store) {
	c, err := chain.Open(context.Background(), chain.Config{Params: chaintest.Params(), Store: s, Workers: 2})
	if err != nil {
		r.Fatal(err)
	}
	r.c, r.store = c, s
}

// bring delivers a block's body, or only the headers up to it.
func (r *run) bring(v *vertex, body bool) {
	var path []*vertex
	for w := v; !slices.Contains(r.known.headers, w); w = w.parent {
		path = append(path, w)
	}
	slices.Reverse(path)
	ctx := context.Background()
	if !body {
		var hs []wire.Header
		for _, w := range path {
			hs = append(hs, w.block.Header)
		}
		_, err := r.c.AddHeaders(ctx, hs)
		if err != nil && v.valid {
			r.Fatalf("valid headers: %v", err)
		}
		for _, w := range path {
			if _, ok := r.c.Header(w.block.ID()); ok {
				r.learn(w)
			}
		}
		return
	}
	err := r.c.AddBlock(ctx, v.block)
	known := slices.Contains(r.known.bodies, v)
	switch {
	case len(path) > 1:
		if !errors.Is(err, chain.ErrNoParent) {
			r.Fatalf("a block without a parent gives %v", err)
		}
		return
	case v.valid && !known && err != nil, v.valid && known && !errors.Is(err, chain.ErrDuplicate):
		r.Fatalf("a valid block (stored: %v) gives %v", known, err)
	}
	if i, ok := r.c.Header(v.block.ID()); ok {
		r.learn(v)
		if i.HasBody && !known {
			r.known.bodies = append(r.known.bodies, v)
			r.known.complete(v)
			r.known.choose()
		}
	}
}

// check waits for the tip that the model expects and compares the coins, the
// store's and the follower's.
func (r *run) check() {
	want := r.known.tip
	limit := time.After(2 * time.Minute)
	for {
		changed := r.c.Changed()
		if r.c.Tip() == want.state {
			break
		}
		select {
		case <-changed:
		case <-limit:
			r.Fatalf("tip is %v at %d, want %v at %d", r.c.Tip().ID, r.c.Tip().Height, want.state.ID, want.state.Height)
		}
	}
	got := make(map[wire.Outpoint]consensus.Coin)
	s, err := r.c.EachCoin(context.Background(), func(op wire.Outpoint, c consensus.Coin) error {
		got[op] = c
		return nil
	})
	r.durable = r.known.clone()
	if err != nil || s != want.state {
		r.Fatalf("coins are after %v, %v", s.ID, err)
	}
	if err := sameCoins(got, want.coins); err != nil {
		r.Fatal(err)
	}
	r.follow()
	if err := sameCoins(r.coins, want.coins); err != nil {
		r.Fatalf("follower: %v", err)
	}
}

func (r *run) follow() {
	for r.at != r.c.Tip().ID {
		back, forth, err := r.c.UpdatesSince(r.at, 3)
		if err != nil || len(back)+len(forth) == 0 {
			r.Fatalf("updates since %v: %v", r.at, err)
		}
		r.at = followCoins(r.T, r.coins, r.at, back, forth)
	}
}

func followCoins(t interface{ Fatalf(string, ...any) }, coins map[wire.Outpoint]consensus.Coin, at wire.Hash, back, forth []consensus.Update) wire.Hash {
	for _, u := range back {
		if u.Next.ID != at {
			t.Fatalf("update to revert is of %v, not %v", u.Next.ID, at)
		}
		chaintest.RevertCoins(coins, u)
		at = u.Prev.ID
	}
	for _, u := range forth {
		if u.Prev.ID != at {
			t.Fatalf("update to apply is after %v, not %v", u.Prev.ID, at)
		}
		chaintest.ApplyCoins(coins, u)
		at = u.Next.ID
	}
	return at
}

func TestAgainstModel(t *testing.T) {
	blocks := root(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := &run{model: newModel(blocks), T: rt, coins: make(map[wire.Outpoint]consensus.Coin)}
		r.open(chaintest.NewStore(chaintest.Params()))
		defer func() { r.c.Close() }()
		for _, b := range blocks {
			if err := r.c.AddBlock(context.Background(), b); err != nil {
				r.Fatal(err)
			}
		}
		r.at = chaintest.Params().Genesis.ID()
		r.check()
		pick := func() *vertex { return r.vertices[rapid.IntRange(0, len(r.vertices)-1).Draw(rt, "block")] }
		rt.Repeat(map[string]func(*rapid.T){
			"sprout":  r.sprout,
			"sprout2": r.sprout,
			"body":    func(*rapid.T) { r.bring(pick(), true) },
			"body2":   func(*rapid.T) { r.bring(pick(), true) },
			"headers": func(*rapid.T) { r.bring(pick(), false) },
			"check":   func(*rapid.T) { r.check() },
			"reopen": func(*rapid.T) {
				r.check()
				if err := r.c.Close(); err != nil {
					r.Fatal(err)
				}
				r.open(r.store.Crash())
				r.known.restart()
			},
			"crash": func(*rapid.T) {
				old := r.c
				r.open(r.store.Crash())
				old.Close()
				r.known = r.durable.clone()
				r.known.restart()
				// The follower may have seen what is gone.
				if _, _, err := r.c.UpdatesSince(r.at, 1); errors.Is(err, chain.ErrUnknown) {
					r.at, r.coins = chaintest.Params().Genesis.ID(), make(map[wire.Outpoint]consensus.Coin)
				}
			},
		})
		r.check()
	})
}

package chaintest

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Trace is a history as a node may see it: blocks in the order in which they
// come, with forks, reorganisations and blocks that break rules. What the coins
// must be after each valid one is known from a map that knows no disk, so that it
// can be held against a node that was killed on the way.
//
// It is a function of its configuration: the same one gives the same blocks.
type Trace struct {
	Steps []Step
	After map[wire.Hash]After // by valid block, genesis included
	Tip   wire.Hash           // after all steps
	Paid  int64               // satoshis of the coins at Tip that pay to TraceConfig.Pay
}

// Step is one thing that a node is given.
type Step struct {
	Block *wire.Block
	// Header says that only the header is given; its block comes later, after
	// those that follow it.
	Header bool
	// Rule is what the block breaks, "" when it is valid. A block after one that is
	// invalid breaks bad-prevblk.
	Rule consensus.Rule
	// Best is the height of the best valid branch whose bodies are given, after
	// this step. All blocks have the same work.
	Best uint32
}

// After is the state after a block.
type After struct {
	Height uint32
	Coins  uint64
	MuHash wire.Hash // of the coin set, see package coinset
	Given  int       // number of the step from which on it can be the tip
}

// TraceConfig says what a trace is to be.
type TraceConfig struct {
	Seed uint64
	Deep int      // depth of the deepest reorganisation, blocks; 0: one of 65 to 150 by the seed
	Grow int      // blocks of the first branch before it; 0: 120 and Deep
	Rest int      // blocks after it, about; 0: 120
	Pads int      // most outputs of about 9 kB in a block, which fill caches
	Pay  [][]byte // scripts that are paid now and then
}

// NewTrace makes a trace.
func NewTrace(c TraceConfig) *Trace {
	r := rand.New(rand.NewPCG(c.Seed, 0x7472616365))
	c.Deep = cmp.Or(c.Deep, 65+r.IntN(86))
	c.Grow = cmp.Or(c.Grow, 120+c.Deep)
	c.Rest = cmp.Or(c.Rest, 120)
	g := consensus.GenesisState(Params())
	w := &writer{c: c, rng: r, at: &point{state: g}, coins: make(map[wire.Outpoint]consensus.Coin)}
	w.t.After = map[wire.Hash]After{g.ID: {MuHash: new(coinset.MuHash).Sum()}}
	w.best = w.at
	for i := range w.scripts {
		w.scripts[i] = NewKey(uint64(i)).Script()
	}
	for w.best.state.Height < 110 {
		w.grow(w.best)
	}
	for int(w.best.state.Height) < c.Grow {
		w.event(6)
	}
	w.fork(c.Deep, 1)
	for end := w.best.state.Height + uint32(c.Rest); w.best.state.Height < end; {
		w.event(40)
	}
	w.t.Tip = w.best.state.ID
	w.move(w.best)
	for _, coin := range w.coins {
		if slices.ContainsFunc(c.Pay, func(s []byte) bool { return string(s) == string(coin.Script) }) {
			w.t.Paid += coin.Value
		}
	}
	return &w.t
}

// point is a valid block of the trace.
type point struct {
	parent *point
	state  consensus.State
	block  *wire.Block
	spent  []consensus.Coin
	mu     coinset.MuHash
	count  uint64
}

// writer makes a trace up. coins are those after at.
type writer struct {
	c     TraceConfig
	t     Trace
	rng   *rand.Rand
	tag   uint64
	best  *point // that a node follows after the steps so far
	at    *point
	coins map[wire.Outpoint]consensus.Coin
	ops   []wire.Outpoint // of coins, and of some that are gone

	scripts [4][]byte // of the keys that the trace has
}

// event is the next thing that happens; depth is how deep a reorganisation may be.
func (w *writer) event(depth int) {
	switch n := w.rng.IntN(40); {
	case n < 4:
		w.fork(1+w.rng.IntN(depth), 1+w.rng.IntN(2))
	case n < 5:
		w.fork(1+w.rng.IntN(depth), 0) // a tie: the first stays
	case n < 6:
		w.backward(1 + w.rng.IntN(min(depth, 12)))
	case n < 8:
		w.refused(w.best)
	case n < 9:
		w.trap(1+w.rng.IntN(depth), 2)
	default:
		w.grow(w.best)
	}
}

// give hands a block over.
func (w *writer) give(b *wire.Block, rule consensus.Rule) {
	w.t.Steps = append(w.t.Steps, Step{Block: b, Rule: rule, Best: w.best.state.Height})
}

// grow gives a valid block after p.
func (w *writer) grow(p *point) *point {
	n := w.make(p)
	w.show(n)
	return n
}

// show gives a valid block whose ancestors are given.
func (w *writer) show(n *point) {
	if n.state.Height > w.best.state.Height {
		w.best = n
	}
	w.give(n.block, "")
	a := w.t.After[n.state.ID]
	a.Given = len(w.t.Steps)
	w.t.After[n.state.ID] = a
}

// back is the point some blocks before best.
func (w *writer) back(depth int) *point {
	p := w.best
	for range min(depth, int(p.state.Height)-1) {
		p = p.parent
	}
	return p
}

// fork gives a branch that leaves the best one depth blocks back and comes to
// be longer by some blocks.
func (w *writer) fork(depth, longer int) {
	p := w.back(depth)
	for end := w.best.state.Height + uint32(longer); p.state.Height < end; {
		p = w.grow(p)
	}
}

// backward gives such a branch headers first and then its blocks, the last
// first.
func (w *writer) backward(depth int) {
	var branch []*point
	for p := w.back(depth); p.state.Height <= w.best.state.Height; {
		p = w.make(p)
		branch = append(branch, p)
	}
	for _, p := range branch {
		w.t.Steps = append(w.t.Steps, Step{Block: p.block, Header: true, Best: w.best.state.Height})
	}
	for _, p := range slices.Backward(branch[1:]) {
		w.give(p.block, "")
	}
	// All of it can be the tip now.
	for _, p := range branch[1:] {
		a := w.t.After[p.state.ID]
		a.Given = len(w.t.Steps) + 1
		w.t.After[p.state.ID] = a
	}
	w.best = branch[len(branch)-1]
	w.show(branch[0])
}

// trap gives a branch with more work in the midst of which a rule is broken: the
// node goes there and comes back.
func (w *writer) trap(depth, longer int) {
	p, height := w.back(depth), w.best.state.Height+uint32(longer)
	for range w.rng.IntN(depth) {
		p = w.grow(p)
	}
	bad, rule := w.broken(p)
	last := len(w.t.Steps)
	w.give(bad, rule)
	prev := Next(p.state, bad)
	for prev.Height < height {
		w.tag++
		b := Block(prev, w.tag, 0)
		w.give(b, "bad-prevblk")
		prev = Next(prev, b)
	}
	// A block is judged by its coins only when its branch has the most work.
	for i := last; i < len(w.t.Steps); i++ {
		w.t.Steps[i].Best = w.best.state.Height
	}
}

// refused gives a block after p that breaks a rule.
func (w *writer) refused(p *point) {
	b, rule := w.broken(p)
	w.give(b, rule)
}

// broken is a block after p that breaks a rule.
func (w *writer) broken(p *point) (*wire.Block, consensus.Rule) {
	w.move(p)
	w.tag++
	switch w.rng.IntN(3) {
	case 0:
		return Block(p.state, w.tag, 1), "bad-cb-amount"
	case 1:
		t := Spend(Anyone, 1, wire.Outpoint{TxID: p.state.ID})
		return Block(p.state, w.tag, 0, t), "bad-txns-inputs-missingorspent"
	default:
		key := NewKey(7)
		fund := w.payment(p)
		if fund == nil {
			return Block(p.state, w.tag, 1), "bad-cb-amount"
		}
		fund.Outs[0].Script = key.Script()
		w.sign(fund)
		steal := Spend(Anyone, fund.Outs[0].Value, wire.Outpoint{TxID: fund.Seal().ID()})
		NewKey(8).Sign(steal, 0, fund.Outs[0].Value)
		return Block(p.state, w.tag, 0, fund, steal), "block-script-verify-flag-failed"
	}
}

// make makes a valid block after p, with payments.
func (w *writer) make(p *point) *point {
	w.move(p)
	w.tag++
	n := &point{parent: p, mu: p.mu, count: p.count}
	var txs []*wire.Tx
	for range w.rng.IntN(4) {
		if t := w.payment(p); t != nil {
			w.sign(t)
			txs = append(txs, t.Seal())
			n.spent = append(n.spent, w.spend(t)...)
			w.create(t, p.state.Height+1, false)
		}
	}
	// Taken back, to be applied as a whole like any other.
	left := len(n.spent)
	for _, t := range slices.Backward(txs) {
		left -= len(t.Ins)
		w.unspend(t, n.spent[left:left+len(t.Ins)])
	}
	n.block = Block(p.state, w.tag, 0, txs...)
	n.state = Next(p.state, n.block)
	w.apply(n)
	w.sum(n)
	w.t.After[n.state.ID] = After{Height: n.state.Height, Coins: n.count, MuHash: n.mu.Sum()}
	return n
}

// sum brings a new point's hash and count from its parent's to its own.
func (w *writer) sum(n *point) {
	spent := n.spent
	var buf []byte
	for i, t := range n.block.Txs {
		for k := range t.Ins {
			if i > 0 {
				buf = coinset.Append(buf[:0], t.Ins[k].Prev, &spent[0])
				n.mu.Remove(buf)
				n.count--
				spent = spent[1:]
			}
		}
		for k := range t.Outs {
			if !script.IsUnspendable(t.Outs[k].Script) {
				c := consensus.Coin{Out: t.Outs[k], Height: n.state.Height, Coinbase: i == 0}
				buf = coinset.Append(buf[:0], t.Outpoint(k), &c)
				n.mu.Add(buf)
				n.count++
			}
		}
	}
}

// payment spends one to three coins that may be spent after p. It is not signed.
func (w *writer) payment(p *point) *wire.Tx {
	var from []wire.Outpoint
	var value int64
	for range 1 + w.rng.IntN(3) {
		op, ok := w.pick(p, from)
		if ok {
			from = append(from, op)
			value += w.coins[op].Value
		}
	}
	if len(from) == 0 || value < 1000 {
		return nil
	}
	t := Spend(Anyone, value, from...)
	pay := func(script []byte) {
		share := t.Outs[0].Value / 4
		t.Outs[0].Value -= share
		t.Outs = append(t.Outs, wire.Out{Value: share, Script: script})
	}
	for range w.rng.IntN(3) {
		pay(w.scripts[w.rng.IntN(len(w.scripts))])
	}
	for range w.rng.IntN(w.c.Pads + 1) {
		pay(pad(w.rng))
	}
	if len(w.c.Pay) > 0 && w.rng.IntN(8) == 0 {
		pay(w.c.Pay[w.rng.IntN(len(w.c.Pay))])
	}
	if w.rng.IntN(5) == 0 {
		t.Outs = append(t.Outs, wire.Out{Script: []byte{0x6a, 1, byte(w.tag)}})
	}
	return t
}

// pad is a long script that anyone may spend: pushes that are dropped.
func pad(rng *rand.Rand) []byte {
	var s []byte
	for range 17 {
		s = append(s, 0x4d, 0, 2) // OP_PUSHDATA2, 512 bytes
		b := make([]byte, 512)
		b[0], b[1] = byte(rng.Uint32()), byte(rng.Uint32())
		s = append(append(s, b...), 0x75) // OP_DROP
	}
	return append(s, 0x51)
}

// pick chooses a coin that may be spent after p, the newer the likelier.
func (w *writer) pick(p *point, taken []wire.Outpoint) (wire.Outpoint, bool) {
	for range 20 {
		if len(w.ops) == 0 {
			break
		}
		i := len(w.ops) - 1 - int(w.rng.ExpFloat64()*60)%len(w.ops)
		op := w.ops[i]
		c, ok := w.coins[op]
		if !ok {
			w.ops = slices.Delete(w.ops, i, i+1)
			continue
		}
		young := c.Coinbase && p.state.Height+1 < c.Height+100
		if !young && !slices.Contains(taken, op) && (w.keyOf(c.Script) >= 0 || w.free(c.Script)) {
			return op, true
		}
	}
	return wire.Outpoint{}, false
}

// free says whether a coin may be spent with nothing.
func (w *writer) free(s []byte) bool {
	return len(s) > 0 && s[len(s)-1] == 0x51 && s[0] != 0x51 || string(s) == string(Anyone)
}

// keyOf says which of the trace's keys a script pays to, -1 for none.
func (w *writer) keyOf(s []byte) int {
	for i := range w.scripts {
		if string(w.scripts[i]) == string(s) {
			return i
		}
	}
	return -1
}

func (w *writer) sign(t *wire.Tx) {
	for i := range t.Ins {
		c := w.coins[t.Ins[i].Prev]
		if k := w.keyOf(c.Script); k >= 0 {
			NewKey(uint64(k)).Sign(t, i, c.Value)
		}
	}
}

func (w *writer) spend(t *wire.Tx) (spent []consensus.Coin) {
	for i := range t.Ins {
		spent = append(spent, w.coins[t.Ins[i].Prev])
		delete(w.coins, t.Ins[i].Prev)
	}
	return spent
}

func (w *writer) create(t *wire.Tx, height uint32, coinbase bool) {
	for i := range t.Outs {
		if !script.IsUnspendable(t.Outs[i].Script) {
			w.coins[t.Outpoint(i)] = consensus.Coin{Out: t.Outs[i], Height: height, Coinbase: coinbase}
			w.ops = append(w.ops, t.Outpoint(i))
		}
	}
}

func (w *writer) unspend(t *wire.Tx, spent []consensus.Coin) {
	for i := range t.Outs {
		delete(w.coins, t.Outpoint(i))
	}
	for i := range spent {
		w.coins[t.Ins[i].Prev] = spent[i]
		w.ops = append(w.ops, t.Ins[i].Prev)
	}
}

// apply brings the coins one block on, to n, whose parent they are after.
func (w *writer) apply(n *point) {
	for i, t := range n.block.Txs {
		if i > 0 {
			w.spend(t)
		}
		w.create(t, n.state.Height, i == 0)
	}
	w.at = n
}

// revert brings them one block back.
func (w *writer) revert() {
	left := len(w.at.spent)
	for i, t := range slices.Backward(w.at.block.Txs) {
		if i == 0 {
			w.unspend(t, nil)
			break
		}
		left -= len(t.Ins)
		w.unspend(t, w.at.spent[left:left+len(t.Ins)])
	}
	w.at = w.at.parent
}

// move brings the coins to p.
func (w *writer) move(p *point) {
	var path []*point
	for p.state.Height > w.at.state.Height {
		path, p = append(path, p), p.parent
	}
	for w.at.state.Height > p.state.Height {
		w.revert()
	}
	for w.at != p {
		w.revert()
		path, p = append(path, p), p.parent
	}
	for _, n := range slices.Backward(path) {
		w.apply(n)
	}
}

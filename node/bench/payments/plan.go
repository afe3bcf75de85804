package payments

import (
	"math/rand/v2"

	"github.com/quernnet/quern/consensus"
)

// payment is a transaction to be made: what it spends and what it makes.
type payment struct{ ins, outs []coin }

// draft is a block to be made.
type draft struct {
	height   uint32
	payments []*payment
	fees     int64 // satoshis
	mint     coin  // the coinbase's output; its value is the subsidy and the fees
	left     room  // what may still come in
	planned  int   // bytes, at most
}

// room is what blocks have little of.
type room struct{ weight, sigops int }

// What is left free for header, count and coinbase.
const (
	reserveWeight = 2_000 // weight units
	reserveSigops = 400   // cost
)

// planner decides who pays whom. It knows neither ids nor keys: whoever makes a
// draft fills the outpoints and keys of its coins in before asking for the next
// one. So a plan is the same whether its blocks are made or only counted.
//
// Not for concurrent use.
type planner struct {
	c      Config
	random *rand.PCG
	height uint32
	key    uint64 // the next number without an owner
	mints  []coin // coinbases that are mature, in order
	pool   []coin // coins to pay with
	kept   []coin // old coins to pay with now and then, in random order
	inputs int    // of payments, so far
	yield  func(*draft) bool
}

func newPlanner(c Config) *planner {
	return &planner{c: c, random: rand.NewPCG(c.Seed, 0)}
}

// below is a random number from 0 to n-1.
func (p *planner) below(n int) int { return int(p.random.Uint64() % uint64(n)) }

// newCoin is an output of a kind by the mix.
func (p *planner) newCoin(value int64) coin {
	c := coin{value: value, kind: p.c.Mix.pick(p.random.Uint64()), key: p.key}
	p.key += uint64(shapes[c.kind].keys)
	return c
}

// blocks yields all drafts of the chain, in order.
func (p *planner) blocks(yield func(*draft) bool) {
	p.yield = yield
	size := p.c.sizes()
	_ = p.mature(size.mints()) && p.breakMints(size) && p.scatter(size) && p.fill(p.pay, p.keep)
}

// next begins a block.
func (p *planner) next() *draft {
	p.height++
	return &draft{
		height: p.height, mint: p.newCoin(p.c.Params.Subsidy(p.height)), planned: reserveWeight / 4,
		left: room{p.c.Weight - reserveWeight, consensus.MaxSigopCost - reserveSigops},
	}
}

// mature yields blocks that only mint until n coinbases may be spent.
func (p *planner) mature(n int) bool {
	waiting := make([]*draft, 0, n)
	for range n + int(p.c.Params.Maturity) - 1 {
		d := p.next()
		if len(waiting) < n {
			waiting = append(waiting, d)
		}
		if !p.yield(d) {
			return false
		}
	}
	for _, d := range waiting {
		p.mints = append(p.mints, d.mint)
	}
	return true
}

// fill yields blocks full of what pay makes, until that begins a block with nil. A
// nil ends the block, since what pay lacks may be in it. Outputs are handed to
// settle once their block is made.
func (p *planner) fill(pay func() *payment, settle func(coin)) bool {
	var over *payment // there was no room for it
	for {
		d := p.next()
		over = d.fill(over, pay)
		if len(d.payments) == 0 {
			p.height--
			return true
		}
		d.mint.value += d.fees
		if !p.yield(d) {
			return false
		}
		for _, x := range d.payments {
			for _, c := range x.outs {
				settle(c)
			}
		}
	}
}

// fill adds first and then what pay makes, and returns what there was no room for.
func (d *draft) fill(first *payment, pay func() *payment) (over *payment) {
	x := first
	if x == nil {
		x = pay()
	}
	for ; x != nil; x = pay() {
		need, bytes := x.takes()
		if need.weight > d.left.weight || need.sigops > d.left.sigops {
			return x
		}
		d.left.weight -= need.weight
		d.left.sigops -= need.sigops
		d.planned += bytes
		d.fees += x.fee()
		d.payments = append(d.payments, x)
	}
	return nil
}

// takes is the room that x needs, and its size in bytes, both at most.
func (x *payment) takes() (room, int) {
	base, witness, sigops := 4+3+3+4, 2, 0
	for i := range x.ins {
		s := &shapes[x.ins[i].kind]
		base, witness, sigops = base+s.in, witness+s.witness, sigops+s.inOps
	}
	for i := range x.outs {
		s := &shapes[x.outs[i].kind]
		base, sigops = base+s.out, sigops+s.outOps
	}
	return room{4*base + witness, sigops}, base + witness
}

func (x *payment) fee() int64 { return total(x.ins) - total(x.outs) }

func total(coins []coin) (sum int64) {
	for i := range coins {
		sum += coins[i].value
	}
	return sum
}

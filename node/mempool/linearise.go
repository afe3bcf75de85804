package mempool

import "math/bits"

// A cluster is linearised by finding a spanning forest of its dependencies
// (spanning-forest linearisation, as Core 31 has it; a form of the network
// simplex). Every tree of active dependencies is a chunk. Where the upper part of
// a tree pays a higher feerate than the whole, the dependency between the parts
// is given up; where a chunk spends from one that does not pay more, one
// between them becomes active. When neither is left to do no order of the
// cluster has a better feerate diagram, and no step ever worsens it.

// maxCluster is how many transactions a cluster may have: as many as a word has bits.
const maxCluster = 64

// rate is what transactions pay together: fee in satoshis, which may be
// negative where a user took from it, size in weight units.
type rate struct{ fee, size int64 }

func (r rate) plus(o rate) rate  { return rate{r.fee + o.fee, r.size + o.size} }
func (r rate) minus(o rate) rate { return rate{r.fee - o.fee, r.size - o.size} }

// compare orders feerates: -1 when r pays less per size than o. Sizes are positive.
func (r rate) compare(o rate) int {
	h1, l1 := product(r.fee, o.size)
	h2, l2 := product(o.fee, r.size)
	switch {
	case h1 != h2:
		return cmpOf(h1 < h2)
	case l1 != l2:
		return cmpOf(l1 < l2)
	}
	return 0
}

func cmpOf(less bool) int {
	if less {
		return -1
	}
	return 1
}

// product multiplies a fee and a size, signed, into 128 bits.
func product(fee, size int64) (hi int64, lo uint64) {
	h, l := bits.Mul64(uint64(fee), uint64(size))
	if fee < 0 {
		h -= uint64(size)
	}
	return int64(h), l
}

// set has the bits of some transactions of a cluster.
type set = uint64

// each yields the positions in s, lowest first.
func each(s set) func(func(int) bool) {
	return func(yield func(int) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(bits.TrailingZeros64(s)) {
				return
			}
		}
	}
}

// forest is the state of linearising n transactions. Chunks are named by one of
// their transactions: of[i] is the name of i's chunk; member and sum belong to names.
//
// Invariants: activeUp[c] is a subset of parents[c] and mirrored by
// activeDown; a chunk's active dependencies make it a tree.
type forest struct {
	n                    int
	rates                []rate
	parents, children    [maxCluster]set
	activeUp, activeDown [maxCluster]set
	of                   [maxCluster]uint8
	member               [maxCluster]set
	sum                  [maxCluster]rate
	effort               int    // what is left to spend, in transactions looked at
	luck                 uint64 // state of a generator that breaks ties
}

func (f *forest) start(rates []rate, parents []set, effort int) {
	*f = forest{n: len(rates), rates: rates, effort: effort, luck: 0x9e3779b97f4a7c15}
	for i := range rates {
		f.of[i], f.member[i], f.sum[i] = uint8(i), 1<<i, rates[i]
		f.parents[i] = parents[i]
		for p := range each(parents[i]) {
			f.children[p] |= 1 << i
		}
	}
}

// toss is a number to break ties with (xorshift). That it can be foreseen costs
// at most the effort, which is bounded.
func (f *forest) toss() uint64 {
	f.luck ^= f.luck << 13
	f.luck ^= f.luck >> 7
	f.luck ^= f.luck << 17
	return f.luck
}

// around lists the transactions outside of chunk c that its own depend on, or
// that depend on them.
func (f *forest) around(c uint8, down bool) (s set) {
	of := &f.parents
	if down {
		of = &f.children
	}
	for i := range each(f.member[c]) {
		s |= of[i]
	}
	return s &^ f.member[c]
}

// join makes a dependency between two chunks active, the lower of which has a
// transaction that spends from the upper, and names the chunk that results.
func (f *forest) join(upper, lower uint8) uint8 {
	f.effort -= f.n
	for c := range each(f.member[lower]) {
		if up := f.parents[c] & f.member[upper]; up != 0 {
			p := bits.TrailingZeros64(up)
			f.activeUp[c] |= 1 << p
			f.activeDown[p] |= 1 << c
			break
		}
	}
	for i := range each(f.member[lower]) {
		f.of[i] = upper
	}
	f.member[upper] |= f.member[lower]
	f.sum[upper] = f.sum[upper].plus(f.sum[lower])
	f.member[lower] = 0
	return upper
}

// settle joins chunk c with what it must not come before: above it those that
// pay no more, below it those that pay no less. The most unlike goes first.
func (f *forest) settle(c uint8, down bool) uint8 {
	for {
		best, found := f.sum[c], -1
		for rest := f.around(c, down); rest != 0; {
			o := f.of[bits.TrailingZeros64(rest)]
			rest &^= f.member[o]
			f.effort--
			k := f.sum[o].compare(best)
			if down {
				k = -k
			}
			if k < 0 || k == 0 && (found < 0 || f.toss()&1 == 0) {
				best, found = f.sum[o], int(o)
			}
		}
		switch {
		case found < 0:
			return c
		case down:
			c = f.join(c, uint8(found))
		default:
			c = f.join(uint8(found), c)
		}
	}
}

// cut is an active dependency of child on parent: top has the part of the chunk that
// stays with the parent without it.
type cut struct {
	parent, child int
	top           set
	rate          rate // of top
}

// cuts yields chunk c's active dependencies.
func (f *forest) cuts(c uint8, yield func(cut) bool) {
	var order, from [maxCluster]uint8
	var below [maxCluster]set
	var sum [maxCluster]rate
	root := bits.TrailingZeros64(f.member[c])
	order[0] = uint8(root)
	n, seen := 1, set(1)<<root
	for i := 0; i < n; i++ {
		v := order[i]
		below[v], sum[v] = 1<<v, f.rates[v]
		for u := range each((f.activeUp[v] | f.activeDown[v]) &^ seen) {
			order[n], from[u] = uint8(u), v
			n++
			seen |= 1 << u
		}
	}
	f.effort -= n
	for i := n - 1; i > 0; i-- {
		v, up := order[i], from[order[i]]
		below[up] |= below[v]
		sum[up] = sum[up].plus(sum[v])
		k := cut{parent: int(v), child: int(up), top: below[v], rate: sum[v]}
		if f.activeUp[v]>>up&1 == 1 { // v spends from up: the top is all but what hangs on v
			k = cut{parent: int(up), child: int(v), top: f.member[c] &^ below[v], rate: f.sum[c].minus(sum[v])}
		}
		if !yield(k) {
			return
		}
	}
}

// divide gives up a dependency and names the two chunks.
func (f *forest) divide(c uint8, k cut) (top, bottom uint8) {
	f.activeUp[k.child] &^= 1 << k.parent
	f.activeDown[k.parent] &^= 1 << k.child
	all, sum := f.member[c], f.sum[c]
	f.member[c] = 0
	top, bottom = uint8(bits.TrailingZeros64(k.top)), uint8(bits.TrailingZeros64(all&^k.top))
	f.member[top], f.sum[top] = k.top, k.rate
	f.member[bottom], f.sum[bottom] = all&^k.top, sum.minus(k.rate)
	for i := range each(all) {
		if k.top>>i&1 == 1 {
			f.of[i] = top
		} else {
			f.of[i] = bottom
		}
	}
	return top, bottom
}

// load makes the forest that an order stands for: it is topological, and its
// diagram no worse than the order's.
func (f *forest) load(order []int) {
	for _, i := range order {
		f.settle(f.of[i], false)
	}
}

// optimise improves the forest until it is best or the effort is spent; it says which.
func (f *forest) optimise() bool {
	for queue := f.names(); queue != 0 && f.effort > 0; {
		c := uint8(bits.TrailingZeros64(queue))
		queue &^= 1 << c
		if f.member[c] == 0 {
			continue
		}
		k, ok := f.choose(c)
		if !ok {
			continue
		}
		top, bottom := f.divide(c, k)
		if f.around(top, false)&f.member[bottom] != 0 {
			queue |= 1 << f.join(bottom, top) // there is another dependency, the other way
			continue
		}
		queue |= 1<<f.settle(top, false) | 1<<f.settle(bottom, true)
	}
	return f.effort > 0
}

func (f *forest) names() (s set) {
	for i := range f.n {
		if f.member[i] != 0 {
			s |= 1 << i
		}
	}
	return s
}

// choose takes, by chance, one of the dependencies that it pays to give up.
func (f *forest) choose(c uint8) (best cut, ok bool) {
	var luck uint64
	f.cuts(c, func(k cut) bool {
		if k.rate.compare(f.sum[c]) > 0 {
			if t := f.toss(); !ok || t >= luck {
				best, luck, ok = k, t, true
			}
		}
		return true
	})
	return best, ok
}

// minimise splits chunks into parts of the same feerate where no dependency is
// against it. Of a best forest only. A chunk that can be split has a part of its
// own feerate on either side of any of its transactions, so one is chosen and
// looked around from, in both directions.
func (f *forest) minimise() {
	for queue := f.names(); queue != 0 && f.effort > 0; {
		c := uint8(bits.TrailingZeros64(queue))
		queue &^= 1 << c
		pivot := bits.TrailingZeros64(f.member[c])
		if top, bottom, ok := f.halve(c, pivot); ok {
			queue |= 1<<top | 1<<bottom
		}
	}
}

// halve splits a chunk at equal feerates, or finds that this cannot be done:
// dependencies are exchanged until the pivot can be moved neither down nor up.
func (f *forest) halve(c uint8, pivot int) (top, bottom uint8, ok bool) {
	for _, down := range []bool{true, false} {
		for f.effort > 0 {
			var best cut
			var luck uint64
			f.cuts(c, func(k cut) bool {
				if k.rate.compare(f.sum[c]) == 0 && (k.top>>pivot&1 == 1) != down {
					if t := f.toss() | 1; t >= luck {
						best, luck = k, t
					}
				}
				return true
			})
			if luck == 0 {
				break
			}
			top, bottom = f.divide(c, best)
			if f.around(top, false)&f.member[bottom] == 0 {
				return top, bottom, true
			}
			c = f.join(bottom, top)
		}
	}
	return 0, 0, false
}

package mempool

import "math/bits"

// line is a linearisation: order lists the transactions, and every chunk is a run of
// them, whose lengths and rates are in chunks.
type line struct {
	order  []int
	chunks []run
	best   bool // no order has a better diagram; the chunks cannot be split
}

type run struct {
	rate
	n int
}

// maxEffort bounds the work for one cluster, in transactions looked at: some eight times what
// random full clusters need, and less than a millisecond.
const maxEffort = 50_000

// linearise orders transactions that spend from each other, parents[i] having
// the bits of those that i spends from. order is a valid order to begin with. before breaks
// ties: it says whether i comes before j, and any strict order will do.
func linearise(rates []rate, parents []set, order []int, before func(i, j int) bool) line {
	if len(rates) == 1 {
		return line{order: []int{0}, chunks: []run{{rates[0], 1}}, best: true}
	}
	var f forest
	f.start(rates, parents, maxEffort)
	f.load(order)
	best := f.optimise()
	if best {
		f.minimise()
	}
	l := f.line(before)
	l.best = best && f.effort > 0
	return l
}

// line puts the forest's chunks in order: highest feerate first, then the smaller, then
// that whose last transaction by before comes earlier; within a chunk transactions
// likewise. Nothing comes before what it depends on.
func (f *forest) line(before func(i, j int) bool) line {
	l := line{order: make([]int, 0, f.n)}
	var last [maxCluster]int
	for c := range each(f.names()) {
		last[c] = bits.TrailingZeros64(f.member[c])
		for i := range each(f.member[c]) {
			if before(last[c], i) {
				last[c] = i
			}
		}
	}
	done := set(0)
	for todo := f.names(); todo != 0; {
		next := -1
		for c := range each(todo) {
			if f.around(uint8(c), false)&^done == 0 && (next < 0 || f.first(f.sum[c], f.sum[next], last[c], last[next], before)) {
				next = c
			}
		}
		todo &^= 1 << next
		l.chunks = append(l.chunks, run{f.sum[next], bits.OnesCount64(f.member[next])})
		l.order, done = f.unroll(l.order, f.member[next], done, before)
	}
	return l
}

// first says whether what pays a comes before what pays b.
func (f *forest) first(a, b rate, i, j int, before func(i, j int) bool) bool {
	if c := a.compare(b); c != 0 {
		return c > 0
	}
	if a.size != b.size {
		return a.size < b.size
	}
	return before(i, j)
}

// unroll appends a chunk's transactions to order.
func (f *forest) unroll(order []int, chunk, done set, before func(i, j int) bool) ([]int, set) {
	for chunk != 0 {
		next := -1
		for i := range each(chunk) {
			if f.parents[i]&^done == 0 && (next < 0 || f.first(f.rates[i], f.rates[next], i, next, before)) {
				next = i
			}
		}
		chunk &^= 1 << next
		done |= 1 << next
		order = append(order, next)
	}
	return order, done
}

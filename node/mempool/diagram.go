package mempool

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
)

// A feerate diagram shows how much fee a miner can have for each size, taking
// the best first. A replacement must not worsen it anywhere (Core's
// ImprovesFeerateDiagram).

// chunk is transactions that are mined together: fee in satoshis, size in
// weight units.
type chunk struct{ fee, size int64 }

func (c chunk) plus(o chunk) chunk { return chunk{c.fee + o.fee, c.size + o.size} }

// node is a transaction among at most 64 connected ones; parents has the bits
// of those that it spends.
type node struct {
	chunk
	parents uint64
}

// chunks orders a cluster by ancestor feerate, best first, and joins what
// pays only with its successors.
func chunks(ns []node) []chunk {
	closure := closures(ns)
	var out []chunk
	for left := uint64(1)<<len(ns) - 1; left != 0; {
		var best chunk
		var take uint64
		for rest := left; rest != 0; rest &= rest - 1 {
			set := closure[bits.TrailingZeros64(rest)] & left
			c := total(ns, set)
			if take == 0 || lessRate(best.fee, best.size, c.fee, c.size) {
				best, take = c, set
			}
		}
		left &^= take
		out = append(out, best)
		for n := len(out); n > 1 && lessRate(out[n-2].fee, out[n-2].size, out[n-1].fee, out[n-1].size); n-- {
			out[n-2] = out[n-2].plus(out[n-1])
			out = out[:n-1]
		}
	}
	return out
}

// closures is for each node the bits of it and all it depends on.
func closures(ns []node) []uint64 {
	out := make([]uint64, len(ns))
	for i := range ns {
		out[i] = 1<<i | ns[i].parents
	}
	for changed := true; changed; {
		changed = false
		for i, set := range out {
			for rest := set; rest != 0; rest &= rest - 1 {
				out[i] |= out[bits.TrailingZeros64(rest)]
			}
			changed = changed || out[i] != set
		}
	}
	return out
}

func total(ns []node, set uint64) (c chunk) {
	for ; set != 0; set &= set - 1 {
		c = c.plus(ns[bits.TrailingZeros64(set)].chunk)
	}
	return c
}

// diagram sorts chunks and adds them up: each point is the fee to be had for a
// size.
func diagram(cs []chunk) []chunk {
	slices.SortStableFunc(cs, func(a, b chunk) int {
		if lessRate(b.fee, b.size, a.fee, a.size) {
			return -1
		}
		if lessRate(a.fee, a.size, b.fee, b.size) {
			return 1
		}
		return 0
	})
	points := make([]chunk, 1, len(cs)+1)
	for _, c := range cs {
		points = append(points, points[len(points)-1].plus(c))
	}
	return points
}

// compareTo says whether point p lies above, on or below diagram d, which is flat
// beyond its end.
func compareTo(p chunk, d []chunk) int {
	i := sort.Search(len(d), func(i int) bool { return d[i].size >= p.size })
	if i == len(d) {
		return cmp.Compare(p.fee, d[i-1].fee)
	}
	if d[i].size == p.size {
		return cmp.Compare(p.fee, d[i].fee)
	}
	a, b := d[i-1], d[i]
	switch {
	case p.fee < a.fee || lessRate(p.fee-a.fee, p.size-a.size, b.fee-a.fee, b.size-a.size):
		return -1
	case lessRate(b.fee-a.fee, b.size-a.size, p.fee-a.fee, p.size-a.size):
		return 1
	}
	return 0
}

// improves says whether diagram a is nowhere below b and somewhere above.
func improves(a, b []chunk) bool {
	better := false
	for _, p := range a {
		c := compareTo(p, b)
		if c < 0 {
			return false
		}
		better = better || c > 0
	}
	for _, p := range b {
		c := compareTo(p, a)
		if c > 0 {
			return false
		}
		better = better || c < 0
	}
	return better
}

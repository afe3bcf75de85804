package mempool

import (
	"cmp"
	"slices"
	"sort"
)

// A feerate diagram shows how much fee a miner can have for each size, taking
// the best chunks first. A replacement must not worsen it anywhere (Core's
// ImprovesFeerateDiagram).

// diagram sorts chunks and adds them up: each point is the fee to be had for a
// size.
func diagram(chunks []rate) []rate {
	chunks = slices.Clone(chunks)
	slices.SortStableFunc(chunks, func(a, b rate) int { return b.compare(a) })
	points := make([]rate, 1, len(chunks)+1)
	for _, c := range chunks {
		points = append(points, points[len(points)-1].plus(c))
	}
	return points
}

// compareTo says whether point p lies above, on or below diagram d, which is flat
// beyond its end.
func compareTo(p rate, d []rate) int {
	i := sort.Search(len(d), func(i int) bool { return d[i].size >= p.size })
	if i == len(d) {
		return cmp.Compare(p.fee, d[i-1].fee)
	}
	if d[i].size == p.size {
		return cmp.Compare(p.fee, d[i].fee)
	}
	return p.minus(d[i-1]).compare(d[i].minus(d[i-1]))
}

// above says whether diagram a is somewhere above b, and whether it is somewhere
// below.
func above(a, b []rate) (over, under bool) {
	for _, p := range a {
		c := compareTo(p, b)
		over, under = over || c > 0, under || c < 0
	}
	for _, p := range b {
		c := compareTo(p, a)
		over, under = over || c < 0, under || c > 0
	}
	return over, under
}

// improves says whether chunks after have a diagram that is nowhere below that of
// before, and somewhere above.
func improves(after, before []rate) bool {
	over, under := above(diagram(after), diagram(before))
	return over && !under
}

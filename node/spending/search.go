package spending

import (
	"cmp"
	"slices"
)

// mostTries bounds a search through sets of groups.
const mostTries = 100_000

// walk is a depth-first search through sets of groups: each is taken, then left
// out. The rest of the groups' amounts says when a branch cannot succeed.
type walk struct {
	pool   []*group
	after  []int64 // the amounts of what comes after each group
	picked []int
	next   int
	amount int64
	weight int64
	waste  int64
}

func newWalk(pool []*group) (*walk, int64) {
	w := &walk{pool: pool, after: make([]int64, len(pool))}
	var sum int64
	for i, g := range slices.Backward(pool) {
		w.after[i] = sum
		sum += g.amount()
	}
	return w, sum
}

func (w *walk) take() int {
	at := w.next
	g := w.pool[at]
	w.amount, w.weight, w.waste = w.amount+g.amount(), w.weight+g.weight, w.waste+g.waste()
	w.picked = append(w.picked, at)
	w.next++
	return at
}

func (w *walk) drop() int {
	last := len(w.picked) - 1
	at := w.picked[last]
	g := w.pool[at]
	w.amount, w.weight, w.waste = w.amount-g.amount(), w.weight-g.weight, w.waste-g.waste()
	w.picked = w.picked[:last]
	return at
}

// move goes on: deeper; or past the last group; or past the last two, when nothing
// below the last is worth a look. It says whether there is anything left.
func (w *walk) move(shift, cut bool) bool {
	if w.next == len(w.pool) {
		cut = true
	}
	if cut {
		w.drop()
		shift = true
	}
	for shift {
		if len(w.picked) == 0 {
			return false
		}
		w.next = w.drop() + 1
		shift = false
		// A group like the one just left out gives nothing new, or worse.
		for w.next < len(w.pool) && w.pool[w.next-1].amount() == w.pool[w.next].amount() {
			if w.next >= len(w.pool)-1 {
				shift = true
				break
			}
			w.next++
		}
	}
	return true
}

func gather(pool []*group, picked []int) []*group {
	out := make([]*group, len(picked))
	for i, at := range picked {
		out[i] = pool[at]
	}
	return out
}

// branchAndBound looks for a set without change: of at least target, and less than
// room above it, with the least waste. heavy says that only weight stood in the way.
func branchAndBound(pool []*group, target, room, most int64) (best []*group, heavy bool) {
	slices.SortStableFunc(pool, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.amount(), a.amount()), cmp.Compare(a.waste(), b.waste()))
	})
	w, sum := newWalk(pool)
	if sum < target || len(pool) == 0 {
		return nil, false
	}
	leastWaste := int64(maxMoney)
	var found []int
	high := pool[0].fee > pool[0].longFee
	for range mostTries {
		at := w.take()
		shift, cut := false, false
		switch {
		case w.amount+w.after[at] < target:
			cut = true
		case w.weight > most:
			heavy, shift = true, true
		case w.amount > target+room:
			shift = true
		case high && w.waste > leastWaste: // more inputs only waste more
			shift = true
		case w.amount >= target:
			shift = true
			if waste := w.waste + w.amount - target; waste <= leastWaste {
				found, leastWaste = slices.Clone(w.picked), waste
			}
		}
		if !w.move(shift, cut) {
			break
		}
	}
	if found == nil {
		return nil, heavy
	}
	return gather(pool, found), false
}

// grind looks for the set of least weight that leaves change over.
func grind(pool []*group, target, change, most int64) (best []*group, heavy bool) {
	slices.SortStableFunc(pool, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.amount(), a.amount()), cmp.Compare(a.weight, b.weight))
	})
	w, sum := newWalk(pool)
	target += change
	if sum < target || len(pool) == 0 {
		return nil, false
	}
	lightest := make([]int64, len(pool)) // of what comes after each group
	light := int64(1) << 31
	for i, g := range slices.Backward(pool) {
		lightest[i] = light
		light = min(light, g.weight)
	}
	bestAmount, bestWeight := int64(maxMoney), most
	var found []int
	for range mostTries {
		at := w.take()
		tail := pool[at]
		shift, cut := false, false
		worse := func() { // heavier than what there is already
			if tail.weight <= lightest[at] {
				cut = true
			} else {
				shift = true
			}
		}
		switch {
		case w.amount+w.after[at] < target:
			cut = true
		case w.weight > bestWeight:
			heavy = heavy || w.weight > most
			worse()
		case w.amount >= target:
			shift = true
			if w.weight < bestWeight || w.weight == bestWeight && w.amount < bestAmount {
				found, bestWeight, bestAmount = slices.Clone(w.picked), w.weight, w.amount
			}
		case found != nil && w.weight+lightest[at]*((target-w.amount+tail.amount()-1)/tail.amount()) > bestWeight:
			worse()
		}
		if !w.move(shift, cut) {
			break
		}
	}
	if found == nil {
		return nil, heavy
	}
	return gather(pool, found), false
}

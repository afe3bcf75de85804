package spending

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Least and most of the change that is aimed at, in satoshis.
const (
	changeLower = 50_000
	changeUpper = 1_000_000
)

// draw takes groups at random until they pay the target and some change. Groups
// that make it too heavy are dropped, the smallest first.
func draw(pool []*group, target, changeFee, most int64, rng *rand.Rand) (best []*group, heavy bool) {
	target += changeLower + changeFee
	var amount, weight int64
	smallest := func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.amount(), b.amount()), cmp.Compare(b.weight, a.weight))
	}
	for _, i := range rng.Perm(len(pool)) {
		g := pool[i]
		best = append(best, g)
		amount, weight = amount+g.amount(), weight+g.weight
		for weight > most && len(best) > 0 {
			heavy = true
			least := slices.MinFunc(best, smallest)
			amount, weight = amount-least.amount(), weight-least.weight
			best = slices.DeleteFunc(best, func(g *group) bool { return g == least })
		}
		if amount >= target {
			return best, false
		}
	}
	return nil, heavy
}

// knapsack looks for the set closest above the target by trying at random, or
// takes the smallest group that is enough alone.
func knapsack(pool []*group, target, change, most int64, rng *rand.Rand) (best []*group, heavy bool) {
	rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	var larger *group // the smallest that is enough with change
	var lower []*group
	var sum int64
	for _, g := range pool {
		switch amount := g.amount(); {
		case g.weight > most:
			heavy = true
		case amount == target:
			return []*group{g}, false
		case amount < target+change:
			lower, sum = append(lower, g), sum+amount
		case larger == nil || amount < larger.amount():
			larger = g
		}
	}
	if sum == target {
		if weightOf(lower) <= most {
			return lower, false
		}
		heavy = true
	}
	if sum < target {
		if larger == nil {
			return nil, heavy
		}
		return []*group{larger}, false
	}
	return subset(lower, larger, sum, target, change, most, rng)
}

// subset chooses between groups that are enough together and one that is enough alone.
func subset(lower []*group, larger *group, sum, target, change, most int64, rng *rand.Rand) (best []*group, heavy bool) {
	slices.SortStableFunc(lower, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.amount(), a.amount()), cmp.Compare(a.waste(), b.waste()))
	})
	chosen, got := closest(lower, sum, target, most, rng)
	if got != target && sum >= target+change {
		chosen, got = closest(lower, sum, target+change, most, rng)
	}
	if larger != nil && (got != target && got < target+change || larger.amount() <= got) {
		return []*group{larger}, false
	}
	for i, in := range chosen {
		if in {
			best = append(best, lower[i])
		}
	}
	if weightOf(best) > most {
		if larger == nil {
			return nil, true
		}
		return []*group{larger}, false
	}
	return best, false
}

func weightOf(gs []*group) (w int64) {
	for _, g := range gs {
		w += g.weight
	}
	return w
}

const knapsackTries = 1000

// closest tries random subsets, and those groups that they left out, for the one
// that exceeds the target least.
func closest(groups []*group, sum, target, most int64, rng *rand.Rand) (best []bool, got int64) {
	best = make([]bool, len(groups))
	for i := range best {
		best[i] = true
	}
	got = sum
	for try := 0; try < knapsackTries && got != target; try++ {
		in := make([]bool, len(groups))
		var total, weight int64
		reached := false
		for pass := 0; pass < 2 && !reached; pass++ {
			for i, g := range groups {
				if pass == 0 && rng.IntN(2) == 0 || pass == 1 && in[i] {
					continue
				}
				total, weight, in[i] = total+g.amount(), weight+g.weight, true
				if total < target || weight > most {
					continue
				}
				reached = true
				if total < got {
					got = total
					copy(best, in)
				}
				total, weight, in[i] = total-g.amount(), weight-g.weight, false
			}
		}
	}
	return best, got
}

// changeTarget is the change that is aimed at: random, so that it does not stand
// out, and about as large as a payment.
func changeTarget(payment, changeFee int64, rng *rand.Rand) int64 {
	if payment <= changeLower/2 {
		return changeFee + changeLower
	}
	most := min(payment*2, changeUpper)
	return changeFee + rng.Int64N(most-changeLower) + changeLower
}

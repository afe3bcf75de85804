package spending

import (
	"cmp"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

const maxMoney = consensus.MaxMoney

// Errors of choosing, in Core's words.
var (
	errHeavy       = errors.New("The inputs size exceeds the maximum weight. Please try sending a smaller amount or manually consolidating your wallet's UTXOs")
	errNoInputs    = errors.New("Maximum transaction weight is less than transaction weight without inputs")
	errNoChange    = errors.New("Maximum transaction weight is too low, can not accommodate change output")
	errLongChain   = errors.New("Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be rejected by the mempool")
	errPresetShort = errors.New("The preselected coins total amount does not cover the transaction target. " +
		"Please allow other inputs to be automatically selected or include more coins manually")
	errPresetHeavy = errors.New("The combination of the pre-selected inputs and the wallet automatic inputs selection exceeds the transaction maximum weight. " +
		"Please try sending a smaller amount or manually consolidating your wallet's UTXOs")
)

// params are what a choice depends on. Sizes in virtual bytes, amounts in satoshis.
type params struct {
	feerate, longTerm, discard Feerate

	fixedSize       int64 // of the transaction without inputs and change
	changeSize      int64 // of the change output
	changeSpendSize int64 // of the input that will spend it
	changeFee       int64
	changeCost      int64 // of making and spending it
	changeTarget    int64
	changeLeast     int64 // less is left to the fee
	maxWeight       int64
	whole           bool // the fee is taken from the outputs
	together        bool // coins of one script are spent together
	unsafe          bool
	truc            bool

	longestLine int
	rng         *rand.Rand
	bump        func([]wire.Outpoint) int64 // of coins together
}

// selection is coins that reach a target.
type selection struct {
	coins  []*Coin
	target int64
	whole  bool
	weight int64
	waste  int64
	shared int64 // what bumping the coins costs less together than one by one
}

func newSelection(gs []*group, target int64, p *params) *selection {
	s := &selection{target: target, whole: p.whole, weight: weightOf(gs)}
	for _, g := range gs {
		s.coins = append(s.coins, g.coins...)
	}
	s.weigh(p)
	return s
}

// share works out what coins with a common ancestor save: it is bumped once.
func (s *selection) share(p *params) {
	var ops []wire.Outpoint
	var sum int64
	for _, c := range s.coins {
		if c.Bump > 0 {
			ops, sum = append(ops, c.Outpoint), sum+c.Bump
		}
	}
	if len(ops) > 1 && p.bump != nil {
		s.shared = max(0, sum-p.bump(ops))
	}
}

// bumps is what is paid for ancestors.
func (s *selection) bumps() (v int64) {
	for _, c := range s.coins {
		v += c.Bump
	}
	return v - s.shared
}

func (s *selection) value() (v int64) {
	for _, c := range s.coins {
		v += c.Out.Value
	}
	return v
}

func (s *selection) effective() (v int64) {
	for _, c := range s.coins {
		v += c.effective()
	}
	return v + s.shared
}

// change is what is left over for a change output, 0 when that is too little.
func (s *selection) change(p *params) int64 {
	left := s.value() - s.target
	if !s.whole {
		left = s.effective() - s.target - p.changeFee
	}
	if left < p.changeLeast {
		return 0
	}
	return left
}

// weigh works the waste out: what spending these coins now costs more than
// later, and the change's cost or what is given away instead.
func (s *selection) weigh(p *params) {
	s.share(p)
	s.waste = -s.shared
	for _, c := range s.coins {
		s.waste += c.fee - c.longFee
	}
	switch {
	case s.change(p) > 0:
		s.waste += p.changeCost
	case s.whole:
		s.waste += s.value() - s.target
	default:
		s.waste += s.effective() - s.target
	}
}

// better prefers less waste, then more inputs.
func better(a, b *selection) int {
	return cmp.Or(cmp.Compare(a.waste, b.waste), cmp.Compare(len(b.coins), len(a.coins)))
}

// pools are groups to choose from: those that add something, and all.
type pools struct{ positive, all []*group }

func (ps *pools) push(g *group, positive, all bool) {
	if positive && g.amount() > 0 {
		ps.positive = append(ps.positive, g)
	}
	if all {
		ps.all = append(ps.all, g)
	}
}

// choose tries every way and takes the least wasteful result. Without an error and
// without a selection the groups are not enough.
func choose(ps *pools, target int64, p *params) (*selection, error) {
	most := p.maxWeight - 4*p.fixedSize
	if most <= 0 {
		return nil, errNoInputs
	}
	var found []*selection
	tooHeavy := false
	take := func(gs []*group, heavy bool) {
		tooHeavy = tooHeavy || heavy
		if gs != nil {
			found = append(found, newSelection(gs, target, p))
		}
	}
	if !p.whole {
		take(branchAndBound(slices.Clone(ps.positive), target, p.changeCost, most))
	}
	most -= 4 * p.changeSize
	if most < 0 && found == nil {
		return nil, errNoChange
	}
	take(knapsack(slices.Clone(ps.all), target, p.changeTarget, most, p.rng))
	if p.feerate > 3*p.longTerm {
		take(grind(slices.Clone(ps.positive), target, p.changeTarget, most))
	}
	take(draw(ps.positive, target, p.changeFee, most, p.rng))
	switch {
	case found != nil:
		return slices.MinFunc(found, better), nil
	case tooHeavy:
		return nil, errHeavy
	}
	return nil, nil
}

// attempt chooses among coins of one form, of all forms if that is allowed and
// must be.
func attempt(forms map[string]*pools, all *pools, target int64, mixed bool, p *params) (*selection, error) {
	var best *selection
	for _, form := range slices.Sorted(maps.Keys(forms)) { // in order, so that chance alone decides
		s, err := choose(forms[form], target, p)
		if err != nil {
			return nil, err
		}
		if s != nil && (best == nil || better(s, best) < 0) {
			best = s
		}
	}
	if best == nil && mixed && len(forms) > 1 {
		return choose(all, target, p)
	}
	return best, nil
}

// filters lists which coins are taken first: deep ones, then one's own waiting
// ones in short lines, then longer lines.
func (p *params) filters() []filter {
	n := max(1, p.longestLine)
	fs := []filter{
		{mine: 1, theirs: 6}, {mine: 1, theirs: 1, mixed: true},
		{theirs: 1, ancestors: 2, cluster: 2, mixed: true},
		{theirs: 1, ancestors: min(4, n/3), cluster: min(4, n/3), mixed: true},
		{theirs: 1, ancestors: n / 2, cluster: n / 2, mixed: true},
		{theirs: 1, ancestors: n - 1, cluster: n - 1, partial: true, mixed: true},
	}
	if p.unsafe {
		fs = append(fs, filter{ancestors: n - 1, cluster: n - 1, partial: true, mixed: true})
	}
	return fs
}

// trucChildWeight is the most that a child of an unconfirmed transaction of
// version 3 may weigh.
const trucChildWeight = 4000

// automatic chooses among all coins.
func automatic(coins []*Coin, target int64, p *params) (*selection, error) {
	groups := p.groups(coins)
	fs := p.filters()
	var total, lost, long int64
	for _, c := range coins {
		total += c.Out.Value
	}
	for _, g := range groups {
		if !slices.ContainsFunc(fs, func(f filter) bool { return f.takes(g.group) && (!g.last || f.partial) }) {
			lost += g.amount()
			if g.ancestors >= p.longestLine || g.cluster >= p.longestLine {
				long += g.amount()
			}
		}
	}
	if total-lost < target {
		if total-lost+long > target {
			return nil, errLongChain
		}
		return nil, nil
	}
	var first error
	for _, f := range fs {
		forms, all := make(map[string]*pools), new(pools)
		for _, g := range groups {
			if !f.takes(g.group) || g.last && !f.partial {
				continue
			}
			if forms[g.form] == nil {
				forms[g.form] = new(pools)
			}
			forms[g.form].push(g.group, g.positive, g.all)
			all.push(g.group, g.positive, g.all)
		}
		if len(forms) == 0 {
			continue
		}
		if p.truc && (f.mine == 0 || f.theirs == 0) {
			p.maxWeight = min(p.maxWeight, trucChildWeight)
		}
		s, err := attempt(forms, all, target, f.mixed, p)
		if s != nil {
			return s, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// labeled is a group with its form, and for which pools it counts.
type labeled struct {
	*group
	form          string
	positive, all bool
	last          bool // the not quite full one of several groups of a script
}

// groupMost is how many coins a group holds.
const groupMost = 100

func (p *params) groups(coins []*Coin) []labeled {
	var out []labeled
	if !p.together {
		for _, c := range coins {
			g := newGroup(p.whole)
			g.add(c)
			out = append(out, labeled{g, c.Form, true, true, false})
		}
		return out
	}
	out = append(out, p.byScript(coins, false)...)
	return append(out, p.byScript(coins, true)...)
}

// byScript puts coins of one script together.
func (p *params) byScript(coins []*Coin, positive bool) []labeled {
	type key struct{ script, form string }
	lists := make(map[key][]*group)
	var order []key
	for _, c := range coins {
		if positive && c.effective() <= 0 {
			continue
		}
		k := key{string(c.Out.Script), c.Form}
		gs := lists[k]
		if gs == nil {
			order = append(order, k)
		}
		if n := len(gs); n == 0 || len(gs[n-1].coins) >= groupMost {
			gs = append(gs, newGroup(p.whole))
		}
		gs[len(gs)-1].add(c)
		lists[k] = gs
	}
	var out []labeled
	for _, k := range order {
		gs := lists[k]
		for i, g := range gs {
			out = append(out, labeled{g, k.form, positive, !positive, i == len(gs)-1 && len(gs) > 1})
		}
	}
	return out
}

// selectCoins adds to preset coins what they lack. Without an error and without
// a selection there is not enough.
func selectCoins(coins, preset []*Coin, target int64, others bool, p *params) (*selection, error) {
	left := target
	for _, c := range preset {
		if p.whole {
			left -= c.Out.Value
		} else {
			left -= c.effective()
		}
	}
	if left > 0 && !others {
		return nil, errPresetShort
	}
	if left <= 0 {
		s := &selection{coins: preset, target: target, whole: p.whole}
		s.weigh(p)
		return s, nil
	}
	var have int64
	for _, c := range coins {
		if p.whole {
			have += c.Out.Value
		} else {
			have += c.effective()
		}
	}
	if left > have {
		return nil, nil
	}
	s, err := automatic(coins, left, p)
	if s == nil || len(preset) == 0 {
		return s, err
	}
	s.coins, s.target = append(s.coins, preset...), target
	for _, c := range preset {
		s.weight += c.weight()
	}
	s.weigh(p)
	if s.weight > p.maxWeight-4*p.fixedSize {
		return nil, errPresetHeavy
	}
	return s, nil
}

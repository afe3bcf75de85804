package payments

import "fmt"

// fan is how many coins a transaction makes out of one.
const fan = 2000

// branch is how many coins, each to be broken again, one coinbase gives.
const branch = 100

// poolShare is how many inputs there are for each coin that payments begin with:
// so many that most coins live for a few blocks.
const poolShare = 8

// oldShare is of how many inputs one spends a coin that was to be left, where
// there are such.
const oldShare = 10

// sizes are how many there are of what comes before the payments.
type sizes struct {
	fan   int // outputs of a transaction that breaks a coin
	pool  int // coins to begin payments with
	coins int // coins to be left, and those of them that will be spent after all
	spent int
}

func (c *Config) sizes() sizes {
	s := sizes{fan: min(fan, (c.Weight-2*reserveWeight)/200), pool: max(min(c.Inputs/poolShare, 60_000), 100, c.Ready)}
	if c.Coins > 0 {
		s.spent = c.Inputs / oldShare
		s.coins = c.Coins + s.spent
	}
	return s
}

// direct is how many coinbases are broken into the pool.
func (s *sizes) direct() int { return (s.pool + s.fan - 1) / s.fan }

// spread is how many are broken into the coins that are left.
func (s *sizes) spread() int { return (s.coins + branch*s.fan - 1) / (branch * s.fan) }

func (s *sizes) mints() int { return s.direct() + s.spread() }

// halvings is after how many of them a coinbase broken at once still makes coins that
// are worth paying with. One that is broken twice has to be of the first subsidy.
const halvings = 3

// check says whether coinbases suffice.
func (s *sizes) check(c *Config) error {
	most := int(c.Params.SubsidyHalving) - 1
	if s.spread() == 0 {
		most += halvings * int(c.Params.SubsidyHalving)
	}
	if s.mints() > most {
		return fmt.Errorf("%d coins are too many for a chain with blocks of %d weight units: they would need %d coinbases, %d are worth enough",
			s.coins+s.pool, c.Weight, s.mints(), most)
	}
	return nil
}

// breakMints makes the pool's first coins.
func (p *planner) breakMints(s sizes) bool {
	made := 0
	return p.fill(func() *payment {
		n := min(s.fan, s.pool-made)
		made += n
		return p.breakUp(&p.mints, n)
	}, p.keep)
}

// keep has later payments spend c. The pool is bounded: a coin takes about 100 bytes.
func (p *planner) keep(c coin) {
	if len(p.pool) < 400_000 {
		p.pool = append(p.pool, c)
	}
}

// breakUp makes n coins out of the first of from, all of the same value; nil if n is 0.
func (p *planner) breakUp(from *[]coin, n int) *payment {
	if n == 0 {
		return nil
	}
	c := (*from)[0]
	*from = (*from)[1:]
	x := &payment{ins: []coin{c}, outs: make([]coin, n)}
	for i := range x.outs {
		x.outs[i] = p.newCoin(c.value/int64(n) - 50) // the fee: about a satoshi a virtual byte
	}
	return x
}

// scatter makes the coins that are left unspent, in two rounds. Some of them,
// strewn over all, serve payments all the same: no cache of coins remembers these.
func (p *planner) scatter(s sizes) bool {
	if s.coins == 0 {
		return true
	}
	var branches []coin
	left := s.spread()
	first := p.fill(func() *payment {
		if left == 0 {
			return nil
		}
		left--
		return p.breakUp(&p.mints, min(branch, s.fan))
	}, func(c coin) { branches = append(branches, c) })
	if !first {
		return false
	}
	made, seen := 0, 0
	second := p.fill(func() *payment {
		n := min(s.fan, s.coins-made)
		made += n
		return p.breakUp(&branches, n)
	}, func(c coin) {
		// Of those that are left, so many are still wanted.
		if p.below(s.coins-seen) < s.spent-len(p.kept) {
			p.kept = append(p.kept, c)
		}
		seen++
	})
	for i := range p.kept {
		j := i + p.below(len(p.kept)-i)
		p.kept[i], p.kept[j] = p.kept[j], p.kept[i]
	}
	return second
}

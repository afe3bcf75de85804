package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// The attacker of the Bitcoin paper's section 11 has a share q of the hash power and
// works on a branch of his own from the moment that a payment is made; the
// receiver waits until z blocks are on top of it. Has he the longer branch ever
// after? Four answers stand side by side:
//
//   - the paper's formula, which takes the time that the honest need for z blocks for its mean, so that the
//     attacker's progress is a Poisson variable;
//   - the exact one, in which that time varies too, so that his progress is negative binomial (Rosenfeld 2014);
//   - races as the paper has them, and real races, both run here.
//
// A race is of real headers: each branch is a chain of them with their
// work done, judged by the rules (consensus.ApplyHeader), and who leads is what
// their cumulative work says, as in the fork choice.

// formula is the paper's: 1 − Σ λᵏe^−λ/k! · (1 − (q/p)^(z−k)), k from 0 to z, λ = z·q/p.
func formula(q float64, z int) float64 {
	p := 1 - q
	lambda := float64(z) * q / p
	sum := 1.0
	poisson := math.Exp(-lambda)
	for k := 0; k <= z; k++ {
		if k > 0 {
			poisson *= lambda / float64(k)
		}
		sum -= poisson * (1 - math.Pow(q/p, float64(z-k)))
	}
	return sum
}

// exact lets the honest's time vary: he has k blocks when they have z with
// probability C(k+z−1, k)·p^z·q^k.
func exact(q float64, z int) float64 {
	p := 1 - q
	if z == 0 {
		return 1
	}
	sum := 1.0
	chance := math.Pow(p, float64(z)) // of k = 0
	for k := 0; k <= z; k++ {
		if k > 0 {
			chance *= q * float64(k+z-1) / float64(k)
		}
		sum -= chance * (1 - math.Pow(q/p, float64(z-k)))
	}
	return sum
}

// hopeless is the chance below which a race is given up: (q/p)^behind.
const hopeless = 1e-6

// race is between two branches that begin at the same state.
type race struct {
	dice             *rand.Rand
	q                float64
	honest, attacker consensus.State
	tag              uint32
}

// extend puts one more header on a branch. tag makes it another than any before.
func (r *race) extend(s *consensus.State) {
	r.tag++
	h := wire.Header{Version: 0x20000000, Parent: s.ID, Time: s.MedianTimePast() + 1}
	h.Merkle[0], h.Merkle[1], h.Merkle[2], h.Merkle[3] = byte(r.tag), byte(r.tag>>8), byte(r.tag>>16), byte(r.tag>>24)
	h.Bits = uint32(consensus.NextBits(s, h.Time))
	for !work.Bits(h.Bits).Met(h.ID()) {
		h.Nonce++
	}
	next, err := consensus.ApplyHeader(*s, &h, h.ID())
	if err != nil {
		panic(fmt.Sprintf("sim: a header of the race is refused: %v", err))
	}
	*s = next
}

// step has one of the two find a block.
func (r *race) step() (byAttacker bool) {
	if r.dice.Float64() < r.q {
		r.extend(&r.attacker)
		return true
	}
	r.extend(&r.honest)
	return false
}

// settle runs on until the attacker has as much work or no hope.
func (r *race) settle() bool {
	most := int(math.Log(hopeless)/math.Log(r.q/(1-r.q))) + 1
	for r.attacker.Work.Cmp(r.honest.Work) < 0 {
		if int(r.honest.Height)-int(r.attacker.Height) > most {
			return false
		}
		r.step()
	}
	return true
}

// real waits for z honest blocks, however long they take.
func (r *race) real(z int) bool {
	for n := 0; n < z; {
		if !r.step() {
			n++
		}
	}
	return r.settle()
}

// asPaper gives the attacker exactly the mean time of z honest blocks.
func (r *race) asPaper(z int) bool {
	for range z {
		r.extend(&r.honest)
	}
	for left := float64(z) / (1 - r.q); ; {
		if left -= r.dice.ExpFloat64() / r.q; left < 0 {
			return r.settle()
		}
		r.extend(&r.attacker)
	}
}

// paperTable are the paper's q and z.
var paperTable = []struct {
	q float64
	z []int
}{
	{.1, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
	{.3, []int{0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50}},
}

// paperLess are the paper's answers to "P < 0.1 %".
var paperLess = []struct {
	q float64
	z int
}{{.10, 5}, {.15, 8}, {.20, 11}, {.25, 15}, {.30, 24}, {.35, 41}, {.40, 89}, {.45, 340}}

func catchup(_ *testing.T, s *settings, r *report) {
	p, err := consensus.Chain("regtest")
	if err != nil {
		panic(err) // it is built in
	}
	genesis := consensus.GenesisState(p)
	run := func(q float64, z int, how func(*race, int) bool) float64 {
		won := 0
		one := race{dice: rand.New(rand.NewPCG(s.Seed, uint64(q*100)<<16|uint64(z))), q: q}
		for range s.Trials {
			one.honest, one.attacker = genesis, genesis
			if how(&one, z) {
				won++
			}
		}
		return float64(won) / float64(s.Trials)
	}
	worst := 0.0
	for _, row := range paperTable {
		tab := table{Title: fmt.Sprintf("q = %.1f", row.q), Head: []string{"z", "the paper's formula", "measured its way", "exact formula", "measured, real races", "± (95 %)"}}
		fig := plot{Title: fmt.Sprintf("Chance to catch up with q = %.1f", row.q), X: "z, blocks behind", Y: "probability", LogY: true}
		lines := []series{{Name: "the paper's formula"}, {Name: "measured its way", Points: true}, {Name: "exact formula"}, {Name: "measured, real races", Points: true}}
		for _, z := range row.z {
			v := []float64{formula(row.q, z), run(row.q, z, (*race).asPaper), exact(row.q, z), run(row.q, z, (*race).real)}
			tab.Rows = append(tab.Rows, []string{fmt.Sprint(z), f7(v[0]), f7(v[1]), f7(v[2]), f7(v[3]), f7(1.96 * deviation(v[2], s.Trials))})
			for i := range lines {
				if v[i] > 0 {
					lines[i].X, lines[i].Y = append(lines[i].X, float64(z)), append(lines[i].Y, v[i])
				}
			}
			for i := range 2 {
				if d := deviation(v[2*i], s.Trials); d > 0 {
					worst = max(worst, math.Abs(v[2*i]-v[2*i+1])/max(d, 1/float64(s.Trials)))
				}
			}
			tell("q = %.1f, z = %d", row.q, z)
		}
		fig.Series = lines
		r.Tables, r.Plots = append(r.Tables, tab), append(r.Plots, fig)
	}
	tab := table{Title: "Least z for which the chance is below 0.1 %", Head: []string{"q", "the paper says", "its formula", "exact"}}
	differ := 0
	for _, row := range paperLess {
		z := least(row.q, formula)
		if z != row.z {
			differ++
		}
		tab.Rows = append(tab.Rows, []string{fmt.Sprintf("%.2f", row.q), fmt.Sprint(row.z), fmt.Sprint(z), fmt.Sprint(least(row.q, exact))})
	}
	r.Tables = append(r.Tables, tab)
	r.want("rows of the paper's second table that our formula gives otherwise", float64(differ), "", 0)
	r.want("worst deviation of what was measured, in standard deviations", worst, "", 4.5)
	r.add("races", float64(s.Trials*2*22), "")
	r.note("Measured by races of real header chains: each header has its proof of work and passes consensus.ApplyHeader, and the branch with more " +
		"cumulative work leads. A race in which the attacker's chance has fallen below one in a million counts as lost.")
	r.note("The paper takes the time of z honest blocks for its mean. It varies, and that helps the attacker: real races are won " +
		"more often than its table says.")
}

// deviation is the standard deviation of a share that was measured n times.
func deviation(p float64, n int) float64 { return math.Sqrt(p * (1 - p) / float64(n)) }

func f7(v float64) string { return fmt.Sprintf("%.7f", v) }

func least(q float64, f func(float64, int) float64) int {
	for z := 0; ; z++ {
		if f(q, z) < .001 {
			return z
		}
	}
}

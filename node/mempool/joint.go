package mempool

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// joint judges transactions together, and keeps all of them or none. The *Error is about all;
// verdicts may say more. Scripts run outside the lock; then all else is judged again.
func (p *Pool) joint(txs []*wire.Tx, how terms, keep bool) ([]Verdict, *Error, error) {
	var ops []wire.Outpoint
	for _, t := range txs {
		ops = append(ops, prevs(t)...)
	}
	for {
		s, coins, err := p.chain.Coins(ops)
		if err != nil {
			return nil, nil, fmt.Errorf("mempool: coins of a package: %w", err)
		}
		j := joint{p: p, txs: txs, how: how, out: make([]Verdict, len(txs))}
		stale := !j.attempt(&s, coins, keep)
		if stale {
			if err := p.follow(context.Background()); err != nil {
				return nil, nil, err
			}
			continue
		}
		if len(j.unchecked) == 0 {
			return j.out, j.bad, nil
		}
		for _, v := range j.unchecked {
			err := p.runScripts(v.t, v, &s)
			if _, refused := errors.AsType[*Error](err); refused {
				break // those after it are not run
			}
			if err != nil {
				return nil, nil, err
			}
		}
	}
}

// joint is one pass of judging a package under the lock.
type joint struct {
	p         *Pool
	txs       []*wire.Tx
	how       terms
	vs        []*verdict
	plan      *plan
	out       []Verdict
	bad       *Error     // about the whole
	unchecked []*verdict // good if their scripts are
}

// attempt says false when the pool is at another block than the coins.
func (j *joint) attempt(s *consensus.State, coins []consensus.Coin, keep bool) bool {
	p := j.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at != s.ID {
		return false
	}
	if !j.judgeEach(s, coins) {
		return true
	}
	if j.bad = checkTRUCTogether(j.vs); j.bad != nil {
		return true
	}
	if !j.checkWhole() || !j.checkScripts() {
		return true
	}
	if keep {
		p.place(j.plan, j.how, j.vs...)
		p.announce()
	}
	j.report()
	return true
}

// fail notes that transaction i is why the package fails.
func (j *joint) fail(i int, bad *Error) bool {
	j.out[i].Refused = bad
	if j.bad = (&Error{Reason: someFailed}); bad.Reason == "missing-ephemeral-spends" {
		j.bad.Reason = unspentDust
	}
	return false
}

// judgeEach judges what can be judged of one after the other.
func (j *joint) judgeEach(s *consensus.State, coins []consensus.Coin) bool {
	for i, t := range j.txs {
		if bad := j.p.policy.checkAlone(t); bad != nil {
			return j.fail(i, bad)
		}
		v, bad := j.p.judge(t, s, coins[:len(t.Ins):len(t.Ins)], j.how, j.vs)
		coins = coins[len(t.Ins):]
		if bad != nil {
			return j.fail(i, bad)
		}
		if j.how.maxRate > 0 && v.e.perVByte().compare(rate{j.how.maxRate, 1000}) > 0 {
			return j.fail(i, &Error{Reason: "max feerate exceeded"})
		}
		j.vs = append(j.vs, v)
	}
	return true
}

// checkWhole judges the package by its feerate, what it replaces, and the clusters
// that it makes.
func (j *joint) checkWhole() bool {
	paid := j.total()
	if j.how.together {
		if bad := j.p.checkFee(paid.fee, paid.size); bad != nil {
			return j.fail(len(j.vs)-1, bad)
		}
	}
	var conflicts []*entry
	adds := make([]addition, len(j.vs))
	for i, v := range j.vs {
		adds[i] = v.addition()
		for _, e := range v.conflicts {
			if !slices.Contains(conflicts, e) {
				conflicts = append(conflicts, e)
			}
		}
	}
	if len(conflicts) > 0 {
		j.bad = j.checkReplacement(adds, conflicts, paid)
	} else if j.plan = j.p.graph.plan(adds, nil); j.plan == nil {
		j.bad = &Error{Reason: tooLargeCluster}
	}
	if j.bad != nil {
		return false
	}
	if j.p.policy.nonStandard {
		return true
	}
	for i, v := range j.vs {
		if bad := j.p.checkDustSpent(v, j.vs); bad != nil {
			return j.fail(i, bad)
		}
	}
	return true
}

// total is what the package pays, as modified, for its virtual bytes.
func (j *joint) total() (sum rate) {
	for _, v := range j.vs {
		sum = sum.plus(v.e.perVByte())
	}
	return sum
}

const packageRBF = "package RBF failed: "

// checkReplacement judges by Core's PackageRBFChecks: two transactions that are a
// chunk of their own may replace others.
func (j *joint) checkReplacement(adds []addition, conflicts []*entry, paid rate) *Error {
	if len(j.vs) != 2 || !ChildWithParents(j.txs) {
		return &Error{Reason: packageRBF + "package must be 1-parent-1-child"}
	}
	parent, child := j.vs[0], j.vs[1]
	if len(parent.parents) > 0 || len(child.parents) > 1 {
		return &Error{Reason: packageRBF + "new transaction cannot have mempool ancestors"}
	}
	if bad := checkReach(child.e.id, conflicts); bad != nil {
		bad.Reason = packageRBF + bad.Reason
		return bad
	}
	gone := descendants(conflicts)
	if bad := j.p.checkPays(child.e.id, paid.fee, paid.size, gone); bad != nil {
		bad.Reason = packageRBF + "insufficient anti-DoS fees"
		return bad
	}
	if alone := parent.e.perVByte(); paid.compare(alone) <= 0 {
		return refuse(packageRBF+"package feerate is less than or equal to parent feerate",
			"package feerate %s <= parent feerate is %s", perKvB(paid), perKvB(alone))
	}
	if j.plan = j.p.graph.plan(adds, gone); j.plan == nil {
		return &Error{Reason: tooLargeCluster}
	}
	if before, after := j.plan.diagrams(); !improves(after, before) {
		return &Error{Reason: packageRBF + noImprovement}
	}
	return nil
}

// perKvB writes a feerate as Core does: coins per 1000 virtual bytes, rounded down.
func perKvB(r rate) string {
	v := r.fee * 1000 / r.size
	return fmt.Sprintf("%d.%08d BTC/kvB", v/consensus.Coins, v%consensus.Coins)
}

// checkScripts looks up what is known of each one's scripts.
func (j *joint) checkScripts() bool {
	for i, v := range j.vs {
		failed, known := j.p.scripts.get(v.e.wid)
		switch {
		case failed != nil:
			j.unchecked = nil
			j.reportUpTo(i)
			return j.fail(i, failed)
		case !known:
			j.unchecked = append(j.unchecked, v)
		}
	}
	return len(j.unchecked) == 0
}

// report fills in that all are good.
func (j *joint) report() { j.reportUpTo(len(j.vs)) }

func (j *joint) reportUpTo(n int) {
	var all []wire.Hash
	for _, v := range j.vs {
		all = append(all, v.e.wid)
	}
	sum := j.total()
	for i, v := range j.vs[:n] {
		r := Result{Entry: v.e.summary()}
		r.Entry.Tx = v.t
		j.out[i].accepted(r, v.t)
		if j.how.together {
			j.out[i].Paid, j.out[i].PaidFor, j.out[i].With = sum.fee, sum.size, all
		}
	}
	if n > 0 && j.plan != nil {
		j.out[0].Result.Replaced = ids(j.plan.gone)
	}
}

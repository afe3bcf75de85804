package mempool

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Error says why a transaction was not accepted.
type Error struct {
	Reason string // Core's reject reason: "txn-mempool-conflict", "min relay fee not met"
	Detail string
	Peer   bool  // whoever sent it is at fault: it breaks a rule that holds always
	Err    error // *consensus.RuleError when a rule was broken

	Reconsider bool // it may be good together with others: its fee is too low, or its parents are missing
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Reason
	}
	return e.Reason + ", " + e.Detail
}

// Early says that blocks to come may make the transaction good as it is: what it spends is not there
// yet, or too young, or its own time has not come.
func (e *Error) Early() bool {
	switch consensus.Rule(e.Reason) {
	case consensus.InputsMissing, consensus.Premature, consensus.TxNotFinal, consensus.TxNotBIP68Final:
		return true
	}
	return false
}

// Unwrap returns the consensus or script error behind e, if any.
func (e *Error) Unwrap() error { return e.Err }

// ErrOrphan says that a transaction's parents are unknown, and that it is kept
// and judged again when they come. It is an *Error.
var ErrOrphan error = &Error{Reason: missingInputs, Detail: "kept until its parents come"}

// Result is what Add or Test found.
type Result struct {
	Entry    Entry
	Replaced []wire.Hash // ids of transactions it replaces
}

// Add judges t and keeps it. The error is an *Error, or ours. A transaction
// whose inputs are unknown is kept as an orphan when from is not empty
// (a peer's name, by which orphans are bounded), and ErrOrphan returned; where t's fee alone
// is too low, an orphan that spends it may pay for both. Without
// from it is our own user's, and begins private if Config.Stem says so.
func (p *Pool) Add(t *wire.Tx, from string) (Result, error) {
	r, err := p.admit(t, from, terms{when: p.now(), private: p.stem && from == ""}, true)
	var bad *Error
	if from != "" && errors.As(err, &bad) && bad.Reconsider && bad.Reason != missingInputs {
		if pair, ok := p.addWithOrphan(t); ok {
			return pair, nil
		}
	}
	if from != "" && errors.As(err, &bad) && !bad.Peer && !errors.Is(err, ErrOrphan) && !strings.HasPrefix(bad.Reason, "txn-already-") {
		p.remember(t)
	}
	return r, err
}

// Send is Add of our own user's transaction, whose fee in satoshis may be maxFee at most, unless that is
// 0. The error for a good transaction that pays more is ErrMaxFee.
func (p *Pool) Send(t *wire.Tx, maxFee int64) (Result, error) {
	return p.admit(t, "", terms{when: p.now(), private: p.stem, maxFee: maxFee}, true)
}

// ErrMaxFee says that a transaction may enter and pays more than its user wants.
var ErrMaxFee error = errMaxFee

var errMaxFee = &Error{Reason: "max-fee-exceeded"}

// Test judges t as Add would and keeps nothing.
func (p *Pool) Test(t *wire.Tx) (Result, error) {
	return p.admit(t, "", terms{when: p.now()}, false)
}

// admit judges t by all rules, the cheap ones first, and keeps it if keep is
// set. Scripts run outside the lock; then all else is judged again.
func (p *Pool) admit(t *wire.Tx, from string, how terms, keep bool) (Result, error) {
	if bad := p.policy.checkAlone(t); bad != nil {
		return Result{}, bad
	}
	ops := prevs(t)
	s, coins, err := p.chain.Coins(ops)
	for {
		if err != nil {
			return Result{}, fmt.Errorf("mempool: coins of %v: %w", t.ID(), err)
		}
		a := p.attempt(t, &s, coins, how, keep)
		switch {
		case a.stale:
			if err := p.follow(context.Background()); err != nil {
				return Result{}, err
			}
			s, coins, err = p.chain.Coins(ops)
		case a.bad != nil && a.bad.Reason == missingInputs:
			return Result{}, p.orphan(t, from, a.missing)
		case a.bad != nil:
			return Result{}, a.bad
		case a.unchecked != nil:
			if bad := p.runScripts(t, a.unchecked, &s); bad != nil {
				return Result{}, bad
			}
		default:
			return a.result, nil
		}
	}
}

// attempt is what one pass of judging under the lock came to.
type attempt struct {
	stale     bool // the pool is at another block than the coins
	bad       *Error
	missing   []wire.Outpoint
	unchecked *verdict // good if its scripts are
	result    Result
}

func (p *Pool) attempt(t *wire.Tx, s *consensus.State, coins []consensus.Coin, how terms, keep bool) (a attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at != s.ID {
		return attempt{stale: true}
	}
	v, bad := p.judge(t, s, coins, how, nil)
	if bad != nil {
		a.bad = bad
		if bad.Reason == missingInputs {
			_, a.missing = p.withPool(t, s, coins, nil)
		}
		return a
	}
	failed, known := p.scripts.get(t.WitnessID())
	switch {
	case !known:
		a.unchecked = v
	case failed != nil:
		a.bad = failed
	case how.maxFee > 0 && v.e.fee > how.maxFee:
		a.bad = errMaxFee
	case keep:
		a.result, a.bad = p.insert(v, how)
	default:
		a.result = preview(v)
	}
	return a
}

// insert puts v's entry in the place of what it replaces. Guarded by p.mu.
func (p *Pool) insert(v *verdict, how terms) (Result, *Error) {
	p.place(v.plan, how, v)
	defer p.announce()
	r := Result{Replaced: ids(v.gone), Entry: v.e.view()}
	if how.reverted || how.part {
		return r, nil
	}
	p.limit()
	if p.graph.getWitness(v.e.wid) == nil {
		return Result{}, &Error{Reason: "mempool full", Reconsider: true}
	}
	return r, nil
}

// place applies a plan, which adds what was found good. Guarded by p.mu.
func (p *Pool) place(change *plan, how terms, vs ...*verdict) {
	p.leaving(change.gone, "replaced")
	for _, v := range vs {
		v.e.Packed = pack(v.t)
	}
	p.graph.apply(change)
	for _, v := range vs {
		if how.private {
			p.private[v.e] = true
		} else {
			p.release(v.e) // its parents
		}
		p.events.push(record{
			e: v.e, private: how.private, reverted: how.reverted, height: p.height,
			alone: len(v.parents) == 0 && !how.reverted && !how.part,
		})
		p.orphans.remove(v.e.wid)
		if p.orphans.ready(v.e.id) {
			p.rouse()
		}
	}
}

// preview is the result that insert would give.
func preview(v *verdict) Result {
	e := v.e.view()
	e.Tx, e.Parents = v.t, ids(v.parents)
	seen := make(map[*entry]bool)
	for _, parent := range v.parents {
		for _, a := range parent.ancestors() {
			if !seen[a] {
				seen[a] = true
				e.AncestorCount++
				e.AncestorSize += a.vsize()
				e.AncestorFees += a.modified
			}
		}
	}
	return Result{Entry: e, Replaced: ids(v.gone)}
}

// rouse makes Run look at what waits for it.
func (p *Pool) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// orphan decides about a transaction without its inputs: known since its
// outputs are coins, kept since a peer may bring its parents, or refused.
func (p *Pool) orphan(t *wire.Tx, from string, missing []wire.Outpoint) error {
	ops := make([]wire.Outpoint, min(len(t.Outs), maxKnownOuts))
	for i := range ops {
		ops[i] = t.Outpoint(i)
	}
	_, coins, err := p.chain.Coins(ops)
	if err != nil {
		return fmt.Errorf("mempool: outputs of %v: %w", t.ID(), err)
	}
	for _, c := range coins {
		if !c.Missing {
			return &Error{Reason: "txn-already-known"}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if from == "" || !p.orphans.add(t, from, missing, p.now()) {
		return &Error{Reason: missingInputs, Reconsider: true}
	}
	return ErrOrphan
}

// maxKnownOuts is how many outputs are looked up to see whether a transaction
// is in the chain already: enough for any payment, few enough for a flood.
const maxKnownOuts = 16

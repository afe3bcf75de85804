package mempool

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// verdict is a transaction found good but for its scripts, with what its entry
// would change.
type verdict struct {
	t         *wire.Tx
	e         *entry   // without its bytes
	parents   []*entry // in the pool or, in a package, judged before it
	children  []*entry // of one that comes back from a block
	conflicts []*entry // spend what it spends, or are siblings to be evicted
	gone      []*entry // conflicts and all that depend on them
	sibling   bool     // a version 3 sibling is among the conflicts
	plan      *plan    // of the graph, for the verdict alone; good while the lock is held
	checks    []script.Check
}

// addition is what v adds to the graph.
func (v *verdict) addition() addition { return addition{v.e, v.parents, v.children} }

// terms are how an admission is judged.
type terms struct {
	when     time.Time // it entered
	reverted bool      // from a reverted block: no fee is asked again
	private  bool      // not to be told to the swarm yet
	part     bool      // of a package: what it displaces is decided on when all of it is there
	together bool      // judged by the package's feerate: none is asked of it alone
	final    bool      // nothing may be replaced
	maxFee   int64     // satoshis that its user wants to pay at most; 0: any
	maxRate  int64     // satoshis per 1000 vB that its user wants to pay at most; 0: any
}

// broken turns a broken rule into ours. Clients compare texts, and Core has no
// details to most of them; Err keeps ours.
func broken(err error, peer bool) *Error {
	return &Error{Reason: string(consensus.RuleOf(err)), Peer: peer, Err: err}
}

// brokenBy is broken with the details that Core gives to what ConnectTx finds.
func brokenBy(t *wire.Tx, s *consensus.State, coins []consensus.Coin, err error) *Error {
	e := broken(err, false)
	var re *consensus.RuleError
	if !errors.As(err, &re) {
		return e
	}
	switch re.Rule {
	case consensus.Premature:
		if re.In >= 0 {
			e.Detail = fmt.Sprintf("tried to spend coinbase at depth %d", s.Height+1-coins[re.In].Height)
		}
	case consensus.InBelowOut:
		var in, out int64
		for i := range coins {
			in += coins[i].Value
		}
		for i := range t.Outs {
			out += t.Outs[i].Value
		}
		e.Detail = fmt.Sprintf("value in (%s) < value out (%s)", consensus.Amount(in), consensus.Amount(out))
	}
	return e
}

// judge finds whether t, which passed checkAlone, may wait, scripts excepted.
// s is the state that the graph is at; coins has the chain's coin for each input;
// before has what was judged before it in its package. Guarded by p.mu.
func (p *Pool) judge(t *wire.Tx, s *consensus.State, coins []consensus.Coin, how terms, before []*verdict) (*verdict, *Error) {
	if !consensus.IsFinal(t, s.Height+1, s.MedianTimePast()) {
		return nil, &Error{Reason: string(consensus.TxNotFinal)} // before ConnectTx, which needs coins
	}
	if p.graph.getWitness(t.WitnessID()) != nil {
		return nil, &Error{Reason: "txn-already-in-mempool"}
	}
	if p.graph.get(t.ID()) != nil {
		return nil, &Error{Reason: "txn-same-nonwitness-data-in-mempool"}
	}
	v := &verdict{t: t, conflicts: p.graph.conflictsOf(t)}
	if how.final && len(v.conflicts) > 0 {
		return nil, &Error{Reason: "bip125-replacement-disallowed"}
	}
	coins, missing := p.withPool(t, s, coins, before)
	if len(missing) > 0 {
		return nil, &Error{Reason: missingInputs, Reconsider: true}
	}
	fee, checks, err := consensus.ConnectTx(s, t, coins, script.Standard)
	if err != nil {
		return nil, brokenBy(t, s, coins, err)
	}
	v.checks, v.parents = checks, p.graph.parentsOf(t)
	if how.reverted {
		v.children = p.graph.childrenOf(t)
	}
	v.e = p.newEntry(t, s, coins, fee, how)
	if bad := p.checkPolicy(v, coins, how); bad != nil {
		return nil, bad
	}
	for _, b := range before {
		if spends(t, b.e.id) {
			v.parents = append(v.parents, b.e)
		}
	}
	return v, nil
}

// spends says whether t spends an output of a transaction.
func spends(t *wire.Tx, id wire.Hash) bool {
	return slices.ContainsFunc(t.Ins, func(in wire.In) bool { return in.Prev.TxID == id })
}

// missingInputs is the reason to keep a transaction as an orphan.
const missingInputs = string(consensus.InputsMissing)

// withPool returns coins with those that waiting transactions, and those in before, create
// put in, and the inputs that have none.
func (p *Pool) withPool(t *wire.Tx, s *consensus.State, coins []consensus.Coin, before []*verdict) (all []consensus.Coin, missing []wire.Outpoint) {
	all = make([]consensus.Coin, len(coins))
	var last *wire.Tx // decoded; inputs often spend from the same
	for i := range t.Ins {
		op := t.Ins[i].Prev
		all[i] = coins[i]
		if last == nil || last.ID() != op.TxID {
			last = p.creator(op.TxID, before)
		}
		if last != nil {
			all[i] = consensus.Coin{Missing: true}
			if int64(op.Index) < int64(len(last.Outs)) {
				all[i] = consensus.Coin{Out: last.Outs[op.Index], Height: s.Height + 1, TimePast: s.MedianTimePast()}
			}
		}
		if all[i].Missing {
			missing = append(missing, op)
		}
	}
	return all, missing
}

// creator is the transaction with an id that waits or is in before, or nil.
func (p *Pool) creator(id wire.Hash, before []*verdict) *wire.Tx {
	for _, v := range before {
		if v.e.id == id {
			return v.t
		}
	}
	if e := p.graph.get(id); e != nil {
		return e.Decode()
	}
	return nil
}

func (p *Pool) newEntry(t *wire.Tx, s *consensus.State, coins []consensus.Coin, fee int64, how terms) *entry {
	sigops := consensus.SigopCost(t, coins, script.Standard)
	e := &entry{
		Packed: Packed{id: t.ID(), wid: t.WitnessID()},
		fee:    fee, modified: addSaturating(fee, p.deltas[t.ID()]),
		time: how.when.Unix(), height: s.Height, sigops: int32(sigops),
		weight: int32(max(t.Weight(), sigops*bytesPerSigop)), plainWeight: int32(t.Weight()),
	}
	e.set(flagTimed, isTimed(t, coins))
	return e
}

// checkPolicy judges what is known once the coins are: Core's PreChecks from ValidateInputsStandardness on,
// and, of a transaction by itself, replacement and the limits of its cluster.
func (p *Pool) checkPolicy(v *verdict, coins []consensus.Coin, how terms) *Error {
	if !p.policy.nonStandard {
		if err := checkInputs(v.t, coins); err != nil {
			return err
		}
		if !witnessStandard(v.t, coins) {
			return &Error{Reason: "bad-witness-nonstandard"}
		}
		if (v.e.fee != 0 || v.e.modified != 0) && p.policy.countDust(v.t) > 0 {
			return refuse("dust", "tx with dust output must be 0-fee")
		}
	}
	if v.e.sigops > maxTxSigopCost {
		return refuse("bad-txns-too-many-sigops", "%d", v.e.sigops)
	}
	if !how.reverted {
		if !how.together {
			if err := p.checkFee(v.e.modified, v.e.vsize()); err != nil {
				return err
			}
		}
		if err := p.checkTRUC(v, !how.together && !how.final); err != nil {
			return err
		}
	}
	if how.together || how.final {
		return nil // of the package as a whole
	}
	return p.checkPlace(v, how)
}

// checkPlace judges what v would make of the graph.
func (p *Pool) checkPlace(v *verdict, how terms) *Error {
	if len(v.conflicts) > 0 {
		if err := p.checkReplacement(v); err != nil {
			return err
		}
		if err := checkDisjoint(v); err != nil {
			return err
		}
	} else if v.plan = p.graph.plan([]addition{v.addition()}, nil); v.plan == nil {
		return &Error{Reason: tooLargeCluster}
	}
	if how.maxRate > 0 && v.e.perVByte().compare(rate{how.maxRate, 1000}) > 0 {
		return &Error{Reason: "max feerate exceeded"}
	}
	if !p.policy.nonStandard && !how.reverted {
		return p.checkDustSpent(v, nil)
	}
	return nil
}

// perVByte is what e pays for its size in virtual bytes.
func (e *entry) perVByte() rate { return rate{e.modified, e.vsize()} }

// checkFee asks for what the pool demands now and what relay costs at least.
func (p *Pool) checkFee(fee, size int64) *Error {
	least, reason := feeFor(p.rolling.rate(p.now(), p.graph.usage()), size), "mempool min fee not met"
	if fee >= least {
		least, reason = feeFor(p.floor, size), "min relay fee not met"
	}
	if fee >= least {
		return nil
	}
	e := refuse(reason, "%d < %d", fee, least)
	e.Reconsider = true
	return e
}

// checkDustSpent wants v to spend its parents' ephemeral dust. before has what is in
// its package.
func (p *Pool) checkDustSpent(v *verdict, before []*verdict) *Error {
	for _, parent := range v.parents {
		t := p.creator(parent.id, before)
		for i := range t.Outs {
			op := t.Outpoint(i)
			if p.policy.isDust(&t.Outs[i]) && !slices.ContainsFunc(v.t.Ins, func(in wire.In) bool { return in.Prev == op }) {
				return refuse("missing-ephemeral-spends", "tx %v (wtxid=%v) did not spend parent's ephemeral dust",
					v.e.id, v.e.wid)
			}
		}
	}
	return nil
}

// scriptFailed begins the reason of all that scripts refuse.
const scriptFailed = "mempool-script-verify-flag-failed"

// scriptError words the failure of one input's scripts as Core 31 does.
func scriptError(c script.Check, err error, peer bool) *Error {
	in, words := c.Tx.Ins[c.In], err.Error()
	var se *script.Error
	if errors.As(err, &se) {
		words = se.Detail
	}
	return &Error{
		Reason: fmt.Sprintf("%s (%s)", scriptFailed, words),
		Detail: fmt.Sprintf("input %d of %v (wtxid %v), spending %v", c.In, c.Tx.ID(), c.Tx.WitnessID(), in.Prev),
		Peer:   peer,
		Err:    err,
	}
}

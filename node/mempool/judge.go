package mempool

import (
	"errors"
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// verdict is a transaction found good but for its scripts, with what its entry
// would change.
type verdict struct {
	e         *entry
	parents   []*entry
	conflicts []*entry        // spend what it spends, or are siblings to be evicted
	gone      map[*entry]bool // conflicts and all that depend on them
	sibling   bool            // a version 3 sibling is among the conflicts
	checks    []script.Check
}

// terms are how an admission is judged.
type terms struct {
	when     time.Time // it entered
	reverted bool      // from a reverted block: no fee is asked again
	private  bool      // not to be told to the swarm yet
	packaged bool      // submitted with others that it depends on or that depend on it
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
		e.Detail = fmt.Sprintf("value in (%s) < value out (%s)", money(in), money(out))
	}
	return e
}

// judge finds whether t, which passed checkAlone, may wait, scripts excepted.
// s is the state that the graph is at; coins has the chain's coin for each input. Guarded by p.mu.
func (p *Pool) judge(t *wire.Tx, s *consensus.State, coins []consensus.Coin, how terms) (*verdict, *Error) {
	if !consensus.IsFinal(t, s.Height+1, s.MedianTimePast()) {
		return nil, &Error{Reason: string(consensus.TxNotFinal)} // before ConnectTx, which needs coins
	}
	if p.graph.byWitness[t.WitnessID()] != nil {
		return nil, &Error{Reason: "txn-already-in-mempool"}
	}
	if p.graph.byID[t.ID()] != nil {
		return nil, &Error{Reason: "txn-same-nonwitness-data-in-mempool"}
	}
	coins, missing := p.withPool(t, s, coins)
	if len(missing) > 0 {
		return nil, &Error{Reason: missingInputs}
	}
	fee, checks, err := consensus.ConnectTx(s, t, coins, script.Standard)
	if err != nil {
		return nil, brokenBy(t, s, coins, err)
	}
	v := &verdict{checks: checks, parents: p.graph.parentsOf(t), conflicts: p.graph.conflictsOf(t)}
	v.e = newEntry(t, s, coins, fee, how.when)
	if bad := p.checkPolicy(v, coins, how); bad != nil {
		return nil, bad
	}
	return v, nil
}

// missingInputs is the reason to keep a transaction as an orphan.
const missingInputs = string(consensus.InputsMissing)

// withPool returns coins with those that waiting transactions create put in, and the inputs that have none.
func (p *Pool) withPool(t *wire.Tx, s *consensus.State, coins []consensus.Coin) (all []consensus.Coin, missing []wire.Outpoint) {
	all = make([]consensus.Coin, len(coins))
	for i := range t.Ins {
		op := t.Ins[i].Prev
		all[i] = coins[i]
		if e := p.graph.byID[op.TxID]; e != nil {
			all[i] = consensus.Coin{Missing: true}
			if int64(op.Index) < int64(len(e.tx.Outs)) {
				all[i] = consensus.Coin{Out: e.tx.Outs[op.Index], Height: s.Height + 1, TimePast: s.MedianTimePast()}
			}
		}
		if all[i].Missing {
			missing = append(missing, op)
		}
	}
	return all, missing
}

func newEntry(t *wire.Tx, s *consensus.State, coins []consensus.Coin, fee int64, when time.Time) *entry {
	e := &entry{tx: t, fee: fee, time: when, height: s.Height, timed: isTimed(t, coins)}
	e.sigops = consensus.SigopCost(t, coins, script.Standard)
	e.weight = int64(max(t.Weight(), e.sigops*bytesPerSigop))
	e.size = (e.weight + consensus.WitnessScale - 1) / consensus.WitnessScale
	return e
}

// checkPolicy judges what is known once the coins are: Core's PreChecks from ValidateInputsStandardness on,
// and replacement.
func (p *Pool) checkPolicy(v *verdict, coins []consensus.Coin, how terms) *Error {
	t, standard := v.e.tx, !p.nonStandard
	if standard {
		if err := checkInputs(t, coins); err != nil {
			return err
		}
		if !witnessStandard(t, coins) {
			return &Error{Reason: "bad-witness-nonstandard"}
		}
		if v.e.fee != 0 && countDust(t) > 0 {
			return refuse("dust", "tx with dust output must be 0-fee")
		}
	}
	if v.e.sigops > maxTxSigopCost {
		return refuse("bad-txns-too-many-sigops", "%d", v.e.sigops)
	}
	if !how.reverted {
		if err := p.checkFee(v.e); err != nil {
			return err
		}
		if err := p.checkTRUC(v); err != nil {
			return err
		}
	}
	if len(v.conflicts) > 0 {
		if err := p.checkReplacement(v); err != nil {
			return err
		}
		if err := p.graph.checkDisjoint(v); err != nil {
			return err
		}
	} else if err := p.checkCluster(v); err != nil {
		return err
	}
	if standard && !how.reverted {
		return checkDustSpent(v)
	}
	return nil
}

// checkFee asks for what the pool demands now and what relay costs at least.
func (p *Pool) checkFee(e *entry) *Error {
	if least := feeFor(p.rolling.rate(p.now(), p.graph.usage), e.size); e.fee < least {
		return refuse("mempool min fee not met", "%d < %d", e.fee, least)
	}
	if least := feeFor(p.floor, e.size); e.fee < least {
		return refuse("min relay fee not met", "%d < %d", e.fee, least)
	}
	return nil
}

// checkDustSpent wants a child to spend its parents' ephemeral dust.
func checkDustSpent(v *verdict) *Error {
	t := v.e.tx
	spent := make(map[wire.Outpoint]bool, len(t.Ins))
	for i := range t.Ins {
		spent[t.Ins[i].Prev] = true
	}
	for _, parent := range v.parents {
		for i := range parent.tx.Outs {
			if isDust(&parent.tx.Outs[i]) && !spent[parent.tx.Outpoint(i)] {
				return refuse("missing-ephemeral-spends", "tx %v (wtxid=%v) did not spend parent's ephemeral dust",
					t.ID(), t.WitnessID())
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

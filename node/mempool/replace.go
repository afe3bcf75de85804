package mempool

import (
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Cluster limits and the bound on a replacement's reach, Core 31's.
const (
	maxCluster          = 64                               // transactions
	maxClusterWeight    = 101_000 * consensus.WitnessScale // weight units
	maxReplacedClusters = 100
)

// conflictsOf lists the entries that spend what t spends, each once.
func (g *graph) conflictsOf(t *wire.Tx) []*entry {
	var es []*entry
	seen := make(map[*entry]bool)
	for i := range t.Ins {
		if e := g.spent[t.Ins[i].Prev]; e != nil && !seen[e] {
			seen[e] = true
			es = append(es, e)
		}
	}
	return es
}

// checkReplacement judges whether v may take the place of its conflicts, by
// Core 31's rules: any transaction may be replaced, by one that pays all it
// evicts and its own relay, and leaves miners no worse off. It fills in v.gone.
func (p *Pool) checkReplacement(v *verdict) *Error {
	id, suffix := v.e.tx.ID(), ""
	if v.sibling {
		suffix = " (including sibling eviction)"
	}
	if n := p.graph.countClusters(v.conflicts); n > maxReplacedClusters {
		return refuse("too many potential replacements"+suffix,
			"rejecting replacement %v; too many conflicting clusters (%d > %d)", id, n, maxReplacedClusters)
	}
	v.gone = make(map[*entry]bool)
	var old int64
	for _, e := range p.graph.descendants(v.conflicts...) {
		v.gone[e] = true
		old += e.fee
	}
	if v.e.fee < old {
		return refuse("insufficient fee"+suffix, "rejecting replacement %v, less fees than conflicting txs; %s < %s",
			id, money(v.e.fee), money(old))
	}
	if relay := feeFor(p.increment, v.e.size); v.e.fee-old < relay {
		return refuse("insufficient fee"+suffix, "rejecting replacement %v, not enough additional fees to relay; %s < %s",
			id, money(v.e.fee-old), money(relay))
	}
	if err := p.checkCluster(v); err != nil {
		return err
	}
	if !p.graph.improvedBy(v) {
		return refuse("replacement-failed", "insufficient feerate: does not improve feerate diagram")
	}
	return nil
}

func (g *graph) countClusters(es []*entry) int {
	seen, n := make(map[*entry]bool), 0
	for _, e := range es {
		if seen[e] {
			continue
		}
		n++
		for _, o := range g.cluster([]*entry{e}, nil, maxCluster) {
			seen[o] = true
		}
	}
	return n
}

const tooLargeCluster = "too-large-cluster"

// checkCluster refuses what would connect too many transactions or too much
// weight by spending.
func (p *Pool) checkCluster(v *verdict) *Error {
	near := append(slices.Clone(v.parents), p.graph.childrenOf(v.e.tx)...)
	es := p.graph.cluster(near, v.gone, maxCluster)
	weight := v.e.weight
	for _, e := range es {
		weight += e.weight
	}
	if len(es)+1 > maxCluster || weight > maxClusterWeight {
		return &Error{Reason: tooLargeCluster}
	}
	return nil
}

// checkDisjoint refuses a transaction that spends what it replaces.
func (g *graph) checkDisjoint(v *verdict) *Error {
	for _, a := range g.ancestors(v.parents...) {
		if slices.Contains(v.conflicts, a) {
			return &Error{
				Reason: "bad-txns-spends-conflicting-tx",
				Detail: fmt.Sprintf("%v spends conflicting transaction %v", v.e.tx.ID(), a.tx.ID()),
				Peer:   true,
			}
		}
	}
	return nil
}

// improvedBy says whether the clusters that v touches have a better feerate
// diagram with v than with what it replaces.
func (g *graph) improvedBy(v *verdict) bool {
	touched := append(slices.Clone(v.conflicts), v.parents...)
	var before, after []chunk
	var stay []*entry
	for _, es := range g.components(touched, nil) {
		before = append(before, chunks(nodes(es, nil, nil))...)
		for _, e := range es {
			if !v.gone[e] {
				stay = append(stay, e)
			}
		}
	}
	joined := g.cluster(v.parents, v.gone, maxCluster)
	after = append(after, chunks(nodes(joined, v.e, v.parents))...)
	var apart []*entry
	for _, e := range stay {
		if !slices.Contains(joined, e) {
			apart = append(apart, e)
		}
	}
	for _, es := range g.components(apart, v.gone) {
		after = append(after, chunks(nodes(es, nil, nil))...)
	}
	return improves(diagram(after), diagram(before))
}

// components lists the clusters that es belong to, without those in gone.
func (g *graph) components(es []*entry, gone map[*entry]bool) (out [][]*entry) {
	seen := make(map[*entry]bool)
	for _, e := range es {
		if seen[e] {
			continue
		}
		c := g.cluster([]*entry{e}, gone, maxCluster)
		for _, o := range c {
			seen[o] = true
		}
		out = append(out, c)
	}
	return out
}

// nodes numbers a cluster's entries, with one more that spends parents unless
// nil. Beyond 64, which the cluster limit does not let happen, they are left
// out.
func nodes(es []*entry, extra *entry, parents []*entry) []node {
	if extra != nil {
		es = append(slices.Clone(es), extra)
	}
	es = es[:min(len(es), maxCluster)]
	index := make(map[*entry]int, len(es))
	for i, e := range es {
		index[e] = i
	}
	ns := make([]node, len(es))
	for i, e := range es {
		ns[i].chunk = chunk{e.fee, e.weight}
		ps := e.parents
		if e == extra {
			ps = parents
		}
		for _, o := range ps {
			if j, ok := index[o]; ok {
				ns[i].parents |= 1 << j
			}
		}
	}
	return ns
}

// money writes satoshis as Core's FormatMoney: at least two decimals.
func money(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%d.%08d", sign, n/consensus.Coins, n%consensus.Coins)
	for s[len(s)-1] == '0' && s[len(s)-3] != '.' {
		s = s[:len(s)-1]
	}
	return s
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// judge compares the nodes when all is over.
func (s *soak) judge(ctx context.Context) error {
	ended := time.Now()
	s.tell("blocks mined, payments made", fmt.Sprintf("%d, %d", s.mined, len(s.sent)))
	for _, why := range slices.Sorted(maps.Keys(s.refused)) {
		s.tell("not done: "+why, fmt.Sprint(s.refused[why]))
	}
	if len(s.restarts) > 0 {
		slices.Sort(s.restarts)
		s.tell("from a start after a kill to the first answer", fmt.Sprintf("median %s, most %s",
			seconds(s.restarts[len(s.restarts)/2]), seconds(s.restarts[len(s.restarts)-1])))
	}
	s.within(ctx, "all nodes have one tip", ended, settleTime, s.agree)
	if err := s.judgePayments(ctx); err != nil {
		return err
	}
	s.within(ctx, "all nodes have one tip again", time.Now(), settleTime, s.agree)
	s.judgeCoins(ctx)
	if s.plan.Length >= levelLength {
		for i, list := range s.samples {
			s.judgeLevel(s.names[i], list)
		}
	} else {
		s.tell("memory and goroutines", "not judged in less than "+levelLength.String())
	}
	s.judgeEnds()
	return nil
}

// levelLength is how long a soak must be for its first quarter to be about more
// than caches that fill.
const levelLength = 10 * time.Minute

// judgePayments mines until every payment is in a block.
func (s *soak) judgePayments(ctx context.Context) error {
	var lost []string
	found := func(ctx context.Context) bool {
		if err := s.list[0].generate(ctx, 1, s.addrs[0][0]); err != nil {
			return false
		}
		on, err := s.list[0].transactions(ctx)
		if err != nil {
			return false
		}
		lost = slices.DeleteFunc(slices.Clone(s.sent), func(id string) bool { return on[id] })
		if len(lost) == 0 {
			return true
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
		return false
	}
	s.within(ctx, "all payments are in blocks", time.Now(), confirmTime, found)
	s.check("payments lost", fmt.Sprintf("%d of %d", len(lost), len(s.sent)), "0", len(lost) == 0)
	for _, id := range lost[:min(5, len(lost))] {
		s.tell("lost "+id, s.knownOf(ctx, id))
	}
	var height int
	if err := s.list[0].call(ctx, "getblockcount", &height); err != nil {
		return err
	}
	branches, longest, err := s.list[0].branches(ctx)
	s.tell("blocks of the chain", fmt.Sprint(height))
	s.tell("branches that "+s.names[0]+" saw and left", fmt.Sprintf("%d, the longest of %d", branches, longest))
	return err
}

// knownOf is what every node knows of a payment that is in no block: how often its
// wallet counts it as confirmed, what its mempool says of it.
func (s *soak) knownOf(ctx context.Context, id string) string {
	var all []string
	for _, n := range s.list {
		known := n.name + ":"
		var own walletTx
		if err := n.call(ctx, "gettransaction", &own, id); err == nil {
			known += fmt.Sprintf(" its wallet's, %d confirmations, in conflict with %v;", own.Confirmations, own.Conflicts)
			var judged []json.RawMessage
			err := n.call(ctx, "testmempoolaccept", &judged, []string{own.Hex})
			known += fmt.Sprintf(" %s %v", judged, err)
		} else {
			known += " not its wallet's"
		}
		if err := n.call(ctx, "getmempoolentry", nil, id); err == nil {
			known += ", waits in its mempool"
		}
		all = append(all, known)
	}
	return strings.Join(all, "; ")
}

// judgeCoins compares the coin sets.
func (s *soak) judgeCoins(ctx context.Context) {
	sets := make(map[coinSet][]string)
	for _, n := range s.list {
		c, err := n.coins(ctx)
		if err != nil {
			c.Hash = err.Error()
		}
		sets[c] = append(sets[c], n.name)
	}
	s.check("different coin sets", fmt.Sprint(len(sets)), "1", len(sets) == 1)
	for c, names := range sets {
		s.tell("coin set", fmt.Sprintf("%.16s…, %d coins, %.8f in all, of %d nodes", c.Hash, c.Coins, c.Total, len(names)))
	}
}

// judgeLevel compares the first quarter of the time with the last one.
func (s *soak) judgeLevel(name string, list []sample) {
	const mb = 1 << 20
	first, last := quarters(list, func(v sample) float64 { return v.RSS })
	s.check(name+": memory, first and last quarter", fmt.Sprintf("%.0f, %.0f MiB", first/mb, last/mb),
		levelRSS.words("MiB", mb), first > 0 && levelRSS.holds(first, last))
	first, last = quarters(list, func(v sample) float64 { return v.Goroutines })
	s.check(name+": goroutines, first and last quarter", fmt.Sprintf("%.0f, %.0f", first, last),
		levelGoroutines.words("", 1), first > 0 && levelGoroutines.holds(first, last))
}

// judgeEnds stops all nodes and looks for what nobody may find in their logs.
func (s *soak) judgeEnds() {
	err := together(s.list, func(n *node) error {
		if !n.proc.running() {
			return fmt.Errorf("%s had ended by itself: %w", n.name, n.proc.err)
		}
		return n.proc.stop()
	})
	got := "all"
	if err != nil {
		got = err.Error()
	}
	s.check("nodes end well when told to", got, "all", err == nil)
	var bad []string
	for _, n := range s.list {
		if line := faultIn(n.proc.tail(1 << 30)); line != "" {
			bad = append(bad, n.name+": "+line)
		}
	}
	bad = append(bad, s.broken...)
	s.check("faults", fmt.Sprint(len(bad), " ", strings.Join(bad[:min(3, len(bad))], "; ")), "0", len(bad) == 0)
}

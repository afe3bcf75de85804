package chaintest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// A chain that is not killed says of each step what the trace does.
func TestTraceIsWhatAChainSees(t *testing.T) {
	tr := chaintest.NewTrace(chaintest.TraceConfig{Seed: 1, Deep: 70, Pads: 1})
	again := chaintest.NewTrace(chaintest.TraceConfig{Seed: 1, Deep: 70, Pads: 1})
	if again.Tip != tr.Tip || len(again.Steps) != len(tr.Steps) {
		t.Fatal("the same seed gives another trace")
	}
	s := chaintest.NewStore(chaintest.Params())
	c, err := chain.Open(t.Context(), chain.Config{Params: chaintest.Params(), Store: s, Now: func() time.Time { return time.Unix(2e9, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	refused := map[consensus.Rule]int{}
	for i, st := range tr.Steps {
		if st.Header {
			if _, err := c.AddHeaders(t.Context(), []wire.Header{st.Block.Header}); err != nil {
				t.Fatalf("step %d: header: %v", i, err)
			}
			continue
		}
		err := c.AddBlock(t.Context(), st.Block)
		rule := consensus.RuleOf(err)
		switch {
		case err != nil && rule == "":
			t.Fatalf("step %d: %v", i, err)
		case st.Rule == "" && err != nil:
			t.Fatalf("step %d: a valid block breaks %s", i, rule)
		case rule != "":
			refused[rule]++
			if !strings.HasPrefix(string(rule), string(st.Rule)) && st.Rule != "" {
				t.Fatalf("step %d: broken is %s, want %s", i, rule, st.Rule)
			}
		}
		if err := c.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		tip := c.Tip()
		a, ok := tr.After[tip.ID]
		if !ok || tip.Height != st.Best || a.Height != tip.Height || a.Given > i+1 {
			t.Fatalf("step %d: tip %v at height %d, want %d, after %+v", i, tip.ID, tip.Height, st.Best, a)
		}
	}
	if c.Tip().ID != tr.Tip {
		t.Errorf("tip %v, want %v", c.Tip().ID, tr.Tip)
	}
	if errors.Join(c.Err()) != nil || len(refused) < 2 {
		t.Errorf("rules broken: %v, error %v", refused, c.Err())
	}
}

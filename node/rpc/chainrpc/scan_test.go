package chainrpc

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

// slowChain has a set of coins that takes until its reader gives up.
type slowChain struct {
	Chain
	reading chan struct{}
}

func (c slowChain) Tip() consensus.State { return consensus.State{} }

func (c slowChain) EachCoin(ctx context.Context, _ func(wire.Outpoint, consensus.Coin) error) (consensus.State, error) {
	close(c.reading)
	<-ctx.Done()
	return consensus.State{}, ctx.Err()
}

// One search runs at a time, and ends when somebody aborts it.
func TestAbortedScan(t *testing.T) {
	params, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	c := slowChain{reading: make(chan struct{})}
	methods := table.New(Methods(Parts{Chain: c, Params: params}))
	scan := func(params string) (any, error) {
		m := methods["scantxoutset"]
		a, err := m.Bind(json.RawMessage(params), "/")
		if err != nil {
			t.Error(err)
		}
		return m.Call(t.Context(), a)
	}
	ended := make(chan any, 2)
	go func() {
		out, err := scan(`["start",["raw(51)"]]`)
		ended <- err
		ended <- out
	}()
	<-c.reading
	if _, err := scan(`["start",["raw(51)"]]`); err == nil || !strings.Contains(err.Error(), "Scan already in progress") {
		t.Errorf("a second scan: %v", err)
	}
	if out, err := scan(`["status"]`); out == nil || err != nil {
		t.Errorf("status %v, %v", out, err)
	}
	if out, err := scan(`["abort"]`); out != true || err != nil {
		t.Errorf("aborted %v, %v", out, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if out := <-ended; out.(scanJSON).Success {
		t.Errorf("search %+v", out)
	}
	if out, _ := scan(`["abort"]`); out != false {
		t.Errorf("aborted a scan that had ended: %v", out)
	}
}

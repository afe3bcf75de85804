package minerpc

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
)

// TestRefusesTemplates asks on chains and in states where there is none to be had.
func TestRefusesTemplates(t *testing.T) {
	for _, c := range []struct {
		chain, request string
		peers          int
		syncing        bool
		code           int
		words          string
	}{
		{"main", `{"rules":["segwit"]}`, 0, false, table.CodeNotConnected, "Quern is not connected!"},
		{"main", `{"rules":["segwit"]}`, 1, true, table.CodeInitialDownload, "Quern is in initial sync and waiting for blocks..."},
		{"main", `{"rules":[]}`, 1, false, table.CodeInvalid, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`},
		{"signet", `{"rules":["segwit"]}`, 0, true, table.CodeInvalid, `getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})`},
		{"signet", `{"rules":["signet"]}`, 0, true, table.CodeInvalid, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`},
		{"testnet4", `{}`, 0, true, table.CodeInvalid, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`},
	} {
		p, err := consensus.Chain(c.chain)
		if err != nil {
			t.Fatal(err)
		}
		n := &node{Parts: Parts{Params: p, Peers: func() int { return c.peers }, Syncing: func() bool { return c.syncing }}}
		m := n.templateMethods()[0]
		a, err := m.Bind(json.RawMessage("["+c.request+"]"), "/")
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Call(t.Context(), a)
		if fail, ok := errors.AsType[*table.Error](err); !ok || fail.Code != c.code || fail.Message != c.words {
			t.Errorf("%s, %s: %v", c.chain, c.request, err)
		}
	}
}

// TestPollsWaitForTheTemplate has the tip be another than the one that a caller knows: the template that comes of it is
// waited for without a worker.
func TestPollsWaitForTheTemplate(t *testing.T) {
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	idle := false
	asked := &asked{at: func() bool { return idle }}
	n := &node{Parts: Parts{Params: p, Chain: moved{}, Pool: calm{}, Templates: asked}}
	ctx := table.WithIdler(t.Context(), func(wait func()) { idle = true; wait(); idle = false })
	id, _ := json.Marshal(wire.Hash{1}.String() + "7")
	if err := n.poll(ctx, id); err != nil || asked.idle != 1 || asked.busy != 0 {
		t.Errorf("asked %d times without a worker, %d times with one, %v", asked.idle, asked.busy, err)
	}
}

// asked counts who asks for a template.
type asked struct {
	at         func() bool
	idle, busy int
}

func (a *asked) Latest(context.Context) (*mining.Ready, error) {
	if a.at() {
		a.idle++
	} else {
		a.busy++
	}
	return nil, errors.New("none")
}

// moved is a chain with a tip of its own.
type moved struct{ Chain }

func (moved) Tip() consensus.State     { return consensus.State{ID: wire.Hash{2}} }
func (moved) Changed() <-chan struct{} { return nil }

type calm struct{ Pool }

func (calm) Stats() mempool.Stats { return mempool.Stats{} }

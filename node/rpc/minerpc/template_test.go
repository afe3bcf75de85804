package minerpc

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus"
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

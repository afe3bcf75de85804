package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
)

// TestMajorityRewritesHundredBlocks has one node confirm a payment a block, a
// hundred times, while another mines a longer branch in secret. When they meet
// the first follows the work, says so loudly, and confirms every payment again.
func TestMajorityRewritesHundredBlocks(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two processes")
	}
	const blocks = 100
	a := newProcess(t, "honest")
	a.start()
	till := newTill(a)
	coins := till.mine(110)
	b := newProcess(t, "attacker", a.status().Addresses[0])
	b.start()
	fork := group{a, b}.agree()
	group{a}.cut(group{b})

	var paid []string
	for range blocks {
		paid = append(paid, till.pay(coins[0]))
		coins = append(coins[1:], till.mine(1)...)
	}
	a.await("have all payments in blocks", func() bool { return len(a.pool()) == 0 })
	if a.height() != 110+blocks {
		t.Fatalf("the payments are in blocks up to height %d", a.height())
	}
	old := a.tip()
	newTill(b).mine(blocks + 1)
	winner := b.tip()
	if b.height() != 110+blocks+1 {
		t.Fatalf("the secret branch ends at height %d", b.height())
	}

	group{a}.heal(group{b})
	a.await("follow the branch with more work", func() bool { return a.tip() == winner })
	a.await("warn", func() bool {
		return len(a.status().Warnings) == 1 && !strings.Contains(a.status().Warnings[0], "being counted")
	})
	warning := a.status().Warnings[0]
	for _, part := range []string{"100 blocks after height 110 were replaced", winner, old, "100 transactions worth "} {
		if !strings.Contains(warning, part) {
			t.Errorf("the warning %q has no %q", warning, part)
		}
	}
	a.expect("WARNING   Deep reorganisation", "status")
	for _, method := range []string{"getblockchaininfo", "getnetworkinfo", "getmininginfo"} {
		if got := call[struct{ Warnings []string }](a, method).Warnings; len(got) != 1 || got[0] != warning {
			t.Errorf("%s warns %q", method, got)
		}
	}
	log, err := os.ReadFile(a.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.Index(string(log), "deep reorganisation"); i < 0 || !strings.Contains(string(log[max(0, i-40):i]), "level=ERROR") {
		t.Error("the log of the honest node does not say it as an error")
	}

	till.confirmAgain(paid)
	group{a, b}.agree()
	t.Logf("forked at %s; %s", fork, warning)
	a.stop()
	a.start()
	a.expect("WARNING   Deep reorganisation", "status")
	a.stop()
	b.stop()
}

// till mines and pays by a script that needs no key and so no wallet, whose
// password takes a second to check: P2WSH of OP_TRUE.
type till struct {
	*process
	script  []byte
	address string
}

var opTrue = []byte{0x51}

func newTill(p *process) till {
	p.Helper()
	params, err := consensus.Chain("regtest")
	if err != nil {
		p.Fatal(err)
	}
	h := sha256.Sum256(opTrue)
	script := append([]byte{0, 32}, h[:]...)
	text, ok := address.Encode(script, params)
	if !ok {
		p.Fatal("no address")
	}
	return till{p, script, text}
}

// mine returns the coinbases' ids.
func (t till) mine(n int) (coinbases []string) {
	t.Helper()
	for _, id := range call[[]string](t.process, "generatetoaddress", n, t.address) {
		coinbases = append(coinbases, t.txs(id)[0])
	}
	return coinbases
}

func (t till) txs(block string) []string {
	t.Helper()
	return call[struct{ Tx []string }](t.process, "getblock", block).Tx
}

// pay spends the first output of a transaction, 50 or 25 coins.
func (t till) pay(coin string) string {
	t.Helper()
	id, err := wire.ParseHash(coin)
	if err != nil {
		t.Fatal(err)
	}
	tx := (&wire.Tx{
		Version: 2,
		Ins:     []wire.In{{Prev: wire.Outpoint{TxID: id}, Sequence: 0xffffffff, Witness: [][]byte{opTrue}}},
		Outs:    []wire.Out{{Value: 24 * consensus.Coins, Script: t.script}},
	}).Seal()
	return call[string](t.process, "sendrawtransaction", hex.EncodeToString(tx.Append(nil)), 0)
}

// confirmAgain mines until every payment that the reorganisation undid is in a
// block of the chain.
func (t till) confirmAgain(paid []string) {
	t.Helper()
	left := make(map[string]bool)
	for _, txid := range paid {
		left[txid] = true
	}
	t.await("mine every payment again", func() bool {
		for _, id := range call[[]string](t.process, "generatetoaddress", 1, t.address) {
			for _, txid := range t.txs(id) {
				delete(left, txid)
			}
		}
		return len(left) == 0
	})
}

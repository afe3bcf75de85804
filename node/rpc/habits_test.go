package rpc

import (
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

// paidTx is what of a payment the tests of habits look at.
type paidTx struct {
	Vin []struct {
		Sequence uint32 `json:"sequence"`
	} `json:"vin"`
	Vout []struct {
		Script struct {
			Type string `json:"type"`
		} `json:"scriptPubKey"`
	} `json:"vout"`
}

// TestWalletsPayAsConfigured: addresses, change, replaceability and the most that a payment costs
// are as the wallet is used to, where the caller does not say.
func TestWalletsPayAsConfigured(t *testing.T) {
	f := newFixture(t, 1)
	f.parts.FallbackFee = 20_000
	f.server.Attach(f.parts)
	mine := f.rich(1)
	send := func(options map[string]any) (tx paidTx) {
		t.Helper()
		options["change_position"], options["add_to_wallet"], options["psbt"] = 1, false, false
		var made struct{ Hex string }
		f.must("send", &made, map[string]int{f.vars["addr"]: 1}, nil, nil, nil, options)
		f.must("decoderawtransaction", &tx, made.Hex)
		return tx
	}
	check := func(tx paidTx, change string, sequence uint32) {
		t.Helper()
		if got := tx.Vout[1].Script.Type; got != change || tx.Vin[0].Sequence != sequence {
			t.Errorf("change of type %s, sequence %x; want %s, %x", got, tx.Vin[0].Sequence, change, sequence)
		}
	}
	check(send(map[string]any{}), "witness_v1_taproot", 0xfffffffd)
	nested := wallet.P2SHSegWit
	f.habits = wallet.Habits{Address: wallet.Legacy, Final: true, MaxFee: consensus.Coins / 10}
	f.must("getnewaddress", &mine)
	if mine[0] != 'm' && mine[0] != 'n' {
		t.Errorf("%s is no legacy address", mine)
	}
	check(send(map[string]any{}), "pubkeyhash", 0xfffffffe)
	check(send(map[string]any{"replaceable": true, "change_type": "bech32"}), "witness_v0_keyhash", 0xfffffffd)
	f.habits.Change, f.habits.MaxFee = &nested, 1000
	f.must("getrawchangeaddress", &mine)
	if mine[0] != '2' {
		t.Errorf("%s is not nested", mine)
	}
	_, fail := f.call("send", []any{map[string]int{f.vars["addr"]: 1}})
	if fail == nil || !strings.HasPrefix(fail.Message, "Fee exceeds maximum configured by user") {
		t.Errorf("a payment that costs more than it may: %v", fail)
	}
	check(send(map[string]any{"fee_rate": 1}), "scripthash", 0xfffffffd)
}

// TestChangeLooksLikeThePayment: a locked wallet whose addresses for change of the payment's type are
// used up pays not, rather than with change by which it is told from the payment.
func TestChangeLooksLikeThePayment(t *testing.T) {
	f := newFixture(t, 1)
	f.parts.FallbackFee = 20_000
	f.server.Attach(f.parts)
	f.must("createwallet", nil, "w", false, false, "secret")
	f.must("walletpassphrase", nil, "secret", 1000)
	mine := ""
	f.must("getnewaddress", &mine)
	f.must("generatetoaddress", nil, 1, mine)
	f.must("generatetoaddress", nil, 100, f.vars["addr"])
	var sum struct {
		Descriptor, Checksum string
	}
	const change = "wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/1h/*h)"
	f.must("getdescriptorinfo", &sum, change)
	f.must("importdescriptors", nil, []any{map[string]any{"desc": change + "#" + sum.Checksum, "timestamp": "now", "active": true, "internal": true, "range": []int{0, 0}}})
	f.must("walletlock", nil)
	for fail := (*table.Error)(nil); fail == nil; {
		_, fail = f.call("getrawchangeaddress", []string{"bech32"})
	}
	_, fail := f.call("walletcreatefundedpsbt", []any{[]any{}, map[string]int{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080": 1}})
	if fail == nil || fail.Code != table.CodeWallet || !strings.HasPrefix(fail.Message, "Transaction needs a change address, but we can't generate it.") {
		t.Errorf("change beside a payment to P2WPKH: %v", fail)
	}
}

// TestAddressesAreSpentWhole: of an address with several coins all are spent where the wallet is used to it.
func TestAddressesAreSpentWhole(t *testing.T) {
	f := newFixture(t, 1)
	f.rich(3)
	for _, whole := range []bool{false, true} {
		f.habits.Whole = whole
		var made struct{ Hex string }
		f.must("send", &made, map[string]int{f.vars["addr"]: 1}, nil, nil, 10, map[string]any{"add_to_wallet": false, "psbt": false})
		var tx paidTx
		f.must("decoderawtransaction", &tx, made.Hex)
		if got := len(tx.Vin) == 3; got != whole {
			t.Errorf("whole %v: %d coins are spent", whole, len(tx.Vin))
		}
	}
}

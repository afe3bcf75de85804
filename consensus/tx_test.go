package consensus

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

func op(b byte, index uint32) wire.Outpoint { return wire.Outpoint{TxID: wire.Hash{b}, Index: index} }

func TestCheckTx(t *testing.T) {
	coinbase := func(size int) func(*wire.Tx) {
		return func(t *wire.Tx) {
			t.Ins = []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: make([]byte, size)}}
		}
	}
	many := func(n, repeat int) func(*wire.Tx) {
		return func(t *wire.Tx) {
			t.Ins = t.Ins[:0]
			for i := range n {
				t.Ins = append(t.Ins, wire.In{Prev: op(9, uint32(i))})
			}
			if repeat > 0 {
				t.Ins[repeat].Prev = t.Ins[0].Prev
			}
		}
	}
	for _, c := range []struct {
		name string
		edit func(*wire.Tx)
		rule Rule
		in   int
	}{
		{"valid", func(*wire.Tx) {}, "", -1},
		{"no inputs", func(t *wire.Tx) { t.Ins = nil }, NoInputs, -1},
		{"no outputs", func(t *wire.Tx) { t.Outs = nil }, NoOutputs, -1},
		{"as large as can be", func(t *wire.Tx) { t.Outs[0].Script = make([]byte, 1_000_000-115) }, "", -1},
		{"too large", func(t *wire.Tx) { t.Outs[0].Script = make([]byte, 1_000_000-114) }, Oversize, -1},
		{"a large witness is no matter of size", func(t *wire.Tx) { t.Ins[0].Witness = [][]byte{make([]byte, 3_000_000)} }, "", -1},
		{"negative output", func(t *wire.Tx) { t.Outs[1].Value = -1 }, NegativeOut, -1},
		{"all the money", func(t *wire.Tx) { t.Outs[0].Value, t.Outs[1].Value = MaxMoney, 0 }, "", -1},
		{"output above all money", func(t *wire.Tx) { t.Outs[1].Value = MaxMoney + 1 }, OutTooLarge, -1},
		{"sum above all money", func(t *wire.Tx) { t.Outs[0].Value, t.Outs[1].Value = MaxMoney, 1 }, OutSumTooLarge, -1},
		{"duplicate input", func(t *wire.Tx) { t.Ins[1].Prev = t.Ins[0].Prev }, DuplicateInputs, 1},
		{"inputs differ by index", func(t *wire.Tx) { t.Ins[1].Prev = op(1, 1) }, "", -1},
		{"many inputs", many(200, 0), "", -1},
		{"duplicate among many inputs", many(200, 150), DuplicateInputs, 150},
		{"last of few inputs", many(fewInputs, fewInputs-1), DuplicateInputs, fewInputs - 1},
		{"last of one more", many(fewInputs+1, fewInputs), DuplicateInputs, fewInputs},
		{"coinbase script of 1", coinbase(1), CoinbaseLength, -1},
		{"coinbase script of 2", coinbase(2), "", -1},
		{"coinbase script of 100", coinbase(100), "", -1},
		{"coinbase script of 101", coinbase(101), CoinbaseLength, -1},
		{"null prevout", func(t *wire.Tx) { t.Ins[1].Prev = wire.Outpoint{Index: wire.CoinbaseIndex} }, NullPrevout, 1},
		{"zero id with an index", func(t *wire.Tx) { t.Ins[1].Prev = wire.Outpoint{Index: 7} }, "", -1},
		{"negative version", func(t *wire.Tx) { t.Version = -1 }, "", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := spend(1, op(1, 0), op(2, 0))
			tx.Outs = append(tx.Outs, wire.Out{Value: 2, Script: anyone})
			c.edit(tx)
			err := CheckTx(tx.Seal())
			if c.rule != "" {
				wantRule(t, err, c.rule, -1, c.in)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCoreTransactions runs CheckTx on Core's vectors. A vector is
// [[inputs], transaction, flags]; what must fail by itself says BADTX.
func TestCoreTransactions(t *testing.T) {
	bad := 0
	for _, file := range []string{"tx_valid.json", "tx_invalid.json"} {
		var rows [][]any
		if err := json.Unmarshal(realdata.Read(t, file), &rows); err != nil {
			t.Fatal(err)
		}
		checked := 0
		for i, row := range rows {
			if len(row) != 3 {
				continue // a comment
			}
			raw, err := hex.DecodeString(row[1].(string))
			if err != nil {
				t.Fatal(err)
			}
			tx, err := wire.DecodeTx(raw)
			if err != nil {
				t.Errorf("%s row %d: %v", file, i, err)
				continue
			}
			checked++
			wantBad := file == "tx_invalid.json" && row[2] == "BADTX"
			if err := CheckTx(tx); (err != nil) != wantBad {
				t.Errorf("%s row %d: error %v, flags %v", file, i, err, row[2])
			}
			if wantBad {
				bad++
			}
		}
		if checked < 80 {
			t.Errorf("%s: %d vectors only", file, checked)
		}
	}
	if bad < 8 {
		t.Errorf("%d vectors that must fail", bad)
	}
}

func TestIsFinal(t *testing.T) {
	for _, c := range []struct {
		lock, sequence, height, time uint32
		want                         bool
	}{
		{0, 0, 1, 1, true},
		{99, 0, 100, 0, true},
		{100, 0, 100, 0, false},
		{100, 0xffffffff, 100, 0, true},
		{100, 0xfffffffe, 100, 0, false},
		{499_999_999, 0, 100, 2_000_000_000, false},
		{500_000_000, 0, 600_000_000, 500_000_000, false},
		{500_000_000, 0, 0, 500_000_001, true},
		{0xffffffff, 0, 0xffffffff, 0xffffffff, false},
	} {
		tx := spend(1, op(1, 0))
		tx.LockTime, tx.Ins[0].Sequence = c.lock, c.sequence
		if got := IsFinal(tx, c.height, c.time); got != c.want {
			t.Errorf("lock %d, sequence %#x at %d, %d: %v", c.lock, c.sequence, c.height, c.time, got)
		}
	}
}

func TestRelativeLocks(t *testing.T) {
	const isTime, off = sequenceIsTime, sequenceDisabled
	for _, c := range []struct {
		name             string
		version          int32
		sequence         uint32
		coin, coinTime   uint32
		height, median   uint32
		locked, needTime bool
	}{
		{"one block passed", 2, 1, 99, 0, 100, 0, false, false},
		{"two blocks did not", 2, 2, 99, 0, 100, 0, true, false},
		{"none asked", 2, 0, 100, 0, 100, 0, false, false},
		{"only 16 bits count", 2, 0x3f0000 | 1, 99, 0, 100, 0, false, false},
		{"most blocks", 2, 0xffff, 1, 0, 65536, 0, false, false},
		{"one short of most", 2, 0xffff, 1, 0, 65535, 0, true, false},
		{"disabled", 2, off | 0xffff, 99, 0, 100, 0, false, false},
		{"time disabled", 2, off | isTime | 0xffff, 99, 0, 100, 0, false, false},
		{"512 s passed", 2, isTime | 1, 99, 1000, 100, 1512, false, true},
		{"511 s did not", 2, isTime | 1, 99, 1000, 100, 1511, true, true},
		{"most time", 2, isTime | 0xffff, 99, 0, 100, 65535 * 512, false, true},
		{"one second short", 2, isTime | 0xffff, 99, 0, 100, 65535*512 - 1, true, true},
		{"version 1 has none", 1, 2, 99, 0, 100, 0, false, false},
		{"version 1 has no time either", 1, isTime | 2, 99, 0, 100, 0, false, false},
		{"version 0 has none", 0, 2, 99, 0, 100, 0, false, false},
		// CVE-2024-34478: a version with the top bit is large, not negative.
		{"version -1 has them", -1, 2, 99, 0, 100, 0, true, false},
		{"version -2^31 has them", -1 << 31, isTime | 2, 99, 1000, 100, 1512, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := spend(1, op(1, 0), op(2, 0))
			tx.Version, tx.Ins[1].Sequence = c.version, c.sequence
			spent := []Coin{{Height: c.height}, {Height: c.coin, TimePast: c.coinTime}}
			want := -1
			if c.locked {
				want = 1
			}
			if got := lockedInput(tx, spent, c.height, c.median); got != want {
				t.Errorf("locked input %d, want %d", got, want)
			}
			if got := NeedsTimePast(tx, 1); got != c.needTime {
				t.Errorf("needs time: %v", got)
			}
		})
	}
}

func TestRuleErrorsSpeak(t *testing.T) {
	err := broken(InputsMissing, "gone").at(3, 1)
	if s := err.Error(); !strings.HasPrefix(s, "bad-txns-inputs-missingorspent, gone") || !strings.Contains(s, "transaction 3, input 1") {
		t.Errorf("says %q", s)
	}
	if Mutated(err) || !Mutated(err.asMutated()) || Mutated(nil) || RuleOf(nil) != "" {
		t.Error("mutated or rule of")
	}
}

// FuzzCheckTx wants no panic, and the same verdict for the same bytes.
func FuzzCheckTx(f *testing.F) {
	f.Add(spend(1, op(1, 0), op(2, 0)).Append(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := wire.DecodeTx(raw)
		if err != nil {
			return
		}
		err = CheckTx(tx)
		again, _ := wire.DecodeTx(bytes.Clone(raw))
		if RuleOf(CheckTx(again)) != RuleOf(err) {
			t.Error("two verdicts")
		}
		if err == nil && outSum(tx) > MaxMoney {
			t.Error("too much money")
		}
	})
}

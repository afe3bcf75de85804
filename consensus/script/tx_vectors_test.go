package script

import (
	"encoding/json"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

type txCase struct {
	tx    *wire.Tx
	coins []wire.Out
	flags string
	text  string
}

func txCases(t *testing.T, name string) []txCase {
	var rows [][]any
	readJSON(t, name, &rows)
	var cases []txCase
	for _, row := range rows {
		if len(row) != 3 {
			continue // a comment
		}
		text, _ := json.Marshal(row)
		c := txCase{flags: row[2].(string), text: string(text)}
		if c.flags == "BADTX" {
			// Invalid whatever its scripts are: consensus runs these cases.
			cases = append(cases, c)
			continue
		}
		var err error
		if c.tx, err = wire.DecodeTx(unhex(t, row[1].(string))); err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		c.coins = spentBy(t, c.tx, row[0].([]any))
		cases = append(cases, c)
	}
	return cases
}

// spentBy orders a case's outputs by the inputs that spend them.
func spentBy(t *testing.T, tx *wire.Tx, list []any) []wire.Out {
	outs := map[wire.Outpoint]wire.Out{}
	for _, v := range list {
		row := v.([]any)
		id, err := wire.ParseHash(row[0].(string))
		if err != nil {
			t.Fatal(err)
		}
		index, _ := row[1].(json.Number).Int64()
		out := wire.Out{Script: assemble(t, row[2].(string))}
		if len(row) > 3 {
			out.Value, _ = row[3].(json.Number).Int64()
		}
		outs[wire.Outpoint{TxID: id, Index: uint32(index)}] = out
	}
	coins := make([]wire.Out, len(tx.Ins))
	for i := range tx.Ins {
		out, ok := outs[tx.Ins[i].Prev]
		if !ok {
			t.Fatalf("%v: output %v is not given", tx.ID(), tx.Ins[i].Prev)
		}
		coins[i] = out
	}
	return coins
}

// passes says whether all inputs pass under f.
func (c *txCase) passes(t *testing.T, f Flags) bool {
	spend := NewSpend(c.tx, c.coins, f)
	for i := range c.tx.Ins {
		if verdict(t, Check{Spend: spend, In: i}) != "OK" {
			return false
		}
	}
	return true
}

func (c *txCase) parse(t *testing.T) Flags {
	f, err := parseFlags(c.flags)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTxValid runs tx_valid.json: each transaction passes under all flags but
// those listed, and fails if a single one of those is added.
func TestTxValid(t *testing.T) {
	cases := txCases(t, "tx_valid.json")
	for _, c := range cases {
		f := every &^ c.parse(t)
		if fill(f) != f {
			t.Errorf("%s: not a combination of flags", c.text)
		}
		if !c.passes(t, f) {
			t.Errorf("%s: fails under %v", c.text, f)
		}
		if blocks := trim(Mandatory & f); !c.passes(t, blocks) {
			t.Errorf("%s: fails under %v", c.text, blocks)
		}
		for i := range flagNames {
			bit := Flags(1) << i
			if less := trim(f &^ bit); !c.passes(t, less) {
				t.Errorf("%s: fails without %v", c.text, bit)
			}
			without := trim(c.parse(t) &^ bit)
			if more := every &^ without; without != c.parse(t) && c.passes(t, more) {
				t.Errorf("%s: passes under %v, so that %v is listed in vain", c.text, more, bit)
			}
		}
	}
	t.Logf("%d cases of tx_valid.json", len(cases))
	if want := 121; len(cases) != want {
		t.Errorf("ran %d cases, want %d", len(cases), want)
	}
}

// TestTxInvalid runs tx_invalid.json: each transaction fails under the flags
// listed, and passes if a single one of those is taken away.
func TestTxInvalid(t *testing.T) {
	ran, bad := 0, 0
	for _, c := range txCases(t, "tx_invalid.json") {
		if c.flags == "BADTX" {
			bad++
			continue
		}
		ran++
		f := c.parse(t)
		if c.passes(t, f) {
			t.Errorf("%s: passes under %v", c.text, f)
		}
		if f&^Mandatory == 0 && c.passes(t, Mandatory) {
			t.Errorf("%s: passes under %v", c.text, Mandatory)
		}
		for i := range flagNames {
			bit := Flags(1) << i
			if more := fill(f | bit); c.passes(t, more) {
				t.Errorf("%s: passes with %v added", c.text, bit)
			}
			if less := trim(f &^ bit); less != f && !c.passes(t, less) {
				t.Errorf("%s: fails under %v, so that %v is listed in vain", c.text, less, bit)
			}
		}
	}
	t.Logf("%d cases of tx_invalid.json; %d are bad transactions before any script runs", ran, bad)
	if ran != 84 || bad != 9 {
		t.Errorf("%d cases and %d bad transactions, want 84 and 9", ran, bad)
	}
}

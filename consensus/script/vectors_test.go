package script

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// opcodesByName reads the vectors' words, with OP_ and without.
var opcodesByName = func() map[string]byte {
	names := map[string]byte{}
	for op, name := range opcodeNames {
		if op == opReserved || op >= opNop && name != "" {
			names[name] = byte(op)
			names[strings.TrimPrefix(name, "OP_")] = byte(op)
		}
	}
	return names
}()

// assemble reads the vectors' script language: numbers, 0xraw, 'text', opcodes.
func assemble(t testing.TB, text string) []byte {
	t.Helper()
	var s []byte
	for word := range strings.FieldsSeq(text) {
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			s = appendNumber(s, number(n))
		} else if raw, ok := strings.CutPrefix(word, "0x"); ok {
			s = append(s, unhex(t, raw)...)
		} else if strings.HasPrefix(word, "'") {
			s = AppendPush(s, []byte(strings.Trim(word, "'")))
		} else if op, ok := opcodesByName[word]; ok {
			s = append(s, op)
		} else {
			t.Fatalf("script %q: word %q is unknown", text, word)
		}
	}
	return s
}

func appendNumber(s []byte, n number) []byte {
	switch {
	case n == 0:
		return append(s, op0)
	case n == -1 || n >= 1 && n <= 16:
		return append(s, byte(n+op1-1))
	}
	return AppendPush(s, n.bytes())
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("hex %.40q: %v", s, err)
	}
	return b
}

func readJSON(t testing.TB, name string, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(realdata.Read(t, name)))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// crediting and spending are the two transactions of script_tests.json.
func spending(sig, prev []byte, witness [][]byte, value int64) *wire.Tx {
	credit := &wire.Tx{
		Version: 1,
		Ins:     []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: []byte{0, 0}, Sequence: finalSequence}},
		Outs:    []wire.Out{{Value: value, Script: prev}},
	}
	return (&wire.Tx{
		Version: 1,
		Ins:     []wire.In{{Prev: wire.Outpoint{TxID: credit.ID()}, Script: sig, Sequence: finalSequence, Witness: witness}},
		Outs:    []wire.Out{{Value: value}},
	}).Seal()
}

// verdict runs a check by every way there is, insists that they agree and
// returns Core's name of the outcome.
func verdict(t testing.TB, c Check) string {
	t.Helper()
	err := interpret(t, c)
	if c.engineFollows() && c.engineAccepts() != (err == nil) {
		t.Errorf("engine and interpreter differ under %v; the interpreter says %v", c.Flags, err)
	}
	if passes(t, c) && err != nil {
		t.Errorf("the fast path accepts what fails with %v under %v", err, c.Flags)
	}
	if run := run(c); (run == nil) != (err == nil) || run != nil && !errors.Is(run, err) {
		t.Errorf("Run says %v, the interpreter %v, under %v", run, err, c.Flags)
	}
	if err != nil {
		return err.Code
	}
	return "OK"
}

// run, interpret and passes are the ways to run a single check.
func run(c Check) error {
	_, err := NewBatch(nil).Run([]Check{c})
	return err
}

func interpret(t testing.TB, c Check) *Error {
	t.Helper()
	err := NewBatch(nil).Interpret(c)
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	return e
}

func passes(t testing.TB, c Check) bool {
	t.Helper()
	var ok [1]bool
	if err := NewBatch(nil).Pass([]Check{c}, ok[:]); err != nil {
		t.Fatal(err)
	}
	return ok[0]
}

// fill and trim make flags a combination that Core allows.
func fill(f Flags) Flags {
	if f&CleanStack != 0 {
		f |= Witness
	}
	if f&Witness != 0 {
		f |= P2SH
	}
	return f
}

func trim(f Flags) Flags {
	if f&P2SH == 0 {
		f &^= Witness
	}
	if f&Witness == 0 {
		f &^= CleanStack
	}
	return f
}

type scriptCase struct {
	sig, prev []byte
	witness   [][]byte
	value     int64
	flags     Flags
	want      string
	text      string
}

func (c *scriptCase) verdict(t testing.TB, f Flags) string {
	t.Helper()
	spend := NewSpend(spending(c.sig, c.prev, c.witness, c.value), []wire.Out{{Value: c.value, Script: c.prev}}, f)
	return verdict(t, Check{Spend: spend})
}

// TestScriptVectors runs script_tests.json, and as Core's test does: no flag
// less breaks what passes, no flag more mends what fails.
func TestScriptVectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	ran := 0
	for _, c := range scriptCases(t) {
		if got := c.verdict(t, c.flags); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
		for range 16 {
			extra := Flags(rng.Uint32()) & every
			f := fill(c.flags | extra)
			if c.want == "OK" {
				f = trim(c.flags &^ extra)
			}
			if got := c.verdict(t, f); (got == "OK") != (c.want == "OK") {
				t.Errorf("%s: got %s under %v", c.text, got, f)
			}
		}
		c.verdict(t, Mandatory) // for the engine's sake
		ran++
	}
	t.Logf("%d cases of script_tests.json", ran)
	if want := 1222; ran != want {
		t.Errorf("ran %d cases, want %d", ran, want)
	}
}

func scriptCases(t testing.TB) []scriptCase {
	var rows [][]any
	readJSON(t, "script_tests.json", &rows)
	var cases []scriptCase
	for _, row := range rows {
		if len(row) < 4 {
			continue // a comment
		}
		cases = append(cases, readScriptCase(t, row))
	}
	return cases
}

func readScriptCase(t testing.TB, row []any) scriptCase {
	text, _ := json.Marshal(row)
	c := scriptCase{text: string(text)}
	var output []byte
	if list, ok := row[0].([]any); ok {
		last := len(list) - 1
		c.value = satoshis(t, list[last].(json.Number))
		c.witness, output = readWitness(t, list[:last])
		row = row[1:]
	}
	c.sig = assemble(t, row[0].(string))
	if row[1] == "0x51 0x20 #TAPROOTOUTPUT#" {
		c.prev = append([]byte{op1, 32}, output...)
	} else {
		c.prev = assemble(t, row[1].(string))
	}
	f, err := parseFlags(row[2].(string))
	if err != nil {
		t.Fatal(err)
	}
	if f&CleanStack != 0 {
		f |= P2SH | Witness
	}
	c.flags, c.want = f, row[3].(string)
	return c
}

// readWitness reads witness items; a leaf script and its control block are
// written as templates, and output is then the key they make.
func readWitness(t testing.TB, items []any) (witness [][]byte, output []byte) {
	for _, v := range items {
		item := v.(string)
		if text, ok := strings.CutPrefix(item, "#SCRIPT#"); ok {
			witness = append(witness, assemble(t, text))
		} else if item == "#CONTROLBLOCK#" {
			var control []byte
			control, output = singleLeaf(witness[len(witness)-1])
			witness = append(witness, control)
		} else {
			witness = append(witness, unhex(t, item))
		}
	}
	return witness, output
}

// singleLeaf commits to one leaf script under the vectors' first key, 1.
func singleLeaf(script []byte) (control, output []byte) {
	key, _ := btcec.PrivKeyFromBytes([]byte{1})
	root := leafHash(leafTapscript, script)
	tweaked := txscript.ComputeTaprootOutputKey(key.PubKey(), root[:])
	parity := tweaked.SerializeCompressed()[0] & 1
	control = append([]byte{leafTapscript | parity}, schnorr.SerializePubKey(key.PubKey())...)
	return control, schnorr.SerializePubKey(tweaked)
}

func satoshis(t testing.TB, n json.Number) int64 {
	t.Helper()
	whole, frac, _ := strings.Cut(n.String(), ".")
	v, err := strconv.ParseInt(whole+(frac + "00000000")[:8], 10, 64)
	if err != nil {
		t.Fatalf("amount %v: %v", n, err)
	}
	return v
}

// parseFlags reads a comma-separated list of Core's names; "" and "NONE" are
// no flags.
func parseFlags(s string) (Flags, error) {
	if s == "" || s == "NONE" {
		return None, nil
	}
	var f Flags
	for name := range strings.SplitSeq(s, ",") {
		bit, ok := flagNamed(strings.TrimSpace(name))
		if !ok {
			return None, fmt.Errorf("script flag %q is unknown; the names are %s", name, every)
		}
		f |= bit
	}
	return f, nil
}

func flagNamed(name string) (Flags, bool) {
	for i, n := range flagNames {
		if n == name {
			return 1 << i, true
		}
	}
	return None, false
}

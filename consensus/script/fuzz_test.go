package script

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// FuzzRun gives Run arbitrary scripts and witnesses. It must not panic, and
// where the engine decides, the interpreter must agree.
func FuzzRun(f *testing.F) {
	for _, c := range scriptCases(f) {
		var items []byte
		for _, item := range c.witness {
			items = append(AppendPush(items, item), opNop)
		}
		f.Add(c.sig, c.prev, items, uint32(c.flags), int32(2), uint32(1), uint32(500))
		f.Add(c.sig, c.prev, items, uint32(Mandatory), int32(2), uint32(1), uint32(500))
	}
	f.Fuzz(func(t *testing.T, sig, prev, items []byte, flags uint32, version int32, sequence, lock uint32) {
		tx := &wire.Tx{
			Version: version, LockTime: lock, Outs: []wire.Out{{Value: 1}},
			Ins: []wire.In{{Script: sig, Sequence: sequence, Witness: split(items)}},
		}
		if len(tx.Ins[0].Witness) == 0 {
			tx.Ins[0].Witness = nil
		}
		coins := []wire.Out{{Value: 2, Script: prev}}
		for _, flags := range []Flags{fill(Flags(flags) & every), Mandatory, Standard} {
			verdict(t, Check{Spend: NewSpend(tx.Seal(), coins, flags)})
		}
	})
}

// split takes a witness's items from the pushes of a script.
func split(items []byte) (witness [][]byte) {
	for c := (cursor{script: items}); c.more(); {
		op, data, ok := c.next()
		if !ok {
			break
		}
		if op <= opPushData4 {
			witness = append(witness, data)
		}
	}
	return witness
}

// FuzzTemplates gives everything that reads one script arbitrary bytes.
func FuzzTemplates(f *testing.F) {
	f.Add(payToKeyHash(make([]byte, 20)))
	f.Add([]byte{opPushData4, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{op1, 1, 2, op1, opCheckMultisig})
	f.Fuzz(func(t *testing.T, s []byte) {
		kind := Classify(s)
		Disasm(s)
		DisasmSig(s)
		if Sigops(s, true) > Sigops(s, false) {
			t.Error("more accurate, yet more operations")
		}
		if _, _, ok := WitnessProgram(s); ok && !IsPushOnly(s) {
			t.Error("a witness program only pushes")
		}
		if kind == TypeNullData && !IsUnspendable(s) {
			t.Error("null data is unspendable")
		}
		if cut, _ := findAndDelete(s, []byte{op0}); len(cut) > len(s) {
			t.Error("deleting makes longer")
		}
	})
}

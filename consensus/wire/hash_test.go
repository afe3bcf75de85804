package wire_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

func TestHashText(t *testing.T) {
	const display = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
	h, err := wire.ParseHash(display)
	if err != nil {
		t.Fatal(err)
	}
	if h[0] != 0x6f || h[31] != 0 || h.String() != display {
		t.Errorf("internal order %x, shown as %v", h[:], h)
	}
	enc, err := json.Marshal(h)
	if err != nil || string(enc) != `"`+display+`"` {
		t.Errorf("JSON %s, %v", enc, err)
	}
	var back wire.Hash
	if err := json.Unmarshal(enc, &back); err != nil || back != h {
		t.Errorf("JSON reads back as %v, %v", back, err)
	}
	for _, bad := range []string{"", display[1:], display + "00", "g" + display[1:], " " + display[1:]} {
		if got, err := wire.ParseHash(bad); err == nil || !got.IsZero() {
			t.Errorf("%q parsed as %v, %v", bad, got, err)
		}
	}
	if h.IsZero() || !(wire.Hash{}).IsZero() {
		t.Error("IsZero")
	}
	if h.Compare(h) != 0 || h.Compare(wire.Hash{}) != 1 || (wire.Hash{}).Compare(h) != -1 {
		t.Error("Compare")
	}
}

func TestOutpoint(t *testing.T) {
	null := wire.Outpoint{Index: wire.CoinbaseIndex}
	for _, c := range []struct {
		op   wire.Outpoint
		null bool
	}{
		{null, true},
		{wire.Outpoint{}, false},
		{wire.Outpoint{TxID: wire.Hash{31: 1}, Index: wire.CoinbaseIndex}, false},
	} {
		if c.op.IsNull() != c.null {
			t.Errorf("%v: IsNull is %v", c.op, !c.null)
		}
	}
	op := wire.Outpoint{TxID: wire.Hash{0: 0xab}, Index: 3}
	if want := strings.Repeat("0", 62) + "ab:3"; op.String() != want {
		t.Errorf("%v, want %s", op, want)
	}
	tx, err := wire.DecodeTx(unhex(t, witnessTx))
	if err != nil {
		t.Fatal(err)
	}
	if got := tx.Outpoint(1); got.TxID != tx.ID() || got.Index != 1 {
		t.Errorf("outpoint %v", got)
	}
}

func TestVarint(t *testing.T) {
	for _, c := range []struct {
		v   uint64
		enc string
	}{
		{0, "00"}, {1, "01"}, {0xfc, "fc"},
		{0xfd, "fdfd00"}, {0xffff, "fdffff"},
		{0x10000, "fe00000100"}, {0xffffffff, "feffffffff"},
		{0x100000000, "ff0000000001000000"}, {1<<64 - 1, "ffffffffffffffffff"},
	} {
		got := wire.AppendVarint(nil, c.v)
		if !bytes.Equal(got, unhex(t, c.enc)) || wire.VarintSize(c.v) != len(got) {
			t.Errorf("%d encodes to %x in %d bytes, want %s", c.v, got, wire.VarintSize(c.v), c.enc)
		}
	}
}

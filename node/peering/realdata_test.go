package peering

import (
	"encoding/binary"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// A real chain of 150 blocks and 23,373 transactions travels from one node to
// two others.
func TestPaymentsTravel(t *testing.T) {
	raw := realdata.Read(t, "chain-payments.dat")
	a, b, c := start(t, "a", setup{}), start(t, "b", setup{}), start(t, "c", setup{})
	for len(raw) > 0 {
		size := binary.LittleEndian.Uint32(raw[4:])
		block, err := wire.DecodeBlock(raw[8 : 8+size])
		fatal(t, err)
		if block.Header.Parent.IsZero() {
			raw = raw[8+size:]
			continue
		}
		fatal(t, a.chain.AddBlock(t.Context(), block))
		raw = raw[8+size:]
	}
	const want = "564f1bb9c69e61297d68b00d882abee29629e069749273970e75f6ddeadcae2f"
	if tip := a.chain.Tip(); tip.ID.String() != want {
		t.Fatalf("imported up to %v at height %d", tip.ID, tip.Height)
	}
	meet(t, b, a)
	meet(t, c, b)
	waitTip(t, a, b, c)
}

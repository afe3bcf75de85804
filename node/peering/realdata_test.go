package peering

import (
	"encoding/binary"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// A real chain of 150 blocks and 23,373 transactions travels from one node to
// two others. The race detector, under which signatures take long, sees only
// its beginning.
func TestPaymentsTravel(t *testing.T) {
	raw := realdata.Read(t, "chain-payments.dat")
	a, b, c := start(t, "a", setup{}), start(t, "b", setup{}), start(t, "c", setup{})
	const tip = "564f1bb9c69e61297d68b00d882abee29629e069749273970e75f6ddeadcae2f"
	for len(raw) > 0 && !(underRace && a.chain.Tip().Height == 112) {
		end := 8 + binary.LittleEndian.Uint32(raw[4:])
		block, err := wire.DecodeBlock(raw[8:end])
		fatal(t, err)
		if !block.Header.Parent.IsZero() {
			fatal(t, a.chain.AddBlock(t.Context(), block))
		}
		raw = raw[end:]
	}
	if id := a.chain.Tip().ID.String(); id != tip && !underRace {
		t.Fatalf("imported up to %v", id)
	}
	meet(t, b, a)
	meet(t, c, b)
	waitTip(t, a, b, c)
	// Their tips are old, but nobody has more: they have caught up.
	waitSynced(t, a, b, c)
}

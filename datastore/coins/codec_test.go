package coins

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

const key20, key32 = "00112233445566778899aabbccddeeff00112233", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func TestUsualScriptsAreStoredWithoutTheirForm(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		size   int // of an encoding with height 1 and 50 coins: 1+1 bytes before the script
	}{
		"P2PKH":            {"76a914" + key20 + "88ac", 2 + 1 + 20},
		"P2SH":             {"a914" + key20 + "87", 2 + 1 + 20},
		"P2WPKH":           {"0014" + key20, 2 + 1 + 20},
		"P2WSH":            {"0020" + key32, 2 + 1 + 32},
		"P2TR":             {"5120" + key32, 2 + 1 + 32},
		"almost P2PKH":     {"76a914" + key20 + "88ad", 2 + 1 + 25},
		"almost P2WPKH":    {"5114" + key20, 2 + 1 + 22},
		"longer than P2SH": {"a914" + key20 + "8787", 2 + 1 + 24},
		"none":             {"", 2 + 1},
	} {
		coin := consensus.Coin{Out: wire.Out{Value: 50 * consensus.Coins, Script: unhex(c.script)}, Height: 1, Coinbase: true}
		b := Append(nil, &coin)
		if len(b) != c.size {
			t.Errorf("%s takes %d bytes, want %d", name, len(b), c.size)
		}
		got, err := Decode(b)
		if err != nil || !same(got, coin) {
			t.Errorf("%s comes back as %+v, %v", name, got, err)
		}
	}
}

func same(a, b consensus.Coin) bool {
	return a.Value == b.Value && bytes.Equal(a.Script, b.Script) && a.Height == b.Height &&
		a.Coinbase == b.Coinbase && a.Missing == b.Missing
}

func FuzzDecode(f *testing.F) {
	for _, script := range []string{"", "0014" + key20, "5120" + key32, "51"} {
		f.Add(Append(nil, &consensus.Coin{Out: wire.Out{Value: 12345, Script: unhex(script)}, Height: 700_000}))
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Errorf("error of another kind: %v", err)
			}
			return
		}
		again, err := Decode(Append(nil, &c))
		if c.Value >= 0 && c.Value <= consensus.MaxMoney && (err != nil || !same(again, c)) {
			t.Errorf("%+v comes back as %+v, %v", c, again, err)
		}
	})
}

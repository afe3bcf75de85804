package consensus

import (
	"encoding/hex"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// What the first coinbases say, and to whom they pay.
const (
	timesText    = "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
	timesKey     = "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f"
	testnet4Text = "03/May/2024 000000000000000000001ebd58c244970b3aa9d783bb001011fbe8ea8e98e00e"
	testnet4Key  = "000000000000000000000000000000000000000000000000000000000000000000"
)

// genesis builds a chain's first block: a coinbase of 50 coins that carries text
// and pays to a public key, given in hex.
func genesis(text, key string, time, nonce uint32, bits work.Bits) *wire.Block {
	// The number 486604799, which is 0x1d00ffff, and the number 4, then the text.
	sig := []byte{4, 0xff, 0xff, 0x00, 0x1d, 1, 4}
	if len(text) > 75 {
		sig = append(sig, 0x4c) // OP_PUSHDATA1
	}
	sig = append(append(sig, byte(len(text))), text...)

	pub, err := hex.DecodeString(key)
	if err != nil {
		panic(err) // a constant of this file
	}
	pay := append([]byte{byte(len(pub))}, pub...)
	pay = append(pay, 0xac) // OP_CHECKSIG

	tx := &wire.Tx{
		Version: 1,
		Ins: []wire.In{{
			Prev:     wire.Outpoint{Index: wire.CoinbaseIndex},
			Script:   sig,
			Sequence: 0xffffffff,
		}},
		Outs: []wire.Out{{Value: 50 * Coins, Script: pay}},
	}
	tx.Seal()
	return wire.NewBlock(wire.Header{
		Version: 1,
		Merkle:  tx.ID(),
		Time:    time,
		Bits:    uint32(bits),
		Nonce:   nonce,
	}, []*wire.Tx{tx})
}

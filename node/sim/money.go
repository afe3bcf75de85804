package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// A witness of up to seven items of padding is taken off the stack by a script
// that leaves true: anybody may spend, and no signature is checked, so that a
// big swarm's computing goes where the simulation looks.
const (
	opDrop    = 0x75
	op2Drop   = 0x6d
	opTrue    = 0x51
	opReturn  = 0x6a
	maxItem   = 520 // bytes of a witness item
	minTxSize = 200 // bytes of a transaction that Spend makes, about
)

// open is the script of the coins: eight items of padding, then true.
var open = []byte{op2Drop, op2Drop, op2Drop, op2Drop, opTrue}

const padItems = 8

// PayAnyone is the output script of coins that anybody may spend (P2WSH).
func PayAnyone() []byte {
	sum := sha256.Sum256(open)
	return append([]byte{0x00, 0x20}, sum[:]...)
}

// Unlock is the witness that spends PayAnyone with about pad bytes of padding,
// at most 8 · 520.
func Unlock(pad int) [][]byte {
	items := make([][]byte, 0, padItems+1)
	for i := range padItems {
		n := min(maxItem, (pad+padItems-1-i)/(padItems-i))
		items = append(items, make([]byte, n))
		pad -= n
	}
	return append(items, open)
}

// MinSpend and MaxSpend bound the size of what Pay makes, in bytes.
const (
	MinSpend = 94 + 2 + 1 + padItems + 1 + 5
	MaxSpend = MinSpend + padItems*(maxItem+2)
)

// Pay spends one coin of PayAnyone to another, in a transaction of about size
// bytes, most of them witness. tag makes it differ from others of the same coin.
func Pay(coin wire.Outpoint, value, fee int64, size int, tag uint32) *wire.Tx {
	w := Unlock(max(0, size-MinSpend))
	return (&wire.Tx{
		Version: 2, LockTime: 0,
		Ins:  []wire.In{{Prev: coin, Sequence: 0xf0000000 | tag&0xffffff, Witness: w}},
		Outs: []wire.Out{{Value: value - fee, Script: PayAnyone()}},
	}).Seal()
}

// Block puts a block after prev together, pays its reward to anybody, and does
// its work. tag makes it differ from others with the same transactions.
func Block(prev consensus.State, at uint32, tag uint64, fees int64, txs ...*wire.Tx) *wire.Block {
	height := prev.Height + 1
	cb := &wire.Tx{
		Version: 2,
		Ins: []wire.In{{
			Prev:     wire.Outpoint{Index: wire.CoinbaseIndex},
			Script:   binary.LittleEndian.AppendUint64(append(consensus.HeightScript(height), 8), tag),
			Sequence: 0xffffffff,
			Witness:  [][]byte{make([]byte, 32)},
		}},
		Outs: []wire.Out{{Value: prev.Params.Subsidy(height) + fees, Script: PayAnyone()}},
	}
	all := append([]*wire.Tx{cb}, txs...)
	root := consensus.WitnessRoot(&wire.Block{Txs: all})
	cb.Outs = append(cb.Outs, wire.Out{Script: consensus.WitnessCommitment(root, [32]byte{})})
	cb.Seal()
	h := wire.Header{Version: 0x20000000, Parent: prev.ID, Time: max(at, prev.MedianTimePast()+1)}
	h.Bits = uint32(consensus.NextBits(&prev, h.Time))
	h.Merkle, _ = wire.MerkleRoot((&wire.Block{Txs: all}).TxIDs())
	for !work.Bits(h.Bits).Met(h.ID()) {
		h.Nonce++
	}
	return wire.NewBlock(h, all)
}

// genesis is the history that all nodes of a swarm begin with.
type history struct {
	blocks []*wire.Block
	coins  []wire.Outpoint // mature coins, all worth the same
	worth  int64
}

const (
	perFan   = 2000 // coins that one coinbase is divided into
	fanBlock = 8    // dividing transactions in a block
)

// past makes a history with at least coins mature coins, its last block found
// a minute before now.
func past(p *consensus.Params, coins int, now time.Time) history {
	fans := (coins + perFan - 1) / perFan
	length := fans + int(p.Maturity) + (fans+fanBlock-1)/fanBlock
	length = max(length, int(p.Maturity)+1)
	h := history{}
	state := consensus.GenesisState(p)
	for k := range length {
		at := uint32(now.Add(time.Duration(k-length) * time.Minute).Unix())
		var txs []*wire.Tx
		for i := range fanBlock {
			if f := (k-fans-int(p.Maturity))*fanBlock + i; k >= fans+int(p.Maturity) && f < fans {
				txs = append(txs, fan(h.blocks[f].Txs[0]))
			}
		}
		b := Block(state, at, uint64(k), 0, txs...)
		for _, t := range txs {
			h.worth = t.Outs[0].Value
			for i := range t.Outs {
				h.coins = append(h.coins, t.Outpoint(i))
			}
		}
		next, err := consensus.ApplyHeader(state, &b.Header, b.ID())
		if err != nil {
			panic(fmt.Sprintf("sim: header %d of the history: %v", k, err))
		}
		h.blocks, state = append(h.blocks, b), next
	}
	return h
}

// fan divides a coinbase's first output.
func fan(cb *wire.Tx) *wire.Tx {
	t := &wire.Tx{
		Version: 2,
		Ins:     []wire.In{{Prev: cb.Outpoint(0), Sequence: 0xfffffffd, Witness: Unlock(0)}},
		Outs:    make([]wire.Out, perFan),
	}
	pay := PayAnyone()
	for i := range t.Outs {
		t.Outs[i] = wire.Out{Value: cb.Outs[0].Value / perFan, Script: pay}
	}
	return t.Seal()
}

var regtest = sync.OnceValue(func() *consensus.Params {
	p, err := consensus.Chain("regtest")
	if err != nil {
		panic(err)
	}
	return p
})

package coinset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Kind says which hash of the set is wanted, by gettxoutsetinfo's names.
type Kind string

// The kinds that there are.
const (
	None       Kind = "none"
	Serialized Kind = "hash_serialized_3" // double SHA-256 of all coins in order
	Multiset   Kind = "muhash"            // see MuHash
)

// ParseKind reads gettxoutsetinfo's hash_type. The error lists the names.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case None, Serialized, Multiset:
		return k, nil
	}
	return "", fmt.Errorf("%q is not a valid hash_type: there are %s, %s and %s", s, Serialized, Multiset, None)
}

// Stats sums up a coin set.
type Stats struct {
	Kind  Kind
	Hash  wire.Hash // zero for None; shown in display order by Core, too
	Coins uint64
	Txs   uint64 // transactions with at least one coin
	// Bogosize is a measure of the set's size that depends on nothing but the
	// set: 50 bytes a coin and its script's.
	Bogosize uint64
	Amount   int64 // satoshis
}

// Sum goes through the coins that each calls its function with, in the order of
// (txid bytes, index), as chain.Store's EachCoin does.
func Sum(ctx context.Context, each func(context.Context, func(wire.Outpoint, consensus.Coin) error) error, kind Kind) (Stats, error) {
	a := adder{stats: Stats{Kind: kind}, sha: sha256.New()}
	if err := each(ctx, a.add); err != nil {
		return Stats{}, err
	}
	switch kind {
	case Serialized:
		a.stats.Hash = sha256.Sum256(a.sha.Sum(nil))
	case Multiset:
		a.stats.Hash = a.mu.Sum()
	}
	return a.stats, nil
}

type adder struct {
	stats Stats
	last  wire.Hash
	buf   []byte
	sha   hash.Hash
	mu    MuHash
}

// Bogosize is the share of a coin that pays to the script: id, index, height and
// coinbase, amount, length of the script, and that.
func Bogosize(script []byte) uint64 { return 32 + 4 + 4 + 8 + 2 + uint64(len(script)) }

func (a *adder) add(op wire.Outpoint, c consensus.Coin) error {
	if a.stats.Coins == 0 || op.TxID != a.last {
		a.stats.Txs++
		a.last = op.TxID
	}
	a.stats.Coins++
	a.stats.Bogosize += Bogosize(c.Script)
	a.stats.Amount += c.Value
	switch a.stats.Kind {
	case Serialized:
		a.buf = Append(a.buf[:0], op, &c)
		a.sha.Write(a.buf)
	case Multiset:
		a.buf = Append(a.buf[:0], op, &c)
		a.mu.Add(a.buf)
	}
	return nil
}

// Append adds to dst what the hashes take of a coin (Bitcoin Core,
// kernel/coinstats.cpp TxOutSer): outpoint, uint32 of height*2+coinbase, output.
func Append(dst []byte, op wire.Outpoint, c *consensus.Coin) []byte {
	dst = append(dst, op.TxID[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, op.Index)
	place := c.Height << 1
	if c.Coinbase {
		place |= 1
	}
	dst = binary.LittleEndian.AppendUint32(dst, place)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(c.Value))
	dst = wire.AppendVarint(dst, uint64(len(c.Script)))
	return append(dst, c.Script...)
}

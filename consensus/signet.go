package consensus

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// signetMark starts the push, in the witness commitment's output, that holds a
// signet block's solution (BIP325).
var signetMark = [4]byte{0xec, 0xc7, 0xda, 0xa2}

const signetFlags = script.P2SH | script.Witness | script.DERSig | script.NullDummy

const opReturn = 0x6a // the opcode

// checkSignet judges whether b's solution satisfies the challenge: whether it
// signs a made-up transaction that commits to all of b but the solution.
func checkSignet(challenge []byte, b *wire.Block, scripts *script.Batch) error {
	spend, why := signetSpend(challenge, b)
	if why != "" {
		return broken(BadSignetSolution, "%s", why)
	}
	_, err := scripts.Run(spend.Checks())
	if e := (*script.Error)(nil); errors.As(err, &e) {
		return broken(BadSignetSolution, "%v", e)
	}
	return err
}

// signetSpend builds the made-up transaction, or says why it cannot.
func signetSpend(challenge []byte, b *wire.Block) (spend *script.Spend, why string) {
	if len(b.Txs) == 0 {
		return nil, "no transactions"
	}
	at := commitmentOutput(b.Txs[0])
	if at < 0 {
		return nil, "the coinbase commits to no witness, where the solution would be"
	}
	// No solution at all is well if the challenge asks for nothing.
	var in wire.In
	coinbase := b.Txs[0]
	if bare, solution, found := cutSolution(coinbase.Outs[at].Script); found {
		var ok bool
		if in.Script, in.Witness, ok = decodeSolution(solution); !ok {
			return nil, "the solution is no script and witness"
		}
		coinbase = withOutScript(coinbase, at, bare)
	}

	funds := &wire.Tx{
		Ins:  []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: signetData(b, coinbase)}},
		Outs: []wire.Out{{Script: challenge}},
	}
	in.Prev.TxID = funds.ID()
	spends := &wire.Tx{Ins: []wire.In{in}, Outs: []wire.Out{{Script: []byte{opReturn}}}}
	return script.NewSpend(spends.Seal(), funds.Outs, signetFlags), ""
}

// signetData is a script of OP_0 and a push of what a solution signs: the
// block's version, parent, Merkle root with the given coinbase, and time.
func signetData(b *wire.Block, coinbase *wire.Tx) []byte {
	ids := b.TxIDs()
	ids[0] = coinbase.ID()
	root, _ := wire.MerkleRoot(ids)
	const size = 4 + wire.HashSize + wire.HashSize + 4
	s := append(make([]byte, 0, 2+size), 0, size)
	s = binary.LittleEndian.AppendUint32(s, uint32(b.Header.Version))
	s = append(s, b.Header.Parent[:]...)
	s = append(s, root[:]...)
	return binary.LittleEndian.AppendUint32(s, b.Header.Time)
}

// cutSolution returns the solution in s and s with the mark alone in its
// place. As in Core, s is written anew from its operations, and what follows
// a broken one is lost.
func cutSolution(s []byte) (bare, solution []byte, found bool) {
	bare = make([]byte, 0, len(s))
	for {
		op, data, rest, ok := script.NextOp(s)
		if !ok {
			return bare, solution, found
		}
		s = rest
		if len(data) == 0 {
			bare = append(bare, op)
			continue
		}
		if !found && len(data) > len(signetMark) && bytes.HasPrefix(data, signetMark[:]) {
			data, solution, found = data[:len(signetMark)], data[len(signetMark):], true
		}
		bare = script.AppendPush(bare, data)
	}
}

// withOutScript is t with another script in one output.
func withOutScript(t *wire.Tx, at int, s []byte) *wire.Tx {
	c := &wire.Tx{Version: t.Version, Ins: t.Ins, LockTime: t.LockTime}
	c.Outs = append(c.Outs, t.Outs...)
	c.Outs[at].Script = s
	return c.Seal()
}

// decodeSolution reads a script and a witness stack that fill b.
func decodeSolution(b []byte) (sig []byte, stack [][]byte, ok bool) {
	if sig, b, ok = cutBytes(b); !ok {
		return nil, nil, false
	}
	n, b, ok := cutVarint(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	for range n {
		var item []byte
		if item, b, ok = cutBytes(b); !ok {
			return nil, nil, false
		}
		stack = append(stack, item)
	}
	return sig, stack, len(b) == 0
}

// cutBytes takes a length and that many bytes off b.
func cutBytes(b []byte) (item, rest []byte, ok bool) {
	n, b, ok := cutVarint(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// cutVarint takes a compact size in its shortest form off b.
func cutVarint(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	var size int
	switch b[0] {
	case 0xfd:
		size = 3
	case 0xfe:
		size = 5
	case 0xff:
		size = 9
	default:
		return uint64(b[0]), b[1:], true
	}
	if len(b) < size {
		return 0, nil, false
	}
	var wide [8]byte
	copy(wide[:], b[1:size])
	n = binary.LittleEndian.Uint64(wide[:])
	return n, b[size:], wire.VarintSize(n) == size
}

package attack

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// What a villain says, encoded as package peering does (protocols.go, hello.go
// and topics.go there).

const maxFrame = 20 << 20

func readFrame(r io.Reader) ([]byte, error) {
	b := bufio.NewReader(r)
	n, err := binary.ReadUvarint(b)
	if err != nil {
		return nil, fmt.Errorf("frame length: %w", err)
	}
	if n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(b, raw); err != nil {
		return nil, fmt.Errorf("frame: %w", err)
	}
	return raw, nil
}

func frame(raw []byte) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(raw))), raw...)
}

func appendTip(b []byte, s consensus.State) []byte {
	b = append(b, s.ID[:]...)
	b = binary.LittleEndian.AppendUint32(b, s.Height)
	for _, limb := range s.Work {
		b = binary.LittleEndian.AppendUint64(b, limb)
	}
	return b
}

// hello claims a tip.
func hello(p *consensus.Params, tip consensus.State, nonce uint64) []byte {
	genesis, rules, agent := p.Genesis.ID(), p.Digest(), "sim/honest"
	b := binary.LittleEndian.AppendUint32(nil, 1) // version
	b = append(b, genesis[:]...)
	b = append(b, rules[:]...)
	b = appendTip(b, tip)
	b = binary.LittleEndian.AppendUint64(b, 1) // services
	b = binary.LittleEndian.AppendUint64(b, nonce)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(agent)))
	return append(b, agent...)
}

// headers is an answer to a locator.
func headers(tip consensus.State, hs []wire.Header) []byte {
	b := appendTip(nil, tip)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(hs)))
	for i := range hs {
		b = hs[i].Append(b)
	}
	return b
}

// bodies is an answer to ids; nil is absent.
func bodies(raws [][]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(raws)))
	for _, raw := range raws {
		if raw == nil {
			b = append(b, 0)
			continue
		}
		b = binary.LittleEndian.AppendUint32(append(b, 1), uint32(len(raw)))
		b = append(b, raw...)
	}
	return b
}

// ids reads a list of hashes; what is malformed is an empty one.
func ids(raw []byte) []wire.Hash {
	if len(raw) < 4 || (len(raw)-4)%wire.HashSize != 0 {
		return nil
	}
	var list []wire.Hash
	for raw = raw[4:]; len(raw) > 0; raw = raw[wire.HashSize:] {
		list = append(list, wire.Hash(raw))
	}
	return list
}

// txs is a list of transactions, as in answers.
func txs(ts ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(ts)))
	for _, t := range ts {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t)))
		b = append(b, t...)
	}
	return b
}

// batch is a gossiped batch of transactions.
func batch(salt uint64, ts ...[]byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, salt), txs(ts...)...)
}

// openBatch reads a gossiped batch; what is malformed is none.
func openBatch(raw []byte) (ts []*wire.Tx) {
	if len(raw) < 12 {
		return nil
	}
	for raw = raw[12:]; len(raw) >= 4; {
		n := int(binary.LittleEndian.Uint32(raw))
		if raw = raw[4:]; n > len(raw) {
			return nil
		}
		t, err := wire.DecodeTx(raw[:n])
		if err != nil {
			return nil
		}
		ts, raw = append(ts, t), raw[n:]
	}
	return ts
}

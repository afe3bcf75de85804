package script

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/quernnet/quern/consensus/wire"
)

// Values in wire encoding, appended to what is to be hashed.

func appendOutpoint(b []byte, o *wire.Outpoint) []byte {
	return binary.LittleEndian.AppendUint32(append(b, o.TxID[:]...), o.Index)
}

func appendBytes(b, data []byte) []byte {
	return append(wire.AppendVarint(b, uint64(len(data))), data...)
}

func appendOut(b []byte, o *wire.Out) []byte {
	return appendBytes(binary.LittleEndian.AppendUint64(b, uint64(o.Value)), o.Script)
}

// appendTag starts a tagged hash (BIP340), given the hash of its tag.
func appendTag(b []byte, tag *[32]byte) []byte {
	return append(append(b, tag[:]...), tag[:]...)
}

// hasher makes signature hashes, in memory that it keeps. What all inputs of a
// transaction share it computes once for as many as follow each other. Not for
// concurrent use.
type hasher struct {
	buf []byte
	mid midstate
}

// bufferMax is how large a buffer is kept, in bytes. Few transactions need more.
const bufferMax = 1 << 20

// forget lets go of the transaction last seen.
func (h *hasher) forget() {
	h.mid.tx, h.mid.first = nil, nil
	if cap(h.buf) > bufferMax {
		h.buf = nil
	}
}

// legacyHash is what a signature in a legacy script signs. code is the script
// from its last executed OP_CODESEPARATOR on, without the signatures; further
// separators are left out here. The hash type's upper bytes, zero in scripts,
// are hashed as given.
func (h *hasher) legacyHash(t *wire.Tx, in int, code []byte, hashType uint32) [32]byte {
	kind := hashType & hashMask
	if kind == hashSingle && in >= len(t.Outs) {
		return [32]byte{1} // a bug of the first client that became a rule
	}
	b := binary.LittleEndian.AppendUint32(h.buf[:0], uint32(t.Version))
	if hashType&anyoneCanPay != 0 {
		b = appendLegacyIn(append(b, 1), &t.Ins[in], code, true, kind)
	} else {
		b = wire.AppendVarint(b, uint64(len(t.Ins)))
		for i := range t.Ins {
			b = appendLegacyIn(b, &t.Ins[i], code, i == in, kind)
		}
	}
	b = appendLegacyOuts(b, t, in, kind)
	b = binary.LittleEndian.AppendUint32(b, t.LockTime)
	h.buf = binary.LittleEndian.AppendUint32(b, hashType)
	return wire.DoubleSHA256(h.buf)
}

func appendLegacyIn(b []byte, in *wire.In, code []byte, own bool, kind uint32) []byte {
	b = appendOutpoint(b, &in.Prev)
	if own {
		b = appendBytes(b, withoutSeparators(code))
	} else {
		b = append(b, 0)
	}
	if !own && (kind == hashNone || kind == hashSingle) {
		return append(b, 0, 0, 0, 0)
	}
	return binary.LittleEndian.AppendUint32(b, in.Sequence)
}

func appendLegacyOuts(b []byte, t *wire.Tx, in int, kind uint32) []byte {
	switch kind {
	case hashNone:
		return append(b, 0)
	case hashSingle:
		b = wire.AppendVarint(b, uint64(in)+1)
		for range in {
			b = append(b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0) // value -1, empty script
		}
		return appendOut(b, &t.Outs[in])
	}
	b = wire.AppendVarint(b, uint64(len(t.Outs)))
	for i := range t.Outs {
		b = appendOut(b, &t.Outs[i])
	}
	return b
}

// withoutSeparators leaves every OP_CODESEPARATOR out of a script.
func withoutSeparators(code []byte) []byte {
	var out []byte
	kept := 0
	for c := (cursor{script: code}); c.more(); {
		op, _, ok := c.next()
		if !ok {
			break
		}
		if op == opCodeSeparator {
			out = append(out, code[kept:c.pos-1]...)
			kept = c.pos
		}
	}
	if kept == 0 {
		return code
	}
	return append(out, code[kept:]...)
}

// findAndDelete leaves every operation that equals op out of a script, and
// says whether there was one. op is one push, as a legacy signature check
// removes its own signature from what it signs.
func findAndDelete(code, op []byte) ([]byte, bool) {
	var out []byte
	kept, found := 0, false
	for c := (cursor{script: code}); c.more(); {
		start := c.pos
		if _, _, ok := c.next(); !ok {
			break
		}
		if string(code[start:c.pos]) == string(op) {
			out = append(out, code[kept:start]...)
			kept, found = c.pos, true
		}
	}
	if !found {
		return code, false
	}
	return append(out, code[kept:]...), true
}

// midstate holds what the signature hashes of all of a transaction's inputs
// share (BIP143, BIP341).
type midstate struct {
	tx    *wire.Tx  // whose; nil: of nothing yet
	first *wire.Out // of the coins

	prevouts, sequences, outputs    [32]byte // hashed once
	prevouts2, sequences2, outputs2 [32]byte // hashed twice
	coins                           bool     // the rest is known, which taproot alone asks for
	amounts, scripts                [32]byte // of the coins
}

// midstate is s's, its part about the coins too if that is asked for.
func (h *hasher) midstate(s *Spend, coins bool) *midstate {
	m := &h.mid
	if m.tx != s.Tx || m.first != &s.Coins[0] {
		m.tx, m.first, m.coins = s.Tx, &s.Coins[0], false
		h.hashTx(s.Tx)
	}
	if coins && !m.coins {
		m.coins = true
		h.hashCoins(s.Coins)
	}
	return m
}

func (h *hasher) hashTx(t *wire.Tx) {
	m, b := &h.mid, h.buf[:0]
	for i := range t.Ins {
		b = appendOutpoint(b, &t.Ins[i].Prev)
	}
	m.prevouts, b = sha256.Sum256(b), b[:0]
	for i := range t.Ins {
		b = binary.LittleEndian.AppendUint32(b, t.Ins[i].Sequence)
	}
	m.sequences, b = sha256.Sum256(b), b[:0]
	for i := range t.Outs {
		b = appendOut(b, &t.Outs[i])
	}
	m.outputs, h.buf = sha256.Sum256(b), b
	m.prevouts2, m.sequences2, m.outputs2 = sha256.Sum256(m.prevouts[:]), sha256.Sum256(m.sequences[:]), sha256.Sum256(m.outputs[:])
}

func (h *hasher) hashCoins(coins []wire.Out) {
	m, b := &h.mid, h.buf[:0]
	for i := range coins {
		b = binary.LittleEndian.AppendUint64(b, uint64(coins[i].Value))
	}
	m.amounts, b = sha256.Sum256(b), b[:0]
	for i := range coins {
		b = appendBytes(b, coins[i].Script)
	}
	m.scripts, h.buf = sha256.Sum256(b), b
}

// witnessHash is what a signature in a version 0 witness program signs
// (BIP143).
func (h *hasher) witnessHash(s *Spend, in int, code []byte, hashType uint32) [32]byte {
	m, own := h.midstate(s, false), &s.Tx.Ins[in]
	kind, one := hashType&hashMask, hashType&anyoneCanPay != 0
	all := kind != hashSingle && kind != hashNone
	var prevouts, sequences, outputs [32]byte
	if !one {
		prevouts = m.prevouts2
		if all {
			sequences = m.sequences2
		}
	}
	if all {
		outputs = m.outputs2
	} else if kind == hashSingle && in < len(s.Tx.Outs) {
		h.buf = appendOut(h.buf[:0], &s.Tx.Outs[in])
		outputs = wire.DoubleSHA256(h.buf)
	}
	b := binary.LittleEndian.AppendUint32(h.buf[:0], uint32(s.Tx.Version))
	b = append(append(b, prevouts[:]...), sequences[:]...)
	b = appendBytes(appendOutpoint(b, &own.Prev), code)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Coins[in].Value))
	b = binary.LittleEndian.AppendUint32(b, own.Sequence)
	b = append(b, outputs[:]...)
	b = binary.LittleEndian.AppendUint32(b, s.Tx.LockTime)
	h.buf = binary.LittleEndian.AppendUint32(b, hashType)
	return wire.DoubleSHA256(h.buf)
}

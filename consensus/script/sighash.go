package script

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/quernnet/quern/consensus/wire"
)

// digest feeds values in wire encoding to SHA-256.
type digest struct {
	h   hash.Hash
	buf [9]byte
}

func newDigest() *digest { return &digest{h: sha256.New()} }

// newTagged starts a tagged hash (BIP340), given the hash of its tag.
func newTagged(tag [32]byte) *digest {
	d := newDigest()
	d.bytes(tag[:])
	d.bytes(tag[:])
	return d
}

func (d *digest) bytes(b []byte) { d.h.Write(b) }

func (d *digest) byte(b byte) {
	d.buf[0] = b
	d.h.Write(d.buf[:1])
}

func (d *digest) uint32(v uint32) {
	d.h.Write(binary.LittleEndian.AppendUint32(d.buf[:0], v))
}

func (d *digest) uint64(v uint64) {
	d.h.Write(binary.LittleEndian.AppendUint64(d.buf[:0], v))
}

func (d *digest) count(n int) { d.h.Write(wire.AppendVarint(d.buf[:0], uint64(n))) }

func (d *digest) varBytes(b []byte) {
	d.count(len(b))
	d.h.Write(b)
}

func (d *digest) outpoint(o wire.Outpoint) {
	d.h.Write(o.TxID[:])
	d.uint32(o.Index)
}

func (d *digest) out(o *wire.Out) {
	d.uint64(uint64(o.Value))
	d.varBytes(o.Script)
}

func (d *digest) sum() (s [32]byte) {
	d.h.Sum(s[:0])
	return s
}

// double is the SHA-256 of the sum.
func (d *digest) double() [32]byte {
	s := d.sum()
	return sha256.Sum256(s[:])
}

// legacyHash is what a signature in a legacy script signs. code is the script
// from its last executed OP_CODESEPARATOR on, without the signatures; further
// separators are left out here. The hash type's upper bytes, zero in scripts,
// are hashed as given.
func legacyHash(t *wire.Tx, in int, code []byte, hashType uint32) [32]byte {
	kind := hashType & hashMask
	if kind == hashSingle && in >= len(t.Outs) {
		return [32]byte{1} // a bug of the first client that became a rule
	}
	d := newDigest()
	d.uint32(uint32(t.Version))
	if hashType&anyoneCanPay != 0 {
		d.count(1)
		d.legacyIn(&t.Ins[in], code, true, kind)
	} else {
		d.count(len(t.Ins))
		for i := range t.Ins {
			d.legacyIn(&t.Ins[i], code, i == in, kind)
		}
	}
	d.legacyOuts(t, in, kind)
	d.uint32(t.LockTime)
	d.uint32(hashType)
	return d.double()
}

func (d *digest) legacyIn(in *wire.In, code []byte, own bool, kind uint32) {
	d.outpoint(in.Prev)
	if own {
		d.varBytes(withoutSeparators(code))
	} else {
		d.count(0)
	}
	if !own && (kind == hashNone || kind == hashSingle) {
		d.uint32(0)
	} else {
		d.uint32(in.Sequence)
	}
}

func (d *digest) legacyOuts(t *wire.Tx, in int, kind uint32) {
	switch kind {
	case hashNone:
		d.count(0)
	case hashSingle:
		d.count(in + 1)
		for range in {
			d.uint64(^uint64(0)) // value -1, empty script
			d.count(0)
		}
		d.out(&t.Outs[in])
	default:
		d.count(len(t.Outs))
		for i := range t.Outs {
			d.out(&t.Outs[i])
		}
	}
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
	prevouts, sequences, outputs    [32]byte // hashed once
	prevouts2, sequences2, outputs2 [32]byte // hashed twice
	amounts, scripts                [32]byte // of the coins
}

func newMidstate(t *wire.Tx, coins []wire.Out) *midstate {
	m := new(midstate)
	prevouts, sequences, outputs, amounts, scripts := newDigest(), newDigest(), newDigest(), newDigest(), newDigest()
	for i := range t.Ins {
		prevouts.outpoint(t.Ins[i].Prev)
		sequences.uint32(t.Ins[i].Sequence)
	}
	for i := range t.Outs {
		outputs.out(&t.Outs[i])
	}
	for i := range coins {
		amounts.uint64(uint64(coins[i].Value))
		scripts.varBytes(coins[i].Script)
	}
	m.prevouts, m.sequences, m.outputs = prevouts.sum(), sequences.sum(), outputs.sum()
	m.amounts, m.scripts = amounts.sum(), scripts.sum()
	m.prevouts2, m.sequences2, m.outputs2 = sha256.Sum256(m.prevouts[:]), sha256.Sum256(m.sequences[:]), sha256.Sum256(m.outputs[:])
	return m
}

// witnessHash is what a signature in a version 0 witness program signs
// (BIP143).
func (s *Spend) witnessHash(in int, code []byte, hashType uint32) [32]byte {
	m, own := s.midstate(), &s.Tx.Ins[in]
	kind, one := hashType&hashMask, hashType&anyoneCanPay != 0
	var prevouts, sequences, outputs [32]byte
	all := kind != hashSingle && kind != hashNone
	if !one {
		prevouts = m.prevouts2
		if all {
			sequences = m.sequences2
		}
	}
	if all {
		outputs = m.outputs2
	} else if kind == hashSingle && in < len(s.Tx.Outs) {
		d := newDigest()
		d.out(&s.Tx.Outs[in])
		outputs = d.double()
	}
	d := newDigest()
	d.uint32(uint32(s.Tx.Version))
	d.bytes(prevouts[:])
	d.bytes(sequences[:])
	d.outpoint(own.Prev)
	d.varBytes(code)
	d.uint64(uint64(s.Coins[in].Value))
	d.uint32(own.Sequence)
	d.bytes(outputs[:])
	d.uint32(s.Tx.LockTime)
	d.uint32(hashType)
	return d.double()
}

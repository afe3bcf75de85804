package wire

import "unsafe"

// Smallest encodings, by which a declared count is checked against the bytes
// that are left.
const (
	minInSize   = 32 + 4 + 1 + 4
	minOutSize  = 8 + 1
	minTxSize   = 4 + 1 + 1 + 4
	minItemSize = 1
)

// shape counts what an encoding holds. Decoders walk the encoding twice: first
// to judge it and learn its shape, which allocates nothing, then to fill memory of
// just that size. So a broken encoding costs its sender's bandwidth and our
// time, never memory, whatever counts it declares.
type shape struct{ ins, outs, items int }

// memory is what so many transactions of that shape take, in bytes, with an
// encoding of that size.
func (s *shape) memory(txs, size int) int {
	const (
		tx   = int(unsafe.Sizeof(Tx{}) + unsafe.Sizeof(&Tx{}))
		in   = int(unsafe.Sizeof(In{}))
		out  = int(unsafe.Sizeof(Out{}))
		item = int(unsafe.Sizeof([]byte{}))
	)
	return size + txs*tx + s.ins*in + s.outs*out + s.items*item
}

// measureTx walks over one transaction as Core's UnserializeTransaction reads
// it with witness allowed.
func (r *reader) measureTx(s *shape) {
	r.take(4, "transaction version")
	witness := r.witnessFlag()
	ins := r.measureIns()
	outs := r.measureOuts()
	if witness {
		s.items += r.measureWitnesses(ins)
	}
	r.take(4, "lock time")
	s.ins += ins
	s.outs += outs
}

// witnessFlag consumes BIP144's marker and flag. A zero input count is always
// read as the marker: with flag 0 the transaction has neither inputs nor
// outputs, and the zero is its output count; with flag 1 a witness follows;
// another flag is Core's "Unknown transaction optional data". A transaction
// without inputs but with outputs thus has no encoding that reads back.
func (r *reader) witnessFlag() bool {
	if r.err != nil || r.left() < 2 || r.b[r.off] != 0 || r.b[r.off+1] == 0 {
		return false
	}
	if flag := r.b[r.off+1]; flag != 1 {
		r.fail("unknown transaction flag %d", flag)
		return false
	}
	r.off += 2
	return true
}

// short is the length of a value behind off that begins with a one-byte length and
// ends more than after bytes before the end of b; -1 when it is to be read with care.
// The walks below take it where it is, which is nearly always.
func short(b []byte, off, after int) int {
	if off < len(b) && b[off] < shortest && off+1+int(b[off])+after <= len(b) {
		return 1 + int(b[off])
	}
	return -1
}

func (r *reader) measureIns() int {
	n := r.count(minInSize, "inputs")
	for i := 0; i < n && r.err == nil; i++ {
		if v := short(r.b, r.off+HashSize+4, 4); v > 0 {
			r.off += HashSize + 4 + v + 4
			continue
		}
		r.take(HashSize+4, "outpoint")
		r.skip("input script")
		r.take(4, "sequence")
	}
	return n
}

func (r *reader) measureOuts() int {
	n := r.count(minOutSize, "outputs")
	for i := 0; i < n && r.err == nil; i++ {
		if v := short(r.b, r.off+8, 0); v > 0 {
			r.off += 8 + v
			continue
		}
		r.take(8, "output value")
		r.skip("output script")
	}
	return n
}

// measureWitnesses walks over one stack an input. At least one must hold an item, or
// the transaction would have two encodings (Core's "Superfluous witness record").
func (r *reader) measureWitnesses(ins int) (items int) {
	for i := 0; i < ins && r.err == nil; i++ {
		n := r.count(minItemSize, "witness items")
		for j := 0; j < n && r.err == nil; j++ {
			if v := short(r.b, r.off, 0); v > 0 {
				r.off += v
				continue
			}
			r.skip("witness item")
		}
		items += n
	}
	if items == 0 {
		r.fail("witness flag set but no input has a witness")
	}
	return items
}

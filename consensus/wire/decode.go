package wire

import "encoding/binary"

// DecodeHeader reads exactly 80 bytes.
func DecodeHeader(b []byte) (Header, error) {
	r := reader{b: b}
	h := r.header()
	return h, r.finish("header")
}

// DecodeTx reads one transaction that fills b, with or without witness. The
// transaction keeps b.
func DecodeTx(b []byte) (*Tx, error) {
	r := reader{b: b}
	var s shape
	r.measureTx(&s)
	if err := r.finish("transaction"); err != nil {
		return nil, err
	}
	f := newFiller(b, 0, s)
	t := new(Tx)
	f.tx(t)
	return t, nil
}

// CutTx is the length in bytes of the transaction that b begins with, found
// without allocating anything. What follows it is not looked at.
func CutTx(b []byte) (int, error) {
	r := reader{b: b}
	var s shape
	r.measureTx(&s)
	return r.off, r.err
}

// DecodeBlock reads one block that fills raw. The block keeps raw.
//
// A broken encoding allocates nothing but its error; a sound one up to 25 times
// its length, when it is nothing but empty witness items. Whoever takes blocks from
// strangers judges DecodeHeader(raw[:HeaderSize]) first, so that even that costs
// them a proof of work.
func DecodeBlock(raw []byte) (*Block, error) {
	r := reader{b: raw}
	r.take(HeaderSize, "header")
	n := r.count(minTxSize, "transactions")
	body := r.off
	var s shape
	for i := 0; i < n && r.err == nil; i++ {
		r.measureTx(&s)
	}
	if err := r.finish("block"); err != nil {
		return nil, err
	}
	b := &Block{raw: raw, Txs: make([]*Tx, n), id: DoubleSHA256(raw[:HeaderSize])}
	head := reader{b: raw}
	b.Header = head.header()
	f := newFiller(raw, body, s)
	txs := make([]Tx, n)
	for i := range txs {
		f.tx(&txs[i])
		b.Txs[i] = &txs[i]
	}
	return b, nil
}

func (r *reader) header() (h Header) {
	b := r.take(HeaderSize, "header")
	if b == nil {
		return h
	}
	h.Version = int32(binary.LittleEndian.Uint32(b))
	copy(h.Parent[:], b[4:36])
	copy(h.Merkle[:], b[36:68])
	h.Time = binary.LittleEndian.Uint32(b[68:])
	h.Bits = binary.LittleEndian.Uint32(b[72:])
	h.Nonce = binary.LittleEndian.Uint32(b[76:])
	return h
}

// filler is the second walk, over an encoding that measureTx found sound. It
// cuts inputs, outputs and witness items from one allocation each.
type filler struct {
	reader
	ins   []In
	outs  []Out
	items [][]byte
	bare  []byte // scratch: the encoding without witness, to be hashed
}

func newFiller(raw []byte, off int, s shape) *filler {
	return &filler{
		reader: reader{b: raw, off: off},
		ins:    make([]In, s.ins),
		outs:   make([]Out, s.outs),
		items:  make([][]byte, s.items),
	}
}

// cut takes the first n elements off slab. Their capacity ends with them, so that
// an append to one never reaches the next.
func cut[T any](slab *[]T, n int) []T {
	first := (*slab)[:n:n]
	*slab = (*slab)[n:]
	return first
}

// tx reads one transaction into t and seals it.
func (f *filler) tx(t *Tx) {
	start := f.off
	t.Version = int32(f.uint32("transaction version"))
	witness := f.witnessFlag()
	body := f.off
	f.fillIns(t)
	f.fillOuts(t)
	rest := f.off
	if witness {
		f.fillWitnesses(t)
	}
	t.LockTime = f.uint32("lock time")

	raw := f.b[start:f.off]
	t.total, t.wid = len(raw), DoubleSHA256(raw)
	t.base, t.id = t.total, t.wid
	if witness {
		f.bare = append(f.bare[:0], raw[:4]...)
		f.bare = append(f.bare, f.b[body:rest]...)
		f.bare = append(f.bare, raw[len(raw)-4:]...)
		t.base, t.id = len(f.bare), DoubleSHA256(f.bare)
	}
	t.sealed = true
}

func (f *filler) fillIns(t *Tx) {
	t.Ins = cut(&f.ins, f.count(minInSize, "inputs"))
	for i := range t.Ins {
		in := &t.Ins[i]
		prev := f.take(HashSize+4, "outpoint")
		in.Prev.TxID = Hash(prev[:HashSize])
		in.Prev.Index = binary.LittleEndian.Uint32(prev[HashSize:])
		in.Script = f.bytes("input script")
		in.Sequence = f.uint32("sequence")
	}
}

func (f *filler) fillOuts(t *Tx) {
	t.Outs = cut(&f.outs, f.count(minOutSize, "outputs"))
	for i := range t.Outs {
		t.Outs[i].Value = int64(f.uint64("output value"))
		t.Outs[i].Script = f.bytes("output script")
	}
}

func (f *filler) fillWitnesses(t *Tx) {
	for i := range t.Ins {
		n := f.count(minItemSize, "witness items")
		if n == 0 {
			continue
		}
		items := cut(&f.items, n)
		for j := range items {
			items[j] = f.bytes("witness item")
		}
		t.Ins[i].Witness = items
	}
}

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
	f.seal(t)
	return t, nil
}

// Reopen is DecodeTx of an encoding whose ids the caller knows, since it was
// decoded before: nothing is hashed. The transaction keeps b.
func Reopen(b []byte, id, witnessID Hash) (*Tx, error) {
	r := reader{b: b}
	var s shape
	r.measureTx(&s)
	if err := r.finish("transaction"); err != nil {
		return nil, err
	}
	f := newFiller(b, 0, s)
	f.known = true
	t := new(Tx)
	f.tx(t)
	t.id, t.wid, t.sealed = id, witnessID, true
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
	n, body, s := r.measureBlock()
	if err := r.finish("block"); err != nil {
		return nil, err
	}
	b := &Block{raw: raw, Txs: make([]*Tx, n), id: DoubleSHA256(raw[:HeaderSize]), mem: s.memory(n, len(raw))}
	head := reader{b: raw}
	b.Header = head.header()
	f := newFiller(raw, body, s)
	txs := make([]Tx, n)
	for i := range txs {
		f.tx(&txs[i])
		b.Txs[i] = &txs[i]
	}
	f.seal(b.Txs...)
	return b, nil
}

// measureBlock finds out how many transactions there are, where they begin, and what they hold.
func (r *reader) measureBlock() (n, body int, s shape) {
	r.take(HeaderSize, "header")
	n = r.count(minTxSize, "transactions")
	body = r.off
	for i := 0; i < n && r.err == nil; i++ {
		r.measureTx(&s)
	}
	return n, body, s
}

// BlockPrefix is the encoding of a block that raw begins with, and all of raw when that is none.
func BlockPrefix(raw []byte) []byte {
	r := reader{b: raw}
	if r.measureBlock(); r.err != nil {
		return raw
	}
	return raw[:r.off]
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

// filler is the second walk, over an encoding that measureTx found sound, so that
// nothing need be judged again. It cuts inputs, outputs and witness items from
// one allocation each.
type filler struct {
	b     []byte
	off   int
	ins   []In
	outs  []Out
	items [][]byte
	hash  hasher
	known bool // the ids are, so nothing is hashed
}

func newFiller(raw []byte, off int, s shape) *filler {
	return &filler{
		b:     raw,
		off:   off,
		ins:   make([]In, s.ins),
		outs:  make([]Out, s.outs),
		items: make([][]byte, s.items),
	}
}

func (f *filler) uint32() uint32 {
	v := binary.LittleEndian.Uint32(f.b[f.off:])
	f.off += 4
	return v
}

// length reads a compact size.
func (f *filler) length() int {
	v := int(f.b[f.off])
	f.off++
	if v >= shortest {
		return f.long(v)
	}
	return v
}

func (f *filler) long(first int) (v int) {
	size := 2 << (first - shortest)
	for i, b := range f.b[f.off : f.off+size] {
		v |= int(b) << (8 * i)
	}
	f.off += size
	return v
}

// bytes reads a length and that many bytes, without copying.
func (f *filler) bytes() []byte {
	n := f.length()
	b := f.b[f.off : f.off+n : f.off+n]
	f.off += n
	return b
}

// cut takes the first n elements off slab. Their capacity ends with them, so that
// an append to one never reaches the next.
func cut[T any](slab *[]T, n int) []T {
	first := (*slab)[:n:n]
	*slab = (*slab)[n:]
	return first
}

// tx reads one transaction into t, whose ids come with seal: version, body and
// lock time, without witness, are hashed where they lie.
func (f *filler) tx(t *Tx) {
	start := f.off
	t.Version = int32(f.uint32())
	// As in reader.witnessFlag.
	witness := f.b[f.off] == 0 && f.b[f.off+1] != 0
	if witness {
		f.off += 2
	}
	body := f.off
	f.fillIns(t)
	f.fillOuts(t)
	rest := f.off
	if witness {
		f.fillWitnesses(t)
	}
	t.LockTime = f.uint32()

	raw := f.b[start:f.off]
	t.total, t.base = len(raw), len(raw)
	if witness {
		t.base = rest - body + 8
	}
	if f.known {
		return
	}
	f.hash.push(&t.wid, nil, raw, nil)
	if witness {
		f.hash.push(&t.id, raw[:4], f.b[body:rest], raw[len(raw)-4:])
	}
}

// seal finishes transactions whose ids are being hashed.
func (f *filler) seal(txs ...*Tx) {
	f.hash.finish()
	for _, t := range txs {
		if t.base == t.total {
			t.id = t.wid
		}
		t.sealed = true
	}
}

func (f *filler) fillIns(t *Tx) {
	t.Ins = cut(&f.ins, f.length())
	for i := range t.Ins {
		in := &t.Ins[i]
		prev := f.b[f.off:][:HashSize+4]
		in.Prev.TxID = Hash(prev[:HashSize])
		in.Prev.Index = binary.LittleEndian.Uint32(prev[HashSize:])
		f.off += HashSize + 4
		in.Script = f.bytes()
		in.Sequence = f.uint32()
	}
}

func (f *filler) fillOuts(t *Tx) {
	t.Outs = cut(&f.outs, f.length())
	for i := range t.Outs {
		t.Outs[i].Value = int64(binary.LittleEndian.Uint64(f.b[f.off:]))
		f.off += 8
		t.Outs[i].Script = f.bytes()
	}
}

func (f *filler) fillWitnesses(t *Tx) {
	for i := range t.Ins {
		n := f.length()
		if n == 0 {
			continue
		}
		items := cut(&f.items, n)
		for j := range items {
			items[j] = f.bytes()
		}
		t.Ins[i].Witness = items
	}
}

package wire

// Block is a header and its transactions.
type Block struct {
	Header Header
	Txs    []*Tx

	id  Hash
	raw []byte // the encoding, when it was decoded
	mem int    // see Memory; 0: not yet reckoned
}

// NewBlock puts a block together from sealed transactions. Neither may be
// changed afterwards.
func NewBlock(h Header, txs []*Tx) *Block {
	b := &Block{Header: h, Txs: txs}
	b.id = h.ID()
	return b
}

// ID is the header's hash.
func (b *Block) ID() Hash {
	if b.id.IsZero() {
		return b.Header.ID()
	}
	return b.id
}

// Append adds the encoding with witness to dst.
func (b *Block) Append(dst []byte) []byte {
	if b.raw != nil {
		return append(dst, b.raw...)
	}
	dst = b.Header.Append(dst)
	dst = AppendVarint(dst, uint64(len(b.Txs)))
	for _, t := range b.Txs {
		dst = t.Append(dst)
	}
	return dst
}

// Bytes is the encoding with witness; the caller must not change it.
func (b *Block) Bytes() []byte {
	if b.raw != nil {
		return b.raw
	}
	return b.Append(make([]byte, 0, b.Size()))
}

// Size is the encoding's length in bytes with witness.
func (b *Block) Size() int {
	if b.raw != nil {
		return len(b.raw)
	}
	return b.sum((*Tx).Size)
}

// Memory is about how many bytes of memory the block holds, which for a hostile
// one is up to 26 times its Size: what bounds blocks in memory counts these.
func (b *Block) Memory() int {
	if b.mem > 0 {
		return b.mem
	}
	s := shape{}
	for _, t := range b.Txs {
		s.ins += len(t.Ins)
		s.outs += len(t.Outs)
		for i := range t.Ins {
			s.items += len(t.Ins[i].Witness)
		}
	}
	return s.memory(len(b.Txs), b.Size())
}

// BaseSize is the encoding's length in bytes without witness.
func (b *Block) BaseSize() int { return b.sum((*Tx).BaseSize) }

// Weight is the block's weight in weight units (BIP141).
func (b *Block) Weight() int { return 3*b.BaseSize() + b.Size() }

func (b *Block) sum(size func(*Tx) int) int {
	n := HeaderSize + VarintSize(uint64(len(b.Txs)))
	for _, t := range b.Txs {
		n += size(t)
	}
	return n
}

// Spends counts the coins the block spends: every input but the coinbase's.
func (b *Block) Spends() int {
	n := 0
	for i, t := range b.Txs {
		if i > 0 {
			n += len(t.Ins)
		}
	}
	return n
}

// TxIDs lists the transactions' ids, in block order.
func (b *Block) TxIDs() []Hash {
	ids := make([]Hash, len(b.Txs))
	for i, t := range b.Txs {
		ids[i] = t.ID()
	}
	return ids
}

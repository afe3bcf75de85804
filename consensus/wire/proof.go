package wire

import (
	"encoding/binary"
	"errors"
)

// Proof shows, to whoever knows the header, that transactions are in its block:
// the part of the Merkle tree that leads to them (BIP37's merkleblock).
type Proof struct {
	Header Header
	Txs    uint32 // of the block
	Hashes []Hash // of the nodes that are not on the way to a transaction, and of those, depth first
	Bits   []byte // a bit for each node met, depth first: whether it is on the way; the lowest of each byte first
}

// maxProofTxs is the most transactions that a block of four million weight units has room for (Core's
// MAX_BLOCK_WEIGHT / MIN_TRANSACTION_WEIGHT).
const maxProofTxs = 4_000_000 / (4 * 60)

// ErrProof is what a proof that proves nothing comes to.
var ErrProof = errors.New("the proof is not that of a Merkle tree")

// width is how many nodes the tree has at a height above the transactions.
func (p *Proof) width(height uint) uint32 { return (p.Txs + 1<<height - 1) >> height }

// depth is the root's height.
func (p *Proof) depth() (height uint) {
	for p.width(height) > 1 {
		height++
	}
	return height
}

// NewProof proves that those transactions of b are in it which match, given their place, says.
func NewProof(b *Block, match func(i int) bool) *Proof {
	p := &Proof{Header: b.Header, Txs: uint32(len(b.Txs))}
	wanted, row := make([]bool, len(b.Txs)), b.TxIDs()
	for i := range wanted {
		wanted[i] = match(i)
	}
	// Each height's nodes, from the transactions up.
	rows, marks := [][]Hash{row}, [][]bool{wanted}
	for len(row) > 1 {
		above, mark := make([]Hash, (len(row)+1)/2), make([]bool, (len(row)+1)/2)
		for i := range above {
			l, r := 2*i, min(2*i+1, len(row)-1)
			above[i] = hashPair(row[l], row[r])
			mark[i] = wanted[l] || wanted[r]
		}
		row, wanted = above, mark
		rows, marks = append(rows, row), append(marks, mark)
	}
	w := builder{p, rows, marks, 0}
	w.node(uint(len(rows)-1), 0)
	return p
}

// builder goes through a whole tree.
type builder struct {
	*Proof
	rows  [][]Hash // by height
	marks [][]bool // the same: on the way
	bits  int      // written
}

func (w *builder) node(height uint, at uint32) {
	on := w.marks[height][at]
	if w.bits%8 == 0 {
		w.Bits = append(w.Bits, 0)
	}
	if on {
		w.Bits[w.bits/8] |= 1 << (w.bits % 8)
	}
	w.bits++
	if height == 0 || !on {
		w.Hashes = append(w.Hashes, w.rows[height][at])
		return
	}
	for child := 2 * at; child <= 2*at+1 && child < w.width(height-1); child++ {
		w.node(height-1, child)
	}
}

func hashPair(a, b Hash) Hash {
	var buf [2 * HashSize]byte
	copy(buf[:], a[:])
	copy(buf[HashSize:], b[:])
	return DoubleSHA256(buf[:])
}

// Proven is what a proof proves of a transaction: its id and place in the block.
type Proven struct {
	ID    Hash
	Index uint32
}

// Verify returns the transactions that the proof leads to. That the block is of
// any worth, and has Txs transactions, it does not say. The error is ErrProof
// where hashes and bits do not lead to the header's Merkle root.
func (p *Proof) Verify() ([]Proven, error) {
	if p.Txs == 0 || p.Txs > maxProofTxs || len(p.Hashes) > int(p.Txs) || 8*len(p.Bits) < len(p.Hashes) {
		return nil, ErrProof
	}
	w := walk{Proof: p}
	root := w.node(p.depth(), 0)
	if w.bad || w.hashes != len(p.Hashes) || (w.bits+7)/8 != len(p.Bits) || root != p.Header.Merkle {
		return nil, ErrProof
	}
	return w.found, nil
}

// walk goes through a proof's tree.
type walk struct {
	*Proof
	bits, hashes int // used
	found        []Proven
	bad          bool
}

func (w *walk) node(height uint, at uint32) (h Hash) {
	if w.bits >= 8*len(w.Bits) {
		w.bad = true
		return h
	}
	on := w.Bits[w.bits/8]&(1<<(w.bits%8)) != 0
	w.bits++
	if height == 0 || !on {
		if w.hashes >= len(w.Hashes) {
			w.bad = true
			return h
		}
		h = w.Hashes[w.hashes]
		w.hashes++
		if height == 0 && on {
			w.found = append(w.found, Proven{h, at})
		}
		return h
	}
	left := w.node(height-1, 2*at)
	right := left
	if 2*at+1 < w.width(height-1) {
		// Equal branches would let a block pass for one with other transactions (CVE-2012-2459).
		if right = w.node(height-1, 2*at+1); right == left {
			w.bad = true
		}
	}
	return hashPair(left, right)
}

// Append adds the encoding to dst: header, number of transactions, hashes, bits.
func (p *Proof) Append(dst []byte) []byte {
	dst = p.Header.Append(dst)
	dst = binary.LittleEndian.AppendUint32(dst, p.Txs)
	dst = AppendVarint(dst, uint64(len(p.Hashes)))
	for i := range p.Hashes {
		dst = append(dst, p.Hashes[i][:]...)
	}
	return appendBytes(dst, p.Bits)
}

// DecodeProof reads what Append wrote; bytes that follow are left alone, as Core does.
func DecodeProof(b []byte) (*Proof, error) {
	r := &reader{b: b}
	p := &Proof{Header: r.header(), Txs: r.uint32("number of transactions")}
	p.Hashes = make([]Hash, r.count(HashSize, "hashes"))
	for i := range p.Hashes {
		copy(p.Hashes[i][:], r.take(HashSize, "hash"))
	}
	p.Bits = r.take(r.count(1, "bits"), "bits")
	return p, r.err
}

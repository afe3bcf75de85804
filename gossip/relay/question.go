package relay

import (
	"encoding/binary"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
)

// Question asks for the transactions that are missing in a block: BIP152's
// getblocktxn (the block's id and differential indexes), and between them what
// tells the peer which announcement the asker tries to rebuild the block from, so that it can
// say at once when that one is false.
type Question struct {
	Block   wire.Hash
	Nonce   uint64    // of the announcement
	Digest  wire.Hash // of its short ids, see Digest
	Indexes []int     // ascending
}

// MaxQuestion is a question's greatest length in bytes.
const MaxQuestion = 2*wire.HashSize + 8 + 3 + 3*MaxTxs

// Append adds the encoding to dst.
func (q *Question) Append(dst []byte) []byte {
	dst = append(dst, q.Block[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, q.Nonce)
	dst = append(dst, q.Digest[:]...)
	return appendIndexes(dst, q.Indexes)
}

func appendIndexes(dst []byte, indexes []int) []byte {
	dst = wire.AppendVarint(dst, uint64(len(indexes)))
	last := -1
	for _, i := range indexes {
		dst = wire.AppendVarint(dst, uint64(i-last-1))
		last = i
	}
	return dst
}

// DecodeQuestion reads a question that fills b.
func DecodeQuestion(b []byte) (Question, error) {
	c := cursor{b: b}
	q := Question{Block: c.hash("block"), Nonce: c.uint64("nonce"), Digest: c.hash("digest"), Indexes: c.indexes()}
	return q, c.finish("question for transactions of a block")
}

func (c *cursor) indexes() []int {
	n := c.count(1, "indexes")
	indexes := make([]int, 0, n)
	for last := -1; len(indexes) < n && c.err == nil; {
		last = c.index(last, MaxTxs)
		indexes = append(indexes, last)
	}
	return indexes
}

// Kinds of answer.
const (
	Absent = 0 // the peer does not have the block
	Found  = 1 // the announcement is true, and here are the transactions asked for
	Other  = 2 // the announcement is false, and here is one that is not
)

// Answer answers a Question.
type Answer struct {
	Kind  byte
	Txs   [][]byte      // encoded, in the order of Indexes
	Other *Announcement // of the same block
}

// MaxAnswer is an answer's greatest length in bytes: all of a block, and its
// count.
const MaxAnswer = 4_000_000 + 1 + 9

// Append adds the encoding to dst.
func (a *Answer) Append(dst []byte) []byte {
	dst = append(dst, a.Kind)
	switch a.Kind {
	case Found:
		dst = wire.AppendVarint(dst, uint64(len(a.Txs)))
		for _, t := range a.Txs {
			dst = append(dst, t...)
		}
	case Other:
		dst = a.Other.Append(dst)
	}
	return dst
}

// DecodeAnswer reads an answer that fills b, and keeps b. Transactions are cut out and
// not decoded: Fill does that, when it knows that they were announced.
func DecodeAnswer(b []byte) (Answer, error) {
	c := cursor{b: b}
	a := Answer{}
	if kind := c.take(1, "kind"); kind != nil {
		a.Kind = kind[0]
	}
	switch a.Kind {
	case Absent:
	case Found:
		a.Txs = c.raws()
	case Other:
		if c.err == nil {
			a.Other, c.err = Decode(c.b)
			c.b = nil
		}
	default:
		c.fail("unknown kind %d", a.Kind)
	}
	return a, c.finish("answer with transactions of a block")
}

func (c *cursor) raws() [][]byte {
	n := c.count(minTxSize, "transactions")
	raws := make([][]byte, 0, n)
	for i := 0; i < n && c.err == nil; i++ {
		size, err := wire.CutTx(c.b)
		if err != nil {
			c.err = fmt.Errorf("transaction %d: %w", i, err)
			break
		}
		raws = append(raws, c.take(size, "transaction"))
	}
	return raws
}

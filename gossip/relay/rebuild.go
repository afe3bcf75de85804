package relay

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"

	"github.com/quernnet/quern/consensus/wire"
)

// Why an announcement does not lead to its block. None of them blames who passed
// the announcement on, and none says anything of the header.
var (
	// ErrRepeated says that two transactions of the block have the same short
	// id: bad luck, once in millions of blocks, or malice.
	ErrRepeated = errors.New("two short ids of the announcement are the same")
	// ErrNotAnnounced says that a transaction given for a place has another
	// short id than was announced for it.
	ErrNotAnnounced = errors.New("not the transaction that was announced")
	// ErrOtherBlock says that the transactions found are not those that the
	// header commits to.
	ErrOtherBlock = errors.New("the announcement does not lead to the block of its header")
)

// Rebuild is a block on its way from an announcement to completeness. It is
// owned by one goroutine.
//
// Invariant: txs has nil exactly at the places in missing.
type Rebuild struct {
	a       *Announcement
	key     Key
	txs     []*wire.Tx
	missing []int // places in the block, ascending
}

// Candidate is a transaction at hand, decoded only when a block has it.
type Candidate interface {
	WitnessID() wire.Hash
	Decode() *wire.Tx
}

// Whole is a candidate that is decoded already.
type Whole struct{ *wire.Tx }

// Decode returns the transaction.
func (w Whole) Decode() *wire.Tx { return w.Tx }

// Start looks for the block's transactions among candidates, which may hold
// one more than once. Two different candidates for one place leave it missing,
// unless all places were found before the second came: looking on would cost
// more than the rare block that turns out to be another. The error is
// ErrRepeated.
func Start(a *Announcement, candidates iter.Seq[Candidate]) (*Rebuild, error) {
	r := &Rebuild{a: a, key: a.Key(), txs: make([]*wire.Tx, a.Count())}
	places, err := r.prefill()
	if err != nil {
		return nil, err
	}
	found, clashes := 0, map[int]bool{}
	for t := range candidates {
		if found == len(places) {
			break
		}
		wid := t.WitnessID()
		i, wanted := places[r.key.Short(&wid)]
		switch {
		case !wanted || clashes[i]:
		case r.txs[i] == nil:
			r.txs[i] = t.Decode()
			found++
		case r.txs[i].WitnessID() != wid:
			r.txs[i] = nil
			clashes[i] = true
			found--
		}
	}
	r.note()
	return r, nil
}

// prefill sets what the announcement carries and lists the places of all else
// by short id. The map is seeded by the runtime, so that a sender who chooses
// short ids cannot make it slow.
func (r *Rebuild) prefill() (map[uint64]int, error) {
	a := r.a
	for _, p := range a.Prefilled {
		r.txs[p.Index] = p.Tx
	}
	n := len(a.Shorts) / shortSize
	places := make(map[uint64]int, n)
	i := 0
	for s := range n {
		for r.txs[i] != nil {
			i++
		}
		places[a.short(s)] = i
		i++
	}
	if len(places) < n {
		return nil, ErrRepeated
	}
	return places, nil
}

func (r *Rebuild) note() {
	r.missing = r.missing[:0]
	for i, t := range r.txs {
		if t == nil {
			r.missing = append(r.missing, i)
		}
	}
}

// Announcement is what the block is rebuilt from.
func (r *Rebuild) Announcement() *Announcement { return r.a }

// Missing lists the places in the block of the transactions still to be found,
// ascending. It changes with Fill.
func (r *Rebuild) Missing() []int { return r.missing }

// Fill puts in the missing transactions, all of them, in the order of Missing,
// as a peer gave them. Those that were not announced are refused before they are
// decoded, so that they cost no memory: the error is ErrNotAnnounced, and nothing
// is filled.
func (r *Rebuild) Fill(raw [][]byte) error {
	if len(raw) != len(r.missing) {
		return fmt.Errorf("%w: %d transactions are missing, %d were given", ErrNotAnnounced, len(r.missing), len(raw))
	}
	ids := r.announced()
	for k, i := range r.missing {
		// The id with witness is the hash of all bytes (BIP141).
		wid := wire.DoubleSHA256(raw[k])
		if r.key.Short(&wid) != ids[i] {
			return fmt.Errorf("%w: place %d", ErrNotAnnounced, i)
		}
	}
	for k, i := range r.missing {
		t, err := wire.DecodeTx(raw[k])
		if err != nil {
			r.note()
			return fmt.Errorf("%w: place %d: %w", ErrNotAnnounced, i, err)
		}
		r.txs[i] = t
	}
	r.note()
	return nil
}

// announced lists the short ids of all places, those of what is prefilled too.
func (r *Rebuild) announced() []uint64 {
	a := r.a
	ids := make([]uint64, a.Count())
	next, s := 0, 0
	for i := range ids {
		if next < len(a.Prefilled) && a.Prefilled[next].Index == i {
			wid := a.Prefilled[next].Tx.WitnessID()
			ids[i] = r.key.Short(&wid)
			next++
			continue
		}
		ids[i] = a.short(s)
		s++
	}
	return ids
}

// Digest is the announcement's, see Digest: what it says about every place.
func (r *Rebuild) Digest() wire.Hash { return digest(r.announced()) }

// Block is the block, when nothing is missing any more, its Merkle root checked;
// witness judges whether it carries the witnesses that it commits to, and its
// size. The error is ErrOtherBlock.
func (r *Rebuild) Block(witness func(*wire.Block) error) (*wire.Block, error) {
	if len(r.missing) > 0 {
		return nil, fmt.Errorf("%w: %d transactions are missing", ErrOtherBlock, len(r.missing))
	}
	b := wire.NewBlock(r.a.Header, r.txs)
	if root, mutated := wire.MerkleRoot(b.TxIDs()); root != b.Header.Merkle || mutated {
		return nil, fmt.Errorf("%w: its transactions have the Merkle root %v", ErrOtherBlock, root)
	}
	if err := witness(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOtherBlock, err)
	}
	return b, nil
}

// Digest sums up the short ids that a true announcement of b with that nonce
// has for all places: whoever has the block can tell by it whether another's
// announcement is true, without seeing it.
func Digest(b *wire.Block, nonce uint64) wire.Hash {
	key := keyOf(&b.Header, nonce)
	ids := make([]uint64, len(b.Txs))
	for i, t := range b.Txs {
		wid := t.WitnessID()
		ids[i] = key.Short(&wid)
	}
	return digest(ids)
}

func digest(ids []uint64) wire.Hash {
	b := make([]byte, 0, shortSize*len(ids))
	for _, id := range ids {
		b = appendShort(b, id)
	}
	return sha256.Sum256(b)
}

package relay

import (
	"bytes"
	"encoding/hex"
	"errors"
	"iter"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A block and its compact form as Elements and rust-bitcoin have them.
const (
	vectorBlock   = "000000206c750a364035aefd5f81508a08769975116d9195312ee4520dceac39e1fdc62c4dc67473b8e354358c1e610afeaff7410858bd45df43e2940f8a62bd3d5e3ac943c2975cffff7f200000000002020000000001010000000000000000000000000000000000000000000000000000000000000000ffffffff04016b0101ffffffff020006062a0100000001510000000000000000266a24aa21a9ed4a3d9f3343dafcc0d6f6d4310f2ee5ce273ed34edca6c75db3a73e7f368734200120000000000000000000000000000000000000000000000000000000000000000000000000020000000001021fc20ba2bd745507b8e00679e3b362558f9457db374ca28ffa5243f4c23a4d5f00000000171600147c9dea14ffbcaec4b575e03f05ceb7a81cd3fcbffdffffff915d689be87b43337f42e26033df59807b768223368f189a023d0242d837768900000000171600147c9dea14ffbcaec4b575e03f05ceb7a81cd3fcbffdffffff0200cdf5050000000017a9146803c72d9154a6a20f404bed6d3dcee07986235a8700e1f5050000000017a9144e6a4c7cb5b5562904843bdf816342f4db9f5797870247304402205e9bf6e70eb0e4b495bf483fd8e6e02da64900f290ef8aaa64bb32600d973c450220670896f5d0e5f33473e5f399ab680cc1d25c2d2afd15abd722f04978f28be887012103e4e4d9312b2261af508b367d8ba9be4f01b61d6d6e78bec499845b4f410bcf2702473044022045ac80596a6ac9c8c572f94708709adaf106677221122e08daf8b9741a04f66a022003ccd52a3b78f8fd08058fc04fc0cffa5f4c196c84eae9e37e2a85babe731b57012103e4e4d9312b2261af508b367d8ba9be4f01b61d6d6e78bec499845b4f410bcf276a000000"
	vectorCompact = "000000206c750a364035aefd5f81508a08769975116d9195312ee4520dceac39e1fdc62c4dc67473b8e354358c1e610afeaff7410858bd45df43e2940f8a62bd3d5e3ac943c2975cffff7f2000000000a4df3c3744da89fa010a6979e971450100020000000001010000000000000000000000000000000000000000000000000000000000000000ffffffff04016b0101ffffffff020006062a0100000001510000000000000000266a24aa21a9ed4a3d9f3343dafcc0d6f6d4310f2ee5ce273ed34edca6c75db3a73e7f368734200120000000000000000000000000000000000000000000000000000000000000000000000000"
	vectorNonce   = 18053200567810711460
)

func TestVector(t *testing.T) {
	b, err := wire.DecodeBlock(unhex(t, vectorBlock))
	if err != nil {
		t.Fatal(err)
	}
	a := New(b, vectorNonce, nil)
	if got := hex.EncodeToString(a.Append(nil)); got != vectorCompact {
		t.Errorf("compact form\n%s, want\n%s", got, vectorCompact)
	}
	if a.Size() != len(vectorCompact)/2 || a.Count() != 2 {
		t.Errorf("size %d, %d transactions", a.Size(), a.Count())
	}
	back, err := Decode(unhex(t, vectorCompact))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Start(back, wholes(b.Txs...))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Block(fine)
	if err != nil || !bytes.Equal(got.Bytes(), b.Bytes()) {
		t.Errorf("rebuilt: %v", err)
	}
}

// rust-bitcoin's examples of differential indexes.
func TestIndexes(t *testing.T) {
	for _, c := range []struct {
		raw     []byte
		indexes []int
	}{
		{[]byte{4, 0, 5, 1, 10}, []int{0, 6, 8, 19}},
		{[]byte{1, 0}, []int{0}},
		{[]byte{5, 0, 0, 0, 0, 0}, []int{0, 1, 2, 3, 4}},
		{[]byte{3, 1, 1, 1}, []int{1, 3, 5}},
		{[]byte{3, 0, 0, 253, 0, 1}, []int{0, 1, 258}},
	} {
		if got := appendIndexes(nil, c.indexes); !bytes.Equal(got, c.raw) {
			t.Errorf("%v is encoded as %x, want %x", c.indexes, got, c.raw)
		}
		r := cursor{b: c.raw}
		if got := r.indexes(); !reflect.DeepEqual(got, c.indexes) || r.finish("") != nil {
			t.Errorf("%x is read as %v, want %v", c.raw, got, c.indexes)
		}
	}
	for _, raw := range [][]byte{
		{2, 255, 254, 255, 255, 255, 255, 255, 255, 255, 0},
		{1, 255, 255, 255, 255, 255, 255, 255, 255, 255},
		{2, 253, 254, 255, 0},    // the second is 65,535
		{1, 254, 255, 255, 0, 0}, // not the shortest form, and over 16 bits
		{5, 0, 0},
	} {
		r := cursor{b: raw}
		if got := r.indexes(); r.err == nil {
			t.Errorf("%x is read as %v", raw, got)
		}
	}
}

// fine accepts any witness.
func fine(*wire.Block) error { return nil }

// numbered is a transaction like no other number's.
func numbered(n uint32) *wire.Tx {
	return (&wire.Tx{Version: 2, Ins: []wire.In{{Sequence: 1}}, Outs: []wire.Out{{Value: 1}}, LockTime: n}).Seal()
}

// block makes one of count transactions, the coinbase among them.
func block(count int) *wire.Block {
	coinbase := &wire.Tx{Version: 1, Ins: []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}}}, Outs: []wire.Out{{Value: 5}}}
	txs := []*wire.Tx{coinbase.Seal()}
	for len(txs) < count {
		txs = append(txs, numbered(uint32(len(txs))))
	}
	b := wire.NewBlock(wire.Header{}, txs)
	root, _ := wire.MerkleRoot(b.TxIDs())
	return wire.NewBlock(wire.Header{Version: 4, Merkle: root}, txs)
}

func raws(b *wire.Block, places []int) (raw [][]byte) {
	for _, i := range places {
		raw = append(raw, b.Txs[i].Append(nil))
	}
	return raw
}

// through sends an announcement through its encoding.
func through(t testing.TB, a *Announcement) *Announcement {
	t.Helper()
	raw := a.Append(nil)
	if len(raw) != a.Size() {
		t.Fatalf("%d bytes, announced as %d", len(raw), a.Size())
	}
	back, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestRebuild(t *testing.T) {
	b := block(100)
	a := through(t, New(b, 7, []int{3, 4, 99}))
	if len(a.Prefilled) != 4 || a.Count() != 100 {
		t.Fatalf("%d prefilled of %d", len(a.Prefilled), a.Count())
	}
	// Half of it waits, among others, and twice.
	pool := append(slices.Clone(b.Txs[:50]), b.Txs[20:50]...)
	for i := range uint32(1000) {
		pool = append(pool, numbered(1000+i))
	}
	r, err := Start(a, wholes(pool...))
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Missing(); len(m) != 49 || m[0] != 50 || m[48] != 98 {
		t.Fatalf("missing: %v", m)
	}
	if _, err := r.Block(fine); !errors.Is(err, ErrOtherBlock) {
		t.Errorf("incomplete: %v", err)
	}
	if d := r.Digest(); d != Digest(b, 7) || d == Digest(b, 8) || d == Digest(block(99), 7) {
		t.Error("the digest is not of this block and nonce")
	}
	good := raws(b, r.Missing())
	swapped := slices.Clone(good)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	for name, raw := range map[string][][]byte{
		"too few": good[1:], "too many": append(slices.Clone(good), good[0]), "swapped": swapped, "none": nil,
	} {
		if err := r.Fill(raw); !errors.Is(err, ErrNotAnnounced) || len(r.Missing()) != 49 {
			t.Errorf("%s: %v, %d missing", name, err, len(r.Missing()))
		}
	}
	if err := r.Fill(good); err != nil || len(r.Missing()) != 0 {
		t.Fatalf("filled: %v, %d missing", err, len(r.Missing()))
	}
	if _, err := r.Block(func(*wire.Block) error { return errors.New("other witness") }); !errors.Is(err, ErrOtherBlock) {
		t.Errorf("other witness: %v", err)
	}
	got, err := r.Block(fine)
	if err != nil || !bytes.Equal(got.Bytes(), b.Bytes()) {
		t.Errorf("rebuilt: %v", err)
	}
}

func TestFalseAnnouncement(t *testing.T) {
	b, other := block(20), block(19)
	a := New(other, 7, nil)
	a.Header = b.Header // as if its short ids were of b
	pool := wholes(append(slices.Clone(b.Txs), numbered(77))...)
	r, err := Start(through(t, a), pool)
	if err != nil {
		t.Fatal(err)
	}
	if r.Digest() == Digest(b, 7) {
		t.Error("the digest does not tell them apart")
	}
	// One made with the right key, of other transactions.
	txs := append(slices.Clone(b.Txs[:19]), numbered(77))
	r, err = Start(through(t, New(wire.NewBlock(b.Header, txs), 7, nil)), pool)
	if err != nil || len(r.Missing()) > 0 {
		t.Fatal(err, r.Missing())
	}
	if _, err := r.Block(fine); !errors.Is(err, ErrOtherBlock) {
		t.Errorf("other transactions: %v", err)
	}
	// A repeated transaction that leaves the root as it was (CVE-2012-2459).
	twice := block(3)
	r, err = Start(New(wire.NewBlock(twice.Header, append(slices.Clone(twice.Txs), twice.Txs[2])), 7, []int{1, 2, 3}), pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Block(fine); !errors.Is(err, ErrOtherBlock) {
		t.Errorf("repeated transaction: %v", err)
	}
}

func TestRepeatedShortIDs(t *testing.T) {
	a := New(block(10), 7, nil)
	copy(a.Shorts[6:12], a.Shorts[:6])
	if _, err := Start(through(t, a), wholes()); !errors.Is(err, ErrRepeated) {
		t.Errorf("got %v", err)
	}
}

// Two transactions with one short id under the key of the zero header and nonce; the
// pair was found by trying 60 million.
func TestCollision(t *testing.T) {
	one, other := numbered(9173133), numbered(12009181)
	b := wire.NewBlock(wire.Header{}, []*wire.Tx{block(1).Txs[0], one, numbered(3)})
	for name, pool := range map[string][]*wire.Tx{
		"the right one first": {one, other, numbered(3)},
		"the wrong one first": {other, one, other, one, numbered(3)},
	} {
		r, err := Start(through(t, New(b, 0, nil)), wholes(pool...))
		if err != nil || !slices.Equal(r.Missing(), []int{1}) {
			t.Fatalf("%s: missing %v, %v", name, r.Missing(), err)
		}
		if err := r.Fill(raws(b, []int{1})); err != nil {
			t.Error(err)
		}
	}
	// Only the wrong one is at hand: the block turns out to be another.
	r, err := Start(New(b, 0, nil), wholes(other, numbered(3)))
	if err != nil || len(r.Missing()) > 0 {
		t.Fatal(r.Missing(), err)
	}
	if _, err := r.Block(fine); !errors.Is(err, ErrOtherBlock) {
		t.Errorf("got %v", err)
	}
	both := wire.NewBlock(wire.Header{}, []*wire.Tx{b.Txs[0], one, other})
	if _, err := Start(New(both, 0, nil), wholes()); !errors.Is(err, ErrRepeated) {
		t.Errorf("both in the block: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	b := block(10)
	head := New(b, 7, nil).Append(nil)[:wire.HeaderSize+8]
	coinbase, tx := b.Txs[0].Append(nil), b.Txs[1].Append(nil)
	for name, tail := range map[string][]byte{
		"nothing":                    {},
		"no prefilled":               {0, 0},
		"no coinbase first":          slices.Concat([]byte{0, 1, 0}, tx),
		"coinbase not first":         slices.Concat([]byte{1, 1, 2, 3, 4, 5, 6, 1, 1}, coinbase),
		"two coinbases":              slices.Concat([]byte{0, 2, 0}, coinbase, []byte{0}, coinbase),
		"index beyond the last":      slices.Concat([]byte{0, 2, 0}, coinbase, []byte{1}, tx),
		"index overflow":             slices.Concat([]byte{0, 2, 0}, coinbase, []byte{255, 255, 255, 255, 255, 255, 255, 255, 255}, tx),
		"more short ids than bytes":  {253, 255, 255, 0},
		"65,536 short ids":           slices.Concat([]byte{254, 0, 0, 1, 0}, make([]byte, 6<<16), []byte{1, 0}, coinbase),
		"65,535 and the coinbase":    slices.Concat([]byte{253, 255, 255}, make([]byte, 6*65535), []byte{1, 0}, coinbase),
		"count not in shortest form": slices.Concat([]byte{253, 0, 0, 1, 0}, coinbase),
		"many prefilled declared":    slices.Concat([]byte{0, 253, 255, 255, 0}, coinbase),
		"cut transaction":            slices.Concat([]byte{0, 1, 0}, coinbase[:20]),
		"garbage at the end":         slices.Concat([]byte{0, 1, 0}, coinbase, []byte{0}),
	} {
		if _, err := Decode(append(slices.Clone(head), tail...)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good := slices.Concat([]byte{0, 2, 0}, coinbase, []byte{0}, tx)
	if _, err := Decode(append(slices.Clone(head), good...)); err != nil {
		t.Error(err)
	}
}

func TestQuestionAndAnswer(t *testing.T) {
	b := block(5)
	q := Question{Block: b.ID(), Nonce: 9, Digest: Digest(b, 9), Indexes: []int{0, 3, 65534}}
	raw := q.Append(nil)
	if back, err := DecodeQuestion(raw); err != nil || !reflect.DeepEqual(back, q) {
		t.Errorf("%+v, %v", back, err)
	}
	if all := make([]int, MaxTxs); true {
		for i := range all {
			all[i] = i
		}
		if n := len((&Question{Indexes: all}).Append(nil)); n > MaxQuestion {
			t.Errorf("a question of %d bytes", n)
		}
	}
	for _, a := range []Answer{
		{Kind: Absent}, {Kind: Found, Txs: raws(b, []int{1, 4})}, {Kind: Other, Other: New(b, 3, nil)},
	} {
		raw := a.Append(nil)
		back, err := DecodeAnswer(raw)
		if err != nil || !bytes.Equal(back.Append(nil), raw) {
			t.Errorf("kind %d: %v", a.Kind, err)
		}
		for n := range raw {
			if _, err := DecodeAnswer(raw[:n]); err == nil {
				t.Errorf("kind %d cut to %d of %d bytes and accepted", a.Kind, n, len(raw))
			}
		}
		if _, err := DecodeAnswer(append(raw, 0)); err == nil {
			t.Errorf("kind %d: a byte too many", a.Kind)
		}
	}
	if _, err := DecodeAnswer([]byte{3}); err == nil {
		t.Error("an unknown kind")
	}
}

// A real block of 1,557 transactions.
func TestRealBlock(t *testing.T) {
	b, err := wire.DecodeBlock(realdata.Read(t, "mainnet-block-413567.bin"))
	if err != nil {
		t.Fatal(err)
	}
	a := through(t, New(b, 1, nil))
	pool := slices.Clone(b.Txs[1:])
	rand.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	r, err := Start(a, wholes(pool[10:]...))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Fill(raws(b, r.Missing())); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Block(fine); err != nil || !bytes.Equal(got.Bytes(), b.Bytes()) {
		t.Fatal(err)
	}
	t.Logf("%d bytes are announced in %d", b.Size(), a.Size())
}

// FuzzDecode looks for input that panics, that costs far more memory than it
// has bytes, or that decodes to something that encodes otherwise.
func FuzzDecode(f *testing.F) {
	b := block(4)
	f.Add(byte(0), New(b, 1, []int{2}).Append(nil))
	f.Add(byte(0), unhex(f, vectorCompact))
	f.Add(byte(1), (&Question{Indexes: []int{1, 7}}).Append(nil))
	f.Add(byte(2), (&Answer{Kind: Found, Txs: raws(b, []int{1, 2})}).Append(nil))
	f.Add(byte(2), (&Answer{Kind: Other, Other: New(b, 1, nil)}).Append(nil))
	f.Fuzz(func(t *testing.T, what byte, raw []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		again, err := decodeAny(what, raw)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > uint64(1<<20+100*len(raw)) {
			t.Fatalf("%d bytes cost %d", len(raw), spent)
		}
		if err == nil && !bytes.Equal(again, raw) {
			t.Fatalf("%x became %x", raw, again)
		}
	})
}

func decodeAny(what byte, raw []byte) ([]byte, error) {
	switch what % 3 {
	case 0:
		a, err := Decode(raw)
		if err != nil {
			return nil, err
		}
		if r, err := Start(a, wholes(numbered(1))); err == nil {
			_ = r.Fill(nil)
			_, _ = r.Block(fine)
		}
		return a.Append(nil), nil
	case 1:
		q, err := DecodeQuestion(raw)
		return q.Append(nil), err
	default:
		a, err := DecodeAnswer(raw)
		if err != nil {
			return nil, err
		}
		return a.Append(nil), nil
	}
}

// wholes makes candidates of transactions.
func wholes(ts ...*wire.Tx) iter.Seq[Candidate] {
	return func(yield func(Candidate) bool) {
		for _, t := range ts {
			if !yield(Whole{t}) {
				return
			}
		}
	}
}

package peering

import (
	"bytes"
	"reflect"
	"runtime"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip/relay"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/syncer"
	"github.com/quernnet/quern/work"
)

// codecs are the decoders of everything a peer may send, each with the way
// back, so that one test and one fuzz target serve all.
var codecs = []struct {
	name string
	most int
	both func([]byte) ([]byte, error)
}{
	{"hello", maxHello, func(b []byte) ([]byte, error) { v, err := decodeHello(b); return v.encode(), err }},
	{"locator", headersProtocol.MaxRequest, func(b []byte) ([]byte, error) { v, err := decodeLocator(b); return appendHashes(nil, v), err }},
	{"headers", headersProtocol.MaxReply, func(b []byte) ([]byte, error) { v, err := decodeHeaders(b); return v.encode(), err }},
	{"ids", blocksProtocol.MaxRequest, func(b []byte) ([]byte, error) { v, err := decodeIDs(b); return appendHashes(nil, v), err }},
	{"blocks", blocksProtocol.MaxReply, both(decodeBodies, bodies.encode)},
	{"txids", txsProtocol.MaxRequest, func(b []byte) ([]byte, error) { v, err := txsProtocol.DecodeQ(b); return appendHashes(nil, v), err }},
	{"txs", maxTxReply, both(txsProtocol.DecodeA, txsProtocol.EncodeA)},
	{"mempool", mempoolProtocol.MaxRequest, func(b []byte) ([]byte, error) { v, err := decodeMempoolQuery(b); return v.encode(), err }},
	{"announcement", blockTopic.MaxSize, both(openAnnouncement, blockTopic.Encode)},
	{"question", blockTxsProtocol.MaxRequest, both(blockTxsProtocol.DecodeQ, blockTxsProtocol.EncodeQ)},
	{"answer", blockTxsProtocol.MaxReply, both(blockTxsProtocol.DecodeA, blockTxsProtocol.EncodeA)},
	{"batch", txTopic.MaxSize, both(decodeBatch, txTopic.Encode)},
}

// openAnnouncement decodes an announcement and what it holds.
func openAnnouncement(b []byte) (announcement, error) {
	a, err := blockTopic.Decode(b)
	if err == nil {
		_, err = a.open()
	}
	return a, err
}

func both[T any](decode func([]byte) (T, error), encode func(T) []byte) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := decode(b)
		if err != nil {
			return nil, err
		}
		return encode(v), nil
	}
}

func samples() map[string][]byte {
	header := wire.Header{Version: 4, Time: 7, Bits: 0x207fffff}
	next := header
	next.Parent = header.ID()
	tx := spend(wire.Outpoint{TxID: wire.Hash{1}}, 1000)
	tip := syncer.Tip{ID: wire.Hash{3}, Height: 9, Work: work.Work{1, 2, 3, 4}}
	hs := []wire.Hash{{1}, {2}}
	return map[string][]byte{
		"hello":        Hello{1, wire.Hash{1}, wire.Hash{2}, tip, 1, 0, 2, "quern"}.encode(),
		"locator":      appendHashes(nil, hs),
		"headers":      headersReply{tip, []wire.Header{header, next}}.encode(),
		"ids":          appendHashes(nil, hs),
		"blocks":       bodies{{status: bodyHere, raw: wire.NewBlock(header, []*wire.Tx{tx}).Bytes()}, {status: bodyAbsent}, {status: bodyLeftOut}}.encode(),
		"txids":        appendHashes(nil, hs),
		"txs":          appendTxs(nil, []*wire.Tx{tx, tx}),
		"mempool":      mempoolQuery{1, 3, 2, []uint64{4, 5}}.encode(),
		"announcement": header.Append(nil),
		"question":     blockTxsProtocol.EncodeQ(relay.Question{Block: wire.Hash{1}, Nonce: 2, Digest: wire.Hash{3}, Indexes: []int{0, 4, 300}}),
		"answer":       blockTxsProtocol.EncodeA(relay.Answer{Kind: relay.Found, Txs: [][]byte{tx.Append(nil)}}),
		"batch":        txTopic.Encode(batch{1, []*wire.Tx{tx}}),
	}
}

func TestCodecs(t *testing.T) {
	good := samples()
	for _, c := range codecs {
		raw := good[c.name]
		if len(raw) > c.most {
			t.Errorf("%s: a sample of %d bytes is over the cap", c.name, len(raw))
		}
		if again, err := c.both(raw); err != nil || !bytes.Equal(raw, again) {
			t.Errorf("%s: %x became %x, %v", c.name, raw, again, err)
		}
		for n := range raw {
			if _, err := c.both(raw[:n]); err == nil {
				t.Errorf("%s: cut to %d of %d bytes and accepted", c.name, n, len(raw))
			}
		}
		if _, err := c.both(append(bytes.Clone(raw), 0)); err == nil {
			t.Errorf("%s: a byte too many and accepted", c.name)
		}
	}
}

func TestDecodersRefuse(t *testing.T) {
	var unlinked headersReply
	unlinked.Headers = make([]wire.Header, 2)
	long := make([]wire.Hash, maxLocator+1)
	for name, decode := range map[string]func() error{
		"headers that do not follow": func() error { _, err := decodeHeaders(unlinked.encode()); return err },
		"too long a locator":         func() error { _, err := decodeLocator(appendHashes(nil, long)); return err },
		"no ids":                     func() error { _, err := decodeIDs(appendHashes(nil, nil)); return err },
		"shard beyond the last":      func() error { _, err := decodeMempoolQuery(mempoolQuery{0, 2, 2, nil}.encode()); return err },
		"unknown status":             func() error { _, err := decodeBodies([]byte{1, 0, 0, 0, 9}); return err },
		"empty batch":                func() error { _, err := decodeBatch(txTopic.Encode(batch{})); return err },
	} {
		if decode() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzCodecs looks for input that panics, that costs far more memory than it
// has bytes, or that decodes to something that encodes otherwise.
func FuzzCodecs(f *testing.F) {
	good := samples()
	for i, c := range codecs {
		f.Add(byte(i), good[c.name])
	}
	f.Fuzz(func(t *testing.T, which byte, raw []byte) {
		c := codecs[int(which)%len(codecs)]
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		again, err := c.both(raw)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > uint64(1<<20+100*len(raw)) {
			t.Fatalf("%s: %d bytes cost %d", c.name, len(raw), spent)
		}
		if err == nil && !bytes.Equal(raw, again) {
			t.Fatalf("%s: %x became %x", c.name, raw, again)
		}
	})
}

func TestReconcile(t *testing.T) {
	var all []*wire.Tx
	for i := range 100 {
		all = append(all, spend(wire.Outpoint{Index: uint32(i)}, 1000))
	}
	packed := make([]*mempool.Packed, len(all))
	for i, tx := range all {
		packed[i] = mempool.Pack(tx)
	}
	q := ask(7, packed[:60])
	missing := q.missing(packed)
	if len(missing) != 40 || missing[0].ID() != all[60].ID() {
		t.Fatalf("%d transactions are missing, want the last 40", len(missing))
	}
	// In shards, nothing is missed and nothing is sent twice.
	got := map[wire.Hash]int{}
	for shard := range uint32(5) {
		part := mempoolQuery{Salt: 7, Shards: 5, Shard: shard}
		for _, e := range all[:60] {
			if s := short(7, e.WitnessID()); part.covers(s) {
				part.Known = append(part.Known, s)
			}
		}
		for _, tx := range part.missing(packed) {
			got[tx.ID()]++
		}
	}
	want := map[wire.Hash]int{}
	for _, e := range all[60:] {
		want[e.ID()] = 1
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the shards brought %d transactions, want 40", len(got))
	}
}

func TestRecent(t *testing.T) {
	r := recent{most: 10}
	for i := range 100 {
		if !r.add(wire.Hash{byte(i)}) || r.add(wire.Hash{byte(i)}) {
			t.Fatalf("id %d", i)
		}
		if n := len(r.now) + len(r.old); n > 10 {
			t.Fatalf("%d ids remembered", n)
		}
	}
	if !r.has(wire.Hash{99}) || !r.has(wire.Hash{96}) || r.has(wire.Hash{1}) {
		t.Fatal("the wrong ids are forgotten")
	}
}

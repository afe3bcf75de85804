package miner_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quernnet/quern/work"
	"github.com/quernnet/quern/work/miner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Bitcoin's genesis header, and nonces of it that meet easier targets.
const (
	genesis      = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
	genesisNonce = 2083236893
	genesisBits  = work.Bits(0x1d00ffff)
	easyBits     = work.Bits(0x200000ff) // one hash in about 65,800
	noBits       = work.Bits(0x03000001) // a target of one: never met
)

func genesisHeader(t testing.TB) [miner.HeaderSize]byte {
	b, err := hex.DecodeString(genesis)
	if err != nil {
		t.Fatal(err)
	}
	return [miner.HeaderSize]byte(b)
}

// meets hashes the header anew, without a midstate.
func meets(header [miner.HeaderSize]byte, bits work.Bits, nonce uint32) bool {
	binary.LittleEndian.PutUint32(header[76:], nonce)
	first := sha256.Sum256(header[:])
	return bits.Met(sha256.Sum256(first[:]))
}

// The nonce is found wherever it lies in a batch, and the count is exact.
func TestSearchFindsGenesis(t *testing.T) {
	for _, before := range []uint32{0, 1, 2, 1023, 1024, 1025, 10_001} {
		nonce, found, tried := miner.Search(t.Context(), genesisHeader(t), genesisBits, genesisNonce-before, 20_000)
		if !found || nonce != genesisNonce || tried != uint64(before)+1 {
			t.Errorf("from %d before: nonce %d, found %v, tried %d", before, nonce, found, tried)
		}
		if _, found, tried := miner.Search(t.Context(), genesisHeader(t), genesisBits, genesisNonce-before, uint64(before)); found || tried != uint64(before) {
			t.Errorf("ending one short of it: found %v, tried %d of %d", found, tried, before)
		}
	}
	if _, found, tried := miner.Search(t.Context(), genesisHeader(t), genesisBits, genesisNonce+1, 10_000); found || tried != 10_000 {
		t.Errorf("past it: found %v, tried %d", found, tried)
	}
}

// Every nonce of a range is tried, the first that meets the target is the one
// returned, and the range wraps at 2^32.
func TestSearchAgainstPlainHashing(t *testing.T) {
	header := genesisHeader(t)
	const from, count = 1<<32 - 100_000, 300_000
	var want []uint32
	for i := range uint32(count) {
		if n := uint32(from) + i; meets(header, easyBits, n) {
			want = append(want, n)
		}
	}
	if len(want) < 2 {
		t.Fatalf("only %d nonces to be found", len(want))
	}
	at, end := uint32(from), uint64(count)
	for i, w := range want {
		nonce, found, tried := miner.Search(t.Context(), header, easyBits, at, end)
		if !found || nonce != w || tried != uint64(nonce-at)+1 {
			t.Fatalf("nonce %d of %d: %d, found %v, want %d", i, len(want), nonce, found, w)
		}
		at, end = nonce+1, end-tried
	}
	if _, found, tried := miner.Search(t.Context(), header, easyBits, at, end); found || tried != end {
		t.Errorf("after the last: found %v, tried %d of %d", found, tried, end)
	}
}

// The header's own nonce does not matter.
func TestSearchIgnoresNonce(t *testing.T) {
	header := genesisHeader(t)
	copy(header[76:], []byte{1, 2, 3, 4})
	if nonce, found, _ := miner.Search(t.Context(), header, genesisBits, genesisNonce, 1); !found || nonce != genesisNonce {
		t.Errorf("nonce %d, found %v", nonce, found)
	}
}

func TestSearchRefuses(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		bits  work.Bits
		count uint64
	}{
		{"no target", t.Context(), 0, 10},
		{"negative", t.Context(), 0x01fedcba, 10},
		{"overflow", t.Context(), 0xff123456, 10},
		{"no nonces", t.Context(), 0x207fffff, 0},
		{"ended context", ended, 0x207fffff, miner.Nonces},
	} {
		for _, workers := range []int{1, 4} {
			if _, found, tried := miner.SearchAll(c.ctx, workers, genesisHeader(t), c.bits, 0, c.count); found || tried != 0 {
				t.Errorf("%s, %d workers: found %v, tried %d", c.name, workers, found, tried)
			}
		}
	}
}

// A search of all nonces without a hope ends when its work goes stale.
func TestStale(t *testing.T) {
	for _, workers := range []int{1, 3} {
		var tried uint64
		for life := 20 * time.Millisecond; tried == 0; life *= 2 { // a busy machine may let it go stale before it begins
			ctx, cancel := context.WithTimeout(t.Context(), life)
			var found bool
			_, found, tried = miner.SearchAll(ctx, workers, genesisHeader(t), noBits, 0, miner.Nonces)
			if found || tried >= miner.Nonces || ctx.Err() == nil {
				t.Fatalf("%d workers: found %v, tried %d, context %v", workers, found, tried, ctx.Err())
			}
			cancel()
		}
	}
}

// Workers share a range without gaps or repetition, and one find stops all.
func TestSearchAll(t *testing.T) {
	header := genesisHeader(t)
	for _, workers := range []int{0, 1, 2, 5} {
		if _, found, tried := miner.SearchAll(t.Context(), workers, header, noBits, 1<<32-1000, 200_001); found || tried != 200_001 {
			t.Errorf("%d workers: found %v, tried %d of 200,001", workers, found, tried)
		}
		nonce, found, tried := miner.SearchAll(t.Context(), workers, header, genesisBits, genesisNonce-250_000, 300_000)
		if !found || nonce != genesisNonce || tried == 0 || tried > 300_000 {
			t.Errorf("%d workers: nonce %d, found %v, tried %d", workers, nonce, found, tried)
		}
		nonce, found, _ = miner.SearchAll(t.Context(), workers, header, easyBits, 0, miner.Nonces)
		if !found || !meets(header, easyBits, nonce) {
			t.Errorf("%d workers: nonce %d, found %v", workers, nonce, found)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	header := genesisHeader(b)
	b.ReportAllocs()
	const nonces = 1 << 14
	for b.Loop() {
		miner.Search(context.Background(), header, noBits, 0, nonces)
	}
	b.ReportMetric(float64(b.N)*nonces/b.Elapsed().Seconds()/1e6, "MH/s")
}

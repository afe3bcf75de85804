package miner_test

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/quernnet/quern/work/miner"
)

// Bitcoin's genesis header: nonce 2083236893.
const (
	genesis      = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
	genesisNonce = 2083236893
	genesisBits  = 0x1d00ffff
)

func genesisHeader(t testing.TB) [miner.HeaderSize]byte {
	b, err := hex.DecodeString(genesis)
	if err != nil {
		t.Fatal(err)
	}
	return [miner.HeaderSize]byte(b)
}

func TestSearchFindsGenesis(t *testing.T) {
	for _, before := range []uint32{0, 1, 4095, 4096, 10_000} {
		nonce, found, tried := miner.Search(context.Background(), genesisHeader(t), genesisBits, genesisNonce-before, 20_000)
		if !found || nonce != genesisNonce || tried != uint64(before)+1 {
			t.Errorf("from %d before: nonce %d, found %v, tried %d", before, nonce, found, tried)
		}
	}
}

package index

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
)

// payments is a store on disk with a chain of 150 blocks and 23,373
// transactions, which Bitcoin Core accepts.
func payments(t testing.TB) (*chain.Chain, *datastore.Store) {
	t.Helper()
	raw := realdata.Read(t, "chain-payments.dat")
	store, err := datastore.Open(datastore.Config{Dir: t.TempDir(), Params: chaintest.Params()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := chain.Open(t.Context(), chain.Config{Params: chaintest.Params(), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	for len(raw) > 8 {
		size := int(raw[4]) | int(raw[5])<<8 | int(raw[6])<<16 | int(raw[7])<<24
		b, err := wire.DecodeBlock(raw[8 : 8+size])
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddBlock(t.Context(), b); err != nil && b.ID() != chaintest.Params().Genesis.ID() {
			t.Fatal(err)
		}
		raw = raw[8+size:]
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, store
}

// What Bitcoin Core 31 says of the coins at that chain's tip.
func TestCoinsOfPaymentsAreCores(t *testing.T) {
	c, store := payments(t)
	s, err := New(t.Context(), settings(c, store, Names()...))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	tip := c.Tip()
	sums, hash, ok, err := s.Coins.At(t.Context(), tip.Height, tip.ID)
	if err != nil || !ok || hash.String() != "5f546f29f970bf375012a5d7babfbc2de193477040741e530755faf0e5b25023" || sums.Outs != 83_001 || sums.Amount != 7_475_00000000 {
		t.Errorf("at height %d: %+v, %v, %v, %v", tip.Height, sums, hash, ok, err)
	}
}

func settings(c *chain.Chain, store *datastore.Store, names ...string) Config {
	on := make(map[string]bool)
	for _, name := range names {
		on[name] = true
	}
	return Config{
		Chain: c, Params: chaintest.Params(), Space: store.Space, Rand: rand.Reader, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Tx: on[TxName], Filters: on[FiltersName], Coins: on[CoinsName], Spenders: on[SpendersName],
	}
}

// Each index alone, and all together, of a chain of 13.6 MB on disk.
func BenchmarkBuild(b *testing.B) {
	c, store := payments(b)
	sets := map[string][]string{"all": Names()}
	for _, name := range Names() {
		sets[name] = []string{name}
	}
	for name, names := range sets {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(13_595_387)
			for b.Loop() {
				for _, n := range names {
					if err := store.Clear(b.Context(), Space(n)); err != nil {
						b.Fatal(err)
					}
				}
				s, err := New(b.Context(), settings(c, store, names...))
				if err == nil {
					err = s.Follow(b.Context())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a client waits for when it asks for any transaction.
func BenchmarkFind(b *testing.B) {
	c, store := payments(b)
	s, err := New(b.Context(), settings(c, store, TxName))
	if err == nil {
		err = s.Follow(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	h, _ := c.ActiveAt(140)
	block, err := c.Block(h.ID)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if f, err := s.Tx.Find(b.Context(), block.Txs[len(block.Txs)/2].ID()); f == nil || err != nil {
			b.Fatal(f, err)
		}
	}
}

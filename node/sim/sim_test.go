package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A block of a node's own mempool reaches everybody, body and all, and so do
// transactions.
func TestSwarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(t, Options{Nodes: 8, Coins: 100})
		s.Connect(3)
		t.Logf("linked after %v", s.Await(time.Minute, s.Linked(3)))
		t.Logf("synced after %v", s.Await(time.Minute, s.Synced()))
		time.Sleep(3 * time.Second)

		ts := s.Spend(50, 500)
		s.Nodes[1].Add(ts...)
		t.Logf("transactions everywhere after %v", s.Await(time.Minute, s.Have(ts)))
		id := s.Nodes[2].Mine()
		t.Logf("block everywhere after %v", s.Await(time.Minute, s.AtTip(id)))
		b, err := s.Nodes[7].Chain.Block(id)
		if err != nil || len(b.Txs) != 51 {
			t.Fatalf("the block has %d transactions, %v", len(b.Txs), err)
		}
		warm := s.Spend(50, 500)
		s.Fill(warm)
		s.Await(0, s.Have(warm))
		id = s.Nodes[3].Mine()
		t.Logf("second block everywhere after %v", s.Await(time.Minute, s.AtTip(id)))
	})
}

package wallet

import (
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/signing"
)

// A key that others are derived of after it was added up with a second one is at every
// index of its descriptor. Signing asks each place of a key: one is enough.
func TestSharedKeyHasOnePlace(t *testing.T) {
	g := newGround(t)
	set, err := Open(g.config("w"))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	w, _, err := set.Create("w", CreateOptions{Flags: Blank})
	if err != nil {
		t.Fatal(err)
	}
	master, err := keys.NewMaster(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := btcec.PrivKeyFromBytes([]byte{9})
	text := "tr(musig(" + master.Text(g.params) + "," + keys.NewExtended(other.PubKey(), [32]byte{}).Text(g.params) + ")/0/*)"
	sum, _ := descriptor.Checksum(text)
	done, err := w.Import(t.Context(), []ImportRequest{{Desc: text + "#" + sum, Timestamp: 1, Active: true}})
	if err != nil || done[0].Err != nil {
		t.Fatal(err, done)
	}
	id := signing.PubKey(master.Pub()).ID()
	w.mu.Lock()
	places := len(w.keyed[id])
	w.mu.Unlock()
	if places != 1 || len(w.places) < 20 {
		t.Errorf("%d places among %d scripts", places, len(w.places))
	}
	r, err := w.SignerOf(id)
	if err != nil || r.Private[id] == nil {
		t.Errorf("the key does not sign: %v", err)
	}
}

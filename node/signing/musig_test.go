package signing_test

import (
	"crypto/rand"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/musig"
	"github.com/quernnet/quern/node/signing"
)

// manyBelow is what a packet may say of an input: many leaves, each with a key of its own
// below one aggregate key.
func manyBelow(t *testing.T, leaves int, members ...*signing.Key) *signing.Data {
	t.Helper()
	var pubs []musig.Pub
	var list []signing.PubKey
	for _, k := range members {
		pubs, list = append(pubs, musig.Pub(public(k))), append(list, k.Public())
	}
	sum, err := musig.Aggregate(pubs)
	if err != nil {
		t.Fatal(err)
	}
	of := signing.PubKey(sum.Sum[:])
	id := of.ID()
	d := &signing.Data{
		Participants: map[signing.PubKey][]signing.PubKey{of: list},
		TapOrigins:   make(map[signing.XOnly]signing.TapOrigin),
		Tap:          signing.Taproot{Internal: key(9, true).Public().XOnly(), Leaves: make(map[signing.Leaf][][]byte)},
	}
	for i := range leaves {
		path := []uint32{uint32(i)}
		below, _, err := musig.Derive(sum.Sum, path)
		if err != nil {
			t.Fatal(err)
		}
		x := signing.XOnly(below.X())
		d.TapOrigins[x] = signing.TapOrigin{Leaves: make(map[[32]byte]bool), Origin: signing.Origin{Fingerprint: [4]byte(id[:4]), Path: path}}
		leaf := signing.Leaf{Script: string(append(push(x[:]), 0xac)), Version: 0xc0}
		d.Tap.Leaves[leaf] = [][]byte{make([]byte, 33)}
	}
	return d
}

// produce has one signer work on it.
func produce(d *signing.Data, r *signing.Keyring) bool {
	prev := append([]byte{0x51, 32}, make([]byte, 32)...)
	tx := &wire.Tx{Version: 2, Ins: []wire.In{{}}, Outs: []wire.Out{{Value: 1}}}
	s := signing.NewSpender(tx, []wire.Out{{Value: 2, Script: prev}}, true)
	return signing.Produce(r, s.Input(0, signing.SighashDefault), prev, d)
}

// Each leaf is a session of its own, and comes to a signature of its own.
func TestManyKeysBelowOne(t *testing.T) {
	const leaves = 12
	members := []*signing.Key{key(1, true), key(2, true), key(3, true)}
	d := manyBelow(t, leaves, members...)
	var rings []*signing.Keyring
	for _, k := range members {
		r := &signing.Keyring{Nonces: musig.NewNonces(rand.Reader)}
		r.Add(k)
		rings = append(rings, r)
	}
	for _, r := range rings {
		if produce(d, r); len(d.Nonces) != leaves || r.Nonces.Len() != leaves {
			t.Fatalf("%d sessions, %d secret nonces", len(d.Nonces), r.Nonces.Len())
		}
	}
	for i, r := range rings {
		produce(d, r)
		if want := i / 2 * leaves; len(d.TapSigs) != want || r.Nonces.Len() != 0 {
			t.Errorf("signer %d: %d signatures, want %d; %d secret nonces are left", i, len(d.TapSigs), want, r.Nonces.Len())
		}
	}
	if d.Fault != nil || len(d.Troubles) > 0 {
		t.Errorf("%v, %v", d.Fault, d.Troubles)
	}
}

// A key that takes part twice has but one nonce in a packet: nothing is signed with it.
func TestTwiceTheSameParticipant(t *testing.T) {
	a, b := key(1, true), key(2, true)
	d := manyBelow(t, 1, a, a, b)
	r := &signing.Keyring{Nonces: musig.NewNonces(rand.Reader)}
	r.Add(a)
	r.Add(b)
	for range 3 {
		produce(d, r)
	}
	if len(d.PartialSigs) > 0 || len(d.TapSigs) > 0 {
		t.Errorf("%d partial signatures", len(d.PartialSigs))
	}
}

package swarm

import (
	"testing"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/libp2p/go-libp2p/core/peer"
)

func TestAnchors(t *testing.T) {
	anchor := func(name string, i, age int, useful bool) Anchor {
		return Anchor{ID: peer.ID(name), Addr: at(i, 1), Group: group(i), Since: noon.Add(-time.Duration(age) * time.Minute), Useful: useful}
	}
	for _, c := range []struct {
		name string
		list []Anchor
		want string
	}{
		{"none", nil, ""},
		{"the longest useful", []Anchor{anchor("a", 1, 5, true), anchor("b", 2, 50, true), anchor("c", 3, 20, true)}, "bc"},
		{"usefulness before age", []Anchor{anchor("a", 1, 500, false), anchor("b", 2, 3, true)}, "ba"},
		{"two networks", []Anchor{anchor("a", 1, 50, true), anchor("b", 1, 40, true), anchor("c", 2, 30, true)}, "ac"},
		{"one network when there is no other", []Anchor{anchor("a", 1, 50, true), anchor("b", 1, 40, true)}, "ab"},
		{"neither useful nor old", []Anchor{anchor("a", 1, 5, false)}, ""},
		{"no address", []Anchor{{ID: "a", Since: noon.Add(-time.Hour), Useful: true}}, ""},
	} {
		got := ""
		for _, a := range Anchors(c.list, noon) {
			got += string(a.ID)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAnchorsSaved(t *testing.T) {
	store := datastore.NewMapDatastore()
	if list, err := LoadAnchors(t.Context(), store); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	x, y := someone(t, 1), someone(t, 2)
	if err := SaveAnchors(t.Context(), store, []Anchor{{ID: x.ID, Addr: x.Addrs[0]}, {ID: y.ID, Addr: y.Addrs[0]}}); err != nil {
		t.Fatal(err)
	}
	if err := SaveAnchors(t.Context(), store, nil); err != nil { // all peers were lost before the end
		t.Fatal(err)
	}
	list, err := LoadAnchors(t.Context(), store)
	if err != nil || len(list) != 2 || list[0].ID != x.ID || !list[1].Addrs[0].Equal(y.Addrs[0]) {
		t.Fatal(list, err)
	}
	if err := store.Put(t.Context(), anchorsKey, []byte(`[{"id":"x"}]`)); err != nil {
		t.Fatal(err)
	}
	if list, err := LoadAnchors(t.Context(), store); err != nil || len(list) != 0 {
		t.Fatal("an anchor that is no peer:", list, err)
	}
	if err := store.Put(t.Context(), anchorsKey, []byte("garbage")); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAnchors(t.Context(), store); err == nil {
		t.Fatal("garbage was loaded")
	}
}

package psbt_test

import (
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/signing"
)

// Core writes the tree of an output mirrored, as its builder joins nodes, and mirrors what
// it reads once more; bitcoind 31 and Quern filled the same packets in alike so.
func TestTreesOfOutputsAreMirrored(t *testing.T) {
	v := decode(t, musigVectors(t, onlyKeys)[3])
	leaf := func(depth, op byte) signing.TreeLeaf {
		return signing.TreeLeaf{Depth: depth, Version: 0xc0, Script: []byte{op}}
	}
	o := signing.TapOutput{Internal: v.Ins[0].Tap.Internal, Tree: signing.Tree{leaf(1, 0x51), leaf(2, 0x52), leaf(2, 0x53)}}
	out, ok := o.Key()
	if !ok {
		t.Fatal("there is no such output")
	}
	p := psbt.New(&wire.Tx{Version: 2, Ins: []wire.In{{}}, Outs: []wire.Out{{Value: 1, Script: append([]byte{0x51, 32}, out[:]...)}}}, 2)
	describe := func(r *signing.Keyring) (ops []byte) {
		s, err := psbt.NewSigner(p)
		if err != nil {
			t.Fatal(err)
		}
		s.Describe(0, r)
		for _, l := range p.Outs[0].TapTree {
			ops = append(ops, l.Depth, l.Script[0])
		}
		if again, ok := (signing.TapOutput{Internal: o.Internal, Tree: p.Outs[0].TapTree}).Key(); !ok || again != out {
			t.Error("the tree is another one")
		}
		return ops
	}
	knowing := &signing.Keyring{Trees: map[signing.XOnly]signing.TapOutput{out: o}}
	mirrored, straight := []byte{2, 0x53, 2, 0x52, 1, 0x51}, []byte{1, 0x51, 2, 0x52, 2, 0x53}
	for i, c := range []struct {
		r    *signing.Keyring
		want []byte
	}{{knowing, mirrored}, {knowing, mirrored}, {new(signing.Keyring), straight}} {
		if got := describe(c.r); !slices.Equal(got, c.want) {
			t.Errorf("step %d: %x, want %x", i, got, c.want)
		}
	}
}

package signing

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/quernnet/quern/consensus/script"
)

// Leaf is a leaf script and its version.
type Leaf struct {
	Script  string
	Version byte
}

// Taproot is what spending a taproot output takes: its internal key, the root of
// its tree (zero: it has none), and the leaves with their control blocks, the
// shortest first.
type Taproot struct {
	Internal XOnly
	Root     [32]byte
	Leaves   map[Leaf][][]byte
}

// AddControl adds a control block to a leaf's, in its place.
func (t *Taproot) AddControl(l Leaf, control []byte) {
	if t.Leaves == nil {
		t.Leaves = make(map[Leaf][][]byte)
	}
	at, ok := slices.BinarySearchFunc(t.Leaves[l], control, func(a, b []byte) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return bytes.Compare(a, b)
	})
	if !ok {
		t.Leaves[l] = slices.Insert(slices.Clip(t.Leaves[l]), at, control) // others may hold the list, too
	}
}

// merge takes in what t lacks.
func (t *Taproot) merge(o Taproot) {
	if t.Internal.IsZero() {
		t.Internal = o.Internal
	}
	if t.Root == [32]byte{} {
		t.Root = o.Root
	}
	for l, controls := range o.Leaves {
		for _, c := range controls {
			t.AddControl(l, c)
		}
	}
}

// TreeLeaf is a leaf of a tree of scripts, at a depth of 0 to 128.
type TreeLeaf struct {
	Depth, Version byte
	Script         []byte
}

// Tree lists a tree's leaves from left to right (BIP371).
type Tree []TreeLeaf

// SortedLeaves lists the leaves by script, then by version.
func (t *Taproot) SortedLeaves() []Leaf {
	return slices.SortedFunc(maps.Keys(t.Leaves), func(a, b Leaf) int {
		return cmp.Or(cmp.Compare(a.Script, b.Script), cmp.Compare(a.Version, b.Version))
	})
}

// TapOutput is how a taproot output was made. Tree is nil when the key alone can
// spend it.
type TapOutput struct {
	Internal XOnly
	Tree     Tree
}

// node is a part of a tree: its hash, and of each leaf below the path to it.
type node struct {
	hash   [32]byte
	leaves []pathLeaf
}

type pathLeaf struct {
	leaf Leaf
	path []byte
}

// Complete says whether the depths make one whole binary tree of at most 128
// steps.
func (t Tree) Complete() bool {
	var open []byte // depths of nodes that wait for a sibling, each deeper than the one before
	for _, l := range t {
		depth := l.Depth
		for n := len(open); n > 0 && open[n-1] == depth; n = len(open) {
			if depth == 0 {
				return false // a second tree
			}
			open, depth = open[:n-1], depth-1
		}
		if n := len(open); depth > 128 || n > 0 && open[n-1] > depth {
			return false // something deeper still waits
		}
		open = append(open, depth)
	}
	return len(open) == 1 && open[0] == 0
}

// root joins nodes of the same depth that stand side by side.
func (t Tree) root() (node, bool) {
	if !t.Complete() {
		return node{}, false
	}
	var open [129]*node
	for _, l := range t {
		n := &node{script.LeafHash(l.Version, l.Script), []pathLeaf{{Leaf{string(l.Script), l.Version}, nil}}}
		depth := l.Depth
		for ; open[depth] != nil; depth-- {
			n, open[depth] = join(open[depth], n), nil
		}
		open[depth] = n
	}
	return *open[0], true
}

func join(a, b *node) *node {
	n := &node{hash: script.BranchHash(a.hash, b.hash)}
	for _, side := range [2]struct{ of, other *node }{{a, b}, {b, a}} {
		for _, l := range side.of.leaves {
			n.leaves = append(n.leaves, pathLeaf{l.leaf, append(slices.Clone(l.path), side.other.hash[:]...)})
		}
	}
	return n
}

// Key is the output's key; false when the internal key is none or the tree is
// not whole.
func (o TapOutput) Key() (XOnly, bool) {
	_, out, _, ok := o.tweak()
	return out, ok
}

func (o TapOutput) tweak() (n node, out XOnly, odd, ok bool) {
	internal, err := btcec.ParsePubKey([]byte(o.Internal.even()))
	if err != nil {
		return n, out, false, false
	}
	var root []byte
	if o.Tree != nil {
		if n, ok = o.Tree.root(); !ok {
			return n, out, false, false
		}
		root = n.hash[:]
	}
	key := txscript.ComputeTaprootOutputKey(internal, root).SerializeCompressed()
	copy(out[:], key[1:])
	return n, out, key[0] == 3, true
}

// Spending is what spending the output takes; empty when there is no such output.
func (o TapOutput) Spending() Taproot {
	n, _, odd, ok := o.tweak()
	if !ok {
		return Taproot{}
	}
	t := Taproot{Internal: o.Internal, Root: n.hash}
	for _, l := range n.leaves {
		first := l.leaf.Version
		if odd {
			first |= 1
		}
		t.AddControl(l.leaf, slices.Concat([]byte{first}, o.Internal[:], l.path))
	}
	return t
}

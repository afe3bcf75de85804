package descriptor

import (
	"bytes"
	"cmp"

	"github.com/quernnet/quern/node/signing"
)

// inOrder lists a tree's leaves as Core infers them: which of two branches is the
// left one no output tells, so the one with the least leaf is, by script, version and
// depth. Not ok: the depths make no whole tree.
func inOrder(t signing.Tree) (_ signing.Tree, ok bool) {
	if !t.Complete() {
		return nil, false
	}
	rest := t
	out, _ := branch(&rest, 0)
	return out, true
}

// branch takes the leaves below a branch off the front of rest, in order, with the
// least of them.
func branch(rest *signing.Tree, depth byte) (leaves signing.Tree, least signing.TreeLeaf) {
	if first := (*rest)[0]; first.Depth == depth {
		*rest = (*rest)[1:]
		return signing.Tree{first}, first
	}
	left, l := branch(rest, depth+1)
	right, r := branch(rest, depth+1)
	if cmp.Or(bytes.Compare(l.Script, r.Script), cmp.Compare(l.Version, r.Version), cmp.Compare(l.Depth, r.Depth)) > 0 {
		left, right, l = right, left, r
	}
	return append(left, right...), l
}

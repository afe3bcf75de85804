package wire_test

import (
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// naiveMerkle is the definition, by recursion: an odd level repeats its last.
func naiveMerkle(ids []wire.Hash) wire.Hash {
	if len(ids) == 1 {
		return ids[0]
	}
	var level []wire.Hash
	for i := 0; i < len(ids); i += 2 {
		right := ids[min(i+1, len(ids)-1)]
		level = append(level, wire.DoubleSHA256(append(ids[i][:], right[:]...)))
	}
	return naiveMerkle(level)
}

func numbered(n int) []wire.Hash {
	ids := make([]wire.Hash, n)
	for i := range ids {
		ids[i] = wire.DoubleSHA256([]byte{byte(i), byte(i >> 8)})
	}
	return ids
}

func TestMerkleRoot(t *testing.T) {
	if root, mutated := wire.MerkleRoot(nil); !root.IsZero() || mutated {
		t.Errorf("no ids: %v, %v", root, mutated)
	}
	for n := 1; n <= 70; n++ {
		if root, mutated := wire.MerkleRoot(numbered(n)); root != naiveMerkle(numbered(n)) || mutated {
			t.Errorf("%d ids: %v (mutated %v), want %v", n, root, mutated, naiveMerkle(numbered(n)))
		}
	}
}

// A list whose tail is repeated where the tree would repeat it has the same root
// (CVE-2012-2459) and must be told apart.
func TestMerkleMutation(t *testing.T) {
	for _, c := range []struct{ n, repeat int }{
		{3, 1}, {5, 1}, {7, 1}, {6, 2}, {10, 2}, {12, 4}, {9, 1}, {20, 4}, {24, 8},
	} {
		ids := numbered(c.n)
		twin := slices.Concat(ids, ids[c.n-c.repeat:])
		want, _ := wire.MerkleRoot(ids)
		root, mutated := wire.MerkleRoot(twin)
		if root != want {
			t.Errorf("%d ids, last %d repeated: another root, so the case is no mutation", c.n, c.repeat)
		}
		if !mutated {
			t.Errorf("%d ids, last %d repeated: not noticed", c.n, c.repeat)
		}
	}
	// Equal neighbours that are no siblings do not make a mutation.
	ids := numbered(4)
	ids[2] = ids[1]
	if _, mutated := wire.MerkleRoot(ids); mutated {
		t.Error("ids 1 and 2 are no siblings")
	}
}

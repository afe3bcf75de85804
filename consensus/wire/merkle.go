package wire

// MerkleRoot computes the root over ids; it overwrites ids. mutated says
// that two equal ids met as siblings, so that another list of transactions has
// the same root (CVE-2012-2459). No ids give the zero hash.
func MerkleRoot(ids []Hash) (root Hash, mutated bool) {
	if len(ids) == 0 {
		return Hash{}, false
	}
	for len(ids) > 1 {
		pairs := len(ids) / 2
		for i := range pairs {
			mutated = mutated || ids[2*i] == ids[2*i+1]
		}
		next := (len(ids) + 1) / 2
		odd := ids[len(ids)-1]
		hashNodes(ids[:pairs], ids)
		if next > pairs { // the last is its own sibling
			var pair [2]Hash
			pair[0], pair[1] = odd, odd
			hashNodes(ids[pairs:next], pair[:])
		}
		ids = ids[:next]
	}
	return ids[0], mutated
}

package wire

// MerkleRoot computes the root over ids; it overwrites ids. mutated says
// that two equal ids met as siblings, so that another list of transactions has
// the same root (CVE-2012-2459). No ids give the zero hash.
func MerkleRoot(ids []Hash) (root Hash, mutated bool) {
	if len(ids) == 0 {
		return Hash{}, false
	}
	var pair [2 * HashSize]byte
	for len(ids) > 1 {
		next := 0
		for i := 0; i < len(ids); i += 2 {
			j := min(i+1, len(ids)-1)
			if j > i && ids[i] == ids[j] {
				mutated = true
			}
			copy(pair[:HashSize], ids[i][:])
			copy(pair[HashSize:], ids[j][:])
			ids[next] = DoubleSHA256(pair[:])
			next++
		}
		ids = ids[:next]
	}
	return ids[0], mutated
}

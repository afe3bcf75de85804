package txargs

import "strconv"

// PathText writes the steps of a derivation path, each after a slash, hardened ones
// with an h.
func PathText(path []uint32) string {
	const hardened = 1 << 31
	var b []byte
	for _, step := range path {
		b = strconv.AppendUint(append(b, '/'), uint64(step&^hardened), 10)
		if step&hardened != 0 {
			b = append(b, 'h')
		}
	}
	return string(b)
}

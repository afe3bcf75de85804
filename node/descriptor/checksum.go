package descriptor

// Character sets of BIP380's checksum. Characters that are often mistaken for
// each other differ in their lower five bits only.
const (
	inputSet = "0123456789()[],'/*abcdefgh@:$%{}" +
		"IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~" +
		"ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
	checksumSet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
)

// ChecksumSize is the number of characters after '#'.
const ChecksumSize = 8

// residues are what the bits that a step shifts out come back as, all 32
// combinations of them.
var residues = func() (r [32]uint64) {
	for top := range r {
		for i, g := range [...]uint64{0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd} {
			if top>>i&1 != 0 {
				r[top] ^= g
			}
		}
	}
	return r
}()

// positions are the characters' places in inputSet, and one more; 0 for none.
var positions = func() (p [256]byte) {
	for i := range len(inputSet) {
		p[inputSet[i]] = byte(i + 1)
	}
	return p
}()

// step multiplies the checksum's polynomial by x and adds v (BIP380).
func step(c uint64, v int) uint64 {
	return c&0x7ffffffff<<5 ^ uint64(v) ^ residues[c>>35&31]
}

// Checksum is BIP380's checksum of a descriptor without one; ok is false when
// a character has no place in descriptors.
func Checksum(text string) (sum string, ok bool) {
	c, class, count := uint64(1), 0, 0
	for i := range len(text) {
		pos := int(positions[text[i]]) - 1
		if pos < 0 {
			return "", false
		}
		c = step(c, pos&31)
		class = class*3 + pos>>5
		if count++; count == 3 {
			c = step(c, class)
			class, count = 0, 0
		}
	}
	if count > 0 {
		c = step(c, class)
	}
	for range ChecksumSize {
		c = step(c, 0)
	}
	c ^= 1
	out := make([]byte, ChecksumSize)
	for i := range out {
		out[i] = checksumSet[c>>(5*(ChecksumSize-1-i))&31]
	}
	return string(out), true
}

// ChecksumOf is the checksum of a descriptor that may have one, which then must
// be right; "" when it is not.
func ChecksumOf(text string) string {
	body, err := checked(text, false)
	if err != nil {
		return ""
	}
	sum, _ := Checksum(body)
	return sum
}

// sealed is a descriptor with its checksum.
func sealed(text string) string {
	sum, _ := Checksum(text)
	return text + "#" + sum
}

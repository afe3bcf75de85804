package coinset

import (
	"crypto/sha256"
	"math/big"
	"math/bits"

	"golang.org/x/crypto/chacha20"

	"github.com/quernnet/quern/consensus/wire"
)

// MuHash is a hash of a set whose elements may be added and removed in any order
// (MuHash3072: Bellare and Micciancio, "A New Paradigm for Collision-Free
// Hashing", over the multiplicative group modulo 2^3072 - 1103717, the largest
// safe prime below 2^3072; the choices are Bitcoin Core's, crypto/muhash.h). The
// zero value is the empty set.
//
// The set's value is a fraction: elements added are multiplied into the
// numerator, elements removed into the denominator.
type MuHash struct {
	num, den number
}

const (
	muBytes = 384
	// muDiff is 2^3072 minus the modulus.
	muDiff = 1103717
)

// Add puts an element into the set.
func (m *MuHash) Add(element []byte) { m.num.multiply(expand(element)) }

// Remove takes an element out of the set. Whether it is in there cannot be
// known.
func (m *MuHash) Remove(element []byte) { m.den.multiply(expand(element)) }

// Union adds all that is in o.
func (m *MuHash) Union(o *MuHash) {
	m.num.multiply(o.num.limbs())
	m.den.multiply(o.den.limbs())
}

// Sum is the set's hash: SHA-256 of the fraction's value, 384 bytes little
// endian.
func (m *MuHash) Sum() wire.Hash {
	p := new(big.Int).Lsh(big.NewInt(1), 8*muBytes)
	p.Sub(p, big.NewInt(muDiff))
	v := m.den.value()
	v.Mod(v, p)
	v.ModInverse(v, p)
	v.Mul(v, m.num.value())
	v.Mod(v, p)
	var b [muBytes]byte
	v.FillBytes(b[:])
	for i, j := 0, muBytes-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return sha256.Sum256(b[:])
}

// limbs are a 3072-bit number, least significant first.
type limbs [muBytes / 8]uint64

// expand makes a number of an element: the ChaCha20 key stream under the
// element's SHA-256, with a zero nonce.
func expand(element []byte) *limbs {
	key := sha256.Sum256(element)
	var b [muBytes]byte
	c, err := chacha20.NewUnauthenticatedCipher(key[:], make([]byte, chacha20.NonceSize))
	if err != nil {
		panic(err) // the sizes are right
	}
	c.XORKeyStream(b[:], b[:])
	n := new(limbs)
	for i := range n {
		for j := range 8 {
			n[i] |= uint64(b[8*i+j]) << (8 * j)
		}
	}
	return n
}

// number is an element of the group, not fully reduced: anything below 2^3072.
// The zero value is one. Being over the modulus
// does no harm until Sum, which reduces.
type number struct {
	set bool
	v   limbs
}

func (n *number) limbs() *limbs {
	if n.set {
		return &n.v
	}
	return &limbs{1}
}

func (n *number) value() *big.Int {
	var b [muBytes]byte
	for i, limb := range n.limbs() {
		for j := range 8 {
			b[muBytes-1-8*i-j] = byte(limb >> (8 * j))
		}
	}
	return new(big.Int).SetBytes(b[:])
}

// multiply is schoolbook multiplication with the upper half folded back: 2^3072
// is muDiff modulo the prime.
func (n *number) multiply(o *limbs) {
	if !n.set {
		n.set, n.v = true, *o
		return
	}
	var t [2 * len(o)]uint64
	for i, x := range n.v {
		var carry uint64
		for j, y := range o {
			hi, lo := bits.Mul64(x, y)
			var c uint64
			lo, c = bits.Add64(lo, carry, 0)
			hi += c
			t[i+j], c = bits.Add64(t[i+j], lo, 0)
			carry = hi + c
		}
		t[i+len(o)] = carry
	}
	var carry uint64
	for i := range n.v {
		hi, lo := bits.Mul64(t[i+len(o)], muDiff)
		var c uint64
		lo, c = bits.Add64(lo, carry, 0)
		hi += c
		n.v[i], c = bits.Add64(t[i], lo, 0)
		carry = hi + c
	}
	// What is left over is small, and folding it can overflow once more at most.
	for carry > 0 {
		hi, lo := bits.Mul64(carry, muDiff)
		var c uint64
		n.v[0], c = bits.Add64(n.v[0], lo, 0)
		n.v[1], c = bits.Add64(n.v[1], hi, c)
		for i := 2; i < len(n.v); i++ {
			n.v[i], c = bits.Add64(n.v[i], 0, c)
		}
		carry = c
	}
}

package coinset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"sync"

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

// MuHashSize is the size of a set's value in bytes.
const MuHashSize = 384

// muDiff is 2^3072 minus the modulus.
const muDiff = 1103717

// Add puts an element into the set.
func (m *MuHash) Add(element []byte) { m.num.multiply(expand(element)) }

// Remove takes an element out of the set. Whether it is in there cannot be
// known.
func (m *MuHash) Remove(element []byte) { m.den.multiply(expand(element)) }

// Union adds all that is in o.
func (m *MuHash) Union(o *MuHash) {
	m.num.times(&o.num)
	m.den.times(&o.den)
}

// Difference takes out all that is in o.
func (m *MuHash) Difference(o *MuHash) {
	m.num.times(&o.den)
	m.den.times(&o.num)
}

// Sum is the set's hash: SHA-256 of the fraction's value, 384 bytes little
// endian.
func (m *MuHash) Sum() wire.Hash {
	b := m.bytes()
	return sha256.Sum256(b[:])
}

// bytes is the fraction's value, little endian.
func (m *MuHash) bytes() (b [MuHashSize]byte) {
	v := m.num.value()
	if m.den.set {
		v.Mul(v, inverse(m.den.value()))
	}
	v.Mod(v, modulus()).FillBytes(b[:])
	slices.Reverse(b[:])
	return b
}

// Normalize leaves the set as it is, and writes it with a denominator of one: Sum
// then takes no division, which is what is slow about it.
func (m *MuHash) Normalize() {
	if m.den.set {
		m.num.times(numberOf(inverse(m.den.value())))
		m.den = number{}
	}
}

// AppendBinary adds the set's value to dst, 384 bytes little endian.
func (m *MuHash) AppendBinary(dst []byte) ([]byte, error) {
	b := m.bytes()
	return append(dst, b[:]...), nil
}

// UnmarshalBinary reads what AppendBinary wrote.
func (m *MuHash) UnmarshalBinary(b []byte) error {
	if len(b) != MuHashSize {
		return fmt.Errorf("MuHash of %d bytes, want %d", len(b), MuHashSize)
	}
	*m = MuHash{num: number{set: true, v: *fromBytes((*[MuHashSize]byte)(b))}}
	return nil
}

// modulus is the group's prime.
var modulus = sync.OnceValue(func() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 8*MuHashSize)
	return p.Sub(p, big.NewInt(muDiff))
})

func inverse(v *big.Int) *big.Int {
	v.Mod(v, modulus())
	return v.ModInverse(v, modulus())
}

// limbs are a 3072-bit number, least significant first.
type limbs [8 * MuHashSize / bits.UintSize]big.Word

// expand makes a number of an element: the ChaCha20 key stream under the
// element's SHA-256, with a zero nonce.
func expand(element []byte) *limbs {
	key := sha256.Sum256(element)
	var b [MuHashSize]byte
	var nonce [chacha20.NonceSize]byte
	c, err := chacha20.NewUnauthenticatedCipher(key[:], nonce[:])
	if err != nil {
		panic(err) // the sizes are right
	}
	c.XORKeyStream(b[:], b[:])
	return fromBytes(&b)
}

// fromBytes reads 384 bytes little endian.
func fromBytes(b *[MuHashSize]byte) *limbs {
	const size = bits.UintSize / 8
	n := new(limbs)
	for i := range n {
		if size == 8 {
			n[i] = big.Word(binary.LittleEndian.Uint64(b[size*i:]))
		} else {
			n[i] = big.Word(binary.LittleEndian.Uint32(b[size*i:]))
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

// numberOf is v, which is below 2^3072.
func numberOf(v *big.Int) *number {
	n := &number{set: true}
	copy(n.v[:], v.Bits())
	return n
}

func (n *number) limbs() *limbs {
	if n.set {
		return &n.v
	}
	return &limbs{1}
}

// value is a copy.
func (n *number) value() *big.Int {
	return new(big.Int).SetBits(slices.Clone(n.limbs()[:]))
}

// times leaves a one that was never written as it is.
func (n *number) times(o *number) {
	if o.set {
		n.multiply(&o.v)
	}
}

// products are where multiply works: math/big's multiplication is in assembly.
var products = sync.Pool{New: func() any { return new(big.Int) }}

// multiply folds the upper half of the product back: 2^3072 is muDiff modulo the
// prime.
func (n *number) multiply(o *limbs) {
	if !n.set {
		n.set, n.v = true, *o
		return
	}
	p := products.Get().(*big.Int)
	defer products.Put(p)
	var x, y big.Int
	t := p.Mul(x.SetBits(n.v[:]), y.SetBits(o[:])).Bits()
	low := t[:min(len(t), len(n.v))]
	high := t[len(low):]
	clear(n.v[copy(n.v[:], low):])
	var carry uint
	for i := range n.v {
		if i >= len(high) && carry == 0 {
			break
		}
		var h uint
		if i < len(high) {
			h = uint(high[i])
		}
		hi, lo := bits.Mul(h, muDiff)
		var c uint
		lo, c = bits.Add(lo, carry, 0)
		hi += c
		sum, c := bits.Add(uint(n.v[i]), lo, 0)
		n.v[i], carry = big.Word(sum), hi+c
	}
	// What is left over is small, and folding it can overflow once more at most.
	for carry > 0 {
		hi, lo := bits.Mul(carry, muDiff)
		carry = n.addSmall(lo, hi)
	}
}

// addSmall adds a number of two words, and returns what goes over.
func (n *number) addSmall(lo, hi uint) uint {
	sum, c := bits.Add(uint(n.v[0]), lo, 0)
	n.v[0] = big.Word(sum)
	sum, c = bits.Add(uint(n.v[1]), hi, c)
	n.v[1] = big.Word(sum)
	for i := 2; i < len(n.v) && c > 0; i++ {
		sum, c = bits.Add(uint(n.v[i]), 0, c)
		n.v[i] = big.Word(sum)
	}
	return c
}

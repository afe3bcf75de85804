package secp

import (
	"math/big"
	"math/rand/v2"

	"github.com/btcsuite/btcd/btcec/v2"
)

// forger makes claims whose truth is known, faster than signing would, of
// numbers at which arithmetic goes wrong if it does.
type forger struct {
	r      *rand.Rand
	keys   []secretPoint
	nonces []secretPoint
}

// secretPoint is k and what is known of kG.
type secretPoint struct {
	k   scalar
	x   field
	odd bool
	pub *btcec.PublicKey
}

func newForger(r *rand.Rand) *forger {
	f := &forger{r: r}
	for _, k := range []uint64{1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 33, 0xffff, 1 << 32} {
		f.put(scalar{k})
	}
	f.put(scalar{0, 0, 1})
	f.put(scalar{0, 0, 2})
	f.put(halfN)
	f.put(lambda)
	lambda2 := lambda
	lambda2.mul(&lambda, &lambda)
	f.put(lambda2)
	for range 24 {
		f.put(randomScalar(r))
	}
	return f
}

// put adds k and -k.
func (f *forger) put(k scalar) {
	if k.isZero() {
		return
	}
	for range 2 {
		_, pub := btcec.PrivKeyFromBytes(limbsBig(k).FillBytes(make([]byte, 32)))
		p := secretPoint{k: k, x: bigLimbs(pub.X()), odd: pub.Y().Bit(0) == 1, pub: pub}
		f.keys, f.nonces = append(f.keys, p), append(f.nonces, p)
		k.neg(&k)
	}
}

// claim makes one that is true, or one that is most probably not: want is only
// known if true comes back for known.
func (f *forger) claim() (c Claim, want, known bool) {
	key, nonce := &f.keys[f.r.IntN(len(f.keys))], &f.nonces[f.r.IntN(len(f.nonces))]
	var ok bool
	if f.r.IntN(2) == 0 {
		c, ok = f.ecdsa(key, nonce)
	} else {
		c, ok = f.schnorr(key, nonce), true
	}
	if f.r.IntN(3) > 0 {
		return c, ok, ok
	}
	f.damage(&c)
	return c, false, false
}

// ecdsa signs what random limbs say: ok is false if there is no such signature.
func (f *forger) ecdsa(key, nonce *secretPoint) (c Claim, ok bool) {
	var e, r, s scalar
	e = randomLimbs(f.r)
	c.Scheme = ECDSA
	limbsBig(e).FillBytes(c.Sum[:])
	e.reduceOnce(0)
	r = scalar(nonce.x)
	r.reduceOnce(0)
	s.mul(&r, &key.k)
	s.add(&s, &e)
	var inverse scalar
	inverse.invert(&nonce.k)
	s.mul(&s, &inverse)
	if f.r.IntN(2) == 0 {
		s.neg(&s)
	}
	c.Sig = der(limbsBig(r), limbsBig(s))
	switch f.r.IntN(4) {
	default:
		c.Key = key.pub.SerializeCompressed()
	case 0:
		c.Key = key.pub.SerializeUncompressed()
		if f.r.IntN(2) == 0 {
			c.Key[0] = 6 | byte(key.pub.Y().Bit(0))
		}
	}
	return c, !s.isZero()
}

func (f *forger) schnorr(key, nonce *secretPoint) (c Claim) {
	c.Scheme = Schnorr
	sum := randomLimbs(f.r)
	limbsBig(sum).FillBytes(c.Sum[:])
	d, k := key.k, nonce.k
	if key.odd {
		d.neg(&d)
	}
	if nonce.odd {
		k.neg(&k)
	}
	px, rx := key.x.bytes(), nonce.x.bytes()
	var e, s scalar
	challenge(&e, rx[:], px[:], c.Sum[:])
	s.mul(&e, &d)
	s.add(&s, &k)
	c.Key = px[:]
	c.Sig = limbsBig(s).FillBytes(append(rx[:], make([]byte, 32)...)[32:])
	c.Sig = append(rx[:], c.Sig...)
	return c
}

// damage changes one thing.
func (f *forger) damage(c *Claim) {
	switch f.r.IntN(8) {
	case 0:
		c.Sum[f.r.IntN(32)] ^= 1 << f.r.IntN(8)
	case 1:
		c.Key[0] ^= 1 // the other y, or another x
	case 2:
		c.Key[1+f.r.IntN(len(c.Key)-1)] ^= 1 << f.r.IntN(8)
	case 3, 4:
		c.Sig[f.r.IntN(len(c.Sig))] ^= 1 << f.r.IntN(8)
	case 5:
		limbs := randomLimbs(f.r)
		limbsBig(limbs).FillBytes(c.Key[len(c.Key)-32:])
	case 6:
		f.replace(c, limbsBig(randomLimbs(f.r)))
	case 7:
		c.Sig = c.Sig[:f.r.IntN(len(c.Sig))]
	}
}

// replace puts v in place of r or s.
func (f *forger) replace(c *Claim, v *big.Int) {
	if c.Scheme == Schnorr {
		v.FillBytes(c.Sig[32*f.r.IntN(2):][:32])
		return
	}
	r, s, _ := parseLax(c.Sig)
	rv, sv := new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)
	switch f.r.IntN(4) {
	case 0:
		rv = v
	case 1:
		sv = v
	case 2:
		rv.Add(rv, bigN)
	case 3:
		sv.Add(sv, bigN)
	}
	c.Sig = der(rv, sv)
}

package secp

// Batch verifies many claims in less time than one by one. It keeps memory
// between calls; the zero value is ready. Not for concurrent use.
type Batch struct {
	lanes    laneScratch
	ecdsa    []pendingECDSA
	inverses []scalar
	scratch  []scalar
	schnorr  []pendingSchnorr
	sum      sum
}

type pendingECDSA struct {
	claim int
	sig   ecdsaSig
	key   affine
	lift  bool // y is not known yet
	valid bool // so far
}

type pendingSchnorr struct {
	claim int
	sig   schnorrSig
	r     affine
}

// Sizes in claims: what is looked at together at most, so that memory stays
// bounded, and the least for which a sum of many points costs less than one by one.
const (
	maxTogether = 1024
	minSchnorr  = 8
)

// Verify sets ok[i] to whether claims[i] is true. It returns whether all are.
func (b *Batch) Verify(claims []Claim, ok []bool) bool {
	all := true
	for len(claims) > 0 {
		n := min(len(claims), maxTogether)
		b.verify(claims[:n], ok[:n])
		for _, good := range ok[:n] {
			all = all && good
		}
		claims, ok = claims[n:], ok[n:]
	}
	return all
}

func (b *Batch) verify(claims []Claim, ok []bool) {
	clear(ok)
	if hasLanes && len(claims) >= minLanes() {
		for _, i := range b.lanes.verify(claims, ok) {
			ok[i] = claims[i].Verify()
		}
		return
	}
	b.ecdsa, b.schnorr = b.ecdsa[:0], b.schnorr[:0]
	for i := range claims {
		c := &claims[i]
		switch c.Scheme {
		case ECDSA:
			p := pendingECDSA{claim: i}
			if p.sig.parse(c.Sig) {
				if p.lift, p.valid = p.key.readKey(c.Key); p.valid {
					b.ecdsa = append(b.ecdsa, p)
				}
			}
		case Schnorr:
			p := pendingSchnorr{claim: i}
			if p.sig.read(c.Key, c.Sig, c.Sum[:]) && p.lift() {
				b.schnorr = append(b.schnorr, p)
			}
		}
	}
	b.liftKeys(claims)
	b.verifyECDSA(claims, ok)
	b.verifySchnorr(ok)
}

// lift finds both points. A true signature's r is the x of one with an even y.
func (p *pendingSchnorr) lift() bool {
	ok := lift2(&p.sig.p, &p.r, &[2]field{p.sig.p.x, p.sig.r}, [2]bool{})
	return ok[0] && ok[1]
}

// liftKeys finds the y of compressed keys, two at a time.
func (b *Batch) liftKeys(claims []Claim) {
	var waiting *pendingECDSA
	odd := func(p *pendingECDSA) bool { return oddKey(claims[p.claim].Key) }
	for i := range b.ecdsa {
		p := &b.ecdsa[i]
		switch {
		case !p.lift:
		case waiting == nil:
			waiting = p
		default:
			q := waiting
			ok := lift2(&q.key, &p.key, &[2]field{q.key.x, p.key.x}, [2]bool{odd(q), odd(p)})
			q.valid, p.valid, waiting = ok[0], ok[1], nil
		}
	}
	if p := waiting; p != nil {
		x := p.key.x
		p.valid = p.key.lift(&x, odd(p))
	}
}

// verifyECDSA shares one inversion.
func (b *Batch) verifyECDSA(claims []Claim, ok []bool) {
	b.inverses = b.inverses[:0]
	for i := range b.ecdsa {
		b.inverses = append(b.inverses, b.ecdsa[i].sig.s)
	}
	b.scratch = append(b.scratch[:0], b.inverses...)
	invertScalars(b.inverses, b.scratch)
	for i := range b.ecdsa {
		p := &b.ecdsa[i]
		ok[p.claim] = p.valid && p.sig.holds(&p.key, &claims[p.claim].Sum, &b.inverses[i])
	}
}

// verifySchnorr asks all signatures at once, and each by itself if that fails.
func (b *Batch) verifySchnorr(ok []bool) {
	together := len(b.schnorr) >= minSchnorr && b.schnorrHold()
	for i := range b.schnorr {
		p := &b.schnorr[i]
		ok[p.claim] = together || p.sig.holds()
	}
}

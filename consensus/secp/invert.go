package secp

import "math/bits"

// Inversion by Bernstein and Yang's division steps ("Fast constant-time gcd
// computation and modular inversion", 2019), in variable time: 62 steps at a
// time act on the low words only and give a matrix, which is then applied to
// the whole numbers.

// signed62 is a number in limbs of 62 bits; the topmost holds the sign.
type signed62 [5]int64

const mask62 = 1<<62 - 1

// modulus is what to invert by, and its inverse modulo 2^62.
type modulus struct {
	m   signed62
	inv uint64
}

var (
	modP = newModulus(fieldP)
	modN = newModulus(orderN)
)

func newModulus(m [4]uint64) modulus {
	inv := uint64(1)
	for range 6 { // each round doubles the bits that are right
		inv *= 2 - m[0]*inv
	}
	return modulus{toSigned62(m), inv & mask62}
}

func toSigned62(a [4]uint64) signed62 {
	return signed62{
		int64(a[0] & mask62),
		int64((a[0]>>62 | a[1]<<2) & mask62),
		int64((a[1]>>60 | a[2]<<4) & mask62),
		int64((a[2]>>58 | a[3]<<6) & mask62),
		int64(a[3] >> 56),
	}
}

func (a *signed62) limbs() [4]uint64 {
	return [4]uint64{
		uint64(a[0]) | uint64(a[1])<<62,
		uint64(a[1])>>2 | uint64(a[2])<<60,
		uint64(a[2])>>4 | uint64(a[3])<<58,
		uint64(a[3])>>6 | uint64(a[4])<<56,
	}
}

// invert returns 1/a modulo m, and 0 for a multiple of m; a is not negative
// and below 2^256.
func (m *modulus) invert(a [4]uint64) [4]uint64 {
	f, g := m.m, toSigned62(a)
	var d signed62
	e := signed62{1}
	eta, n := int64(-1), len(f)
	for {
		var t matrix
		eta, t = steps62(eta, uint64(f[0]), uint64(g[0]))
		t.applyMod(&d, &e, m)
		t.apply(f[:n], g[:n])
		if isZero62(g[:n]) {
			break
		}
		n = shorten(f[:n], g[:n])
	}
	return m.normal(&d, f[n-1] < 0)
}

// matrix is 2^62 times the action of 62 division steps:
// (f, g) becomes (uf+vg, qf+rg) / 2^62.
type matrix struct{ u, v, q, r int64 }

// steps62 does 62 division steps on the low words of f and g. eta counts how
// far g may be ahead of f, negated.
func steps62(eta int64, f, g uint64) (int64, matrix) {
	u, v, q, r := uint64(1), uint64(0), uint64(0), uint64(1)
	left := 62
	for {
		zeros := bits.TrailingZeros64(g | ^uint64(0)<<left)
		g >>= zeros
		u <<= zeros
		v <<= zeros
		eta -= int64(zeros)
		if left -= zeros; left == 0 {
			return eta, matrix{int64(u), int64(v), int64(q), int64(r)}
		}
		if eta < 0 {
			eta = -eta
			f, g = g, -f
			u, q = q, -u
			v, r = r, -v
		}
		// As many low bits of g go at once as steps are allowed before the
		// next swap, six at most: f(2-f²) is 1/f modulo 64.
		cancel := min(int(eta)+1, left, 6)
		w := f * g * (f*f - 2) & (1<<cancel - 1)
		g += f * w
		q += u * w
		r += v * w
	}
}

// int128 is a signed accumulator.
type int128 struct{ hi, lo uint64 }

// addMul adds ab.
func (s *int128) addMul(a, b int64) {
	h, l := bits.Mul64(uint64(a), uint64(b))
	h -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	var c uint64
	s.lo, c = bits.Add64(s.lo, l, 0)
	s.hi += h + c
}

func (s *int128) shift62() {
	s.lo = s.lo>>62 | s.hi<<2
	s.hi = uint64(int64(s.hi) >> 62)
}

// apply brings f and g 62 steps on. The low 62 bits of what it makes are zero.
func (t *matrix) apply(f, g []int64) {
	var cf, cg int128
	for i := range f {
		fi, gi := f[i], g[i]
		cf.addMul(t.u, fi)
		cf.addMul(t.v, gi)
		cg.addMul(t.q, fi)
		cg.addMul(t.r, gi)
		if i > 0 {
			f[i-1], g[i-1] = int64(cf.lo&mask62), int64(cg.lo&mask62)
		}
		cf.shift62()
		cg.shift62()
	}
	f[len(f)-1], g[len(g)-1] = int64(cf.lo), int64(cg.lo)
}

// applyMod does to d and e, modulo m, what apply does to f and g: multiples of
// m make the low 62 bits zero. Both stay between -2m and m.
func (t *matrix) applyMod(d, e *signed62, m *modulus) {
	sd, se := d[4]>>63, e[4]>>63
	md, me := t.u&sd+t.v&se, t.q&sd+t.r&se
	var cd, ce int128
	cd.addMul(t.u, d[0])
	cd.addMul(t.v, e[0])
	ce.addMul(t.q, d[0])
	ce.addMul(t.r, e[0])
	md -= int64((m.inv*cd.lo + uint64(md)) & mask62)
	me -= int64((m.inv*ce.lo + uint64(me)) & mask62)
	cd.addMul(m.m[0], md)
	ce.addMul(m.m[0], me)
	cd.shift62()
	ce.shift62()
	for i := 1; i < len(d); i++ {
		di, ei := d[i], e[i]
		cd.addMul(t.u, di)
		cd.addMul(t.v, ei)
		ce.addMul(t.q, di)
		ce.addMul(t.r, ei)
		cd.addMul(m.m[i], md)
		ce.addMul(m.m[i], me)
		d[i-1], e[i-1] = int64(cd.lo&mask62), int64(ce.lo&mask62)
		cd.shift62()
		ce.shift62()
	}
	d[4], e[4] = int64(cd.lo), int64(ce.lo)
}

func isZero62(g []int64) bool {
	var all int64
	for _, limb := range g {
		all |= limb
	}
	return all == 0
}

// shorten returns how many limbs f and g need, and merges a topmost limb of
// mere sign into the one below.
func shorten(f, g []int64) int {
	n := len(f)
	if top := n - 1; top > 0 && (f[top] == 0 || f[top] == -1) && (g[top] == 0 || g[top] == -1) {
		f[top-1] |= int64(uint64(f[top]) << 62)
		g[top-1] |= int64(uint64(g[top]) << 62)
		n--
	}
	return n
}

// normal brings d, between -2m and m, into [0, m), negated first if told so.
func (m *modulus) normal(d *signed62, negate bool) [4]uint64 {
	if d[4] < 0 {
		addSigned(d, &m.m)
	}
	if negate {
		for i := range d {
			d[i] = -d[i]
		}
		carry62(d)
	}
	if d[4] < 0 {
		addSigned(d, &m.m)
	}
	return d.limbs()
}

func addSigned(d, m *signed62) {
	for i := range d {
		d[i] += m[i]
	}
	carry62(d)
}

// carry62 brings all limbs but the topmost into 62 bits.
func carry62(d *signed62) {
	for i := range 4 {
		d[i+1] += d[i] >> 62
		d[i] &= mask62
	}
}

// invert sets z to 1/a, and to zero for zero.
func (z *field) invert(a *field) {
	*z = modP.invert(a.canonical())
}

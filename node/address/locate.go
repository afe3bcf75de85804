package address

// The generator of bech32's checksum has roots at the powers 997, 998 and 999 of
// an element e of GF(1024), which is GF(32) with a root of x² + 9x + 23. What a
// polynomial with errors is at these powers therefore depends on the errors
// alone: of one or two of them the places can be computed.

const (
	order      = 1023 // of e
	firstPower = 997
)

// exp and log are e's powers and their logarithms; log of 0 is -1.
var exp, log = func() (exp [order]int, log [order + 1]int) {
	log[0] = -1
	for i, v := 0, 1; i < order; i++ {
		exp[i], log[v] = v, i
		low, high := v&31, v>>5
		v = (times32(high, 9)^low)<<5 | times32(high, 23) // (high·e + low)·e
	}
	return exp, log
}()

// times32 multiplies in GF(32), of which x⁵ + x³ + 1 is the polynomial.
func times32(a, b int) (p int) {
	for ; b > 0; b >>= 1 {
		if b&1 != 0 {
			p ^= a
		}
		if a <<= 1; a&32 != 0 {
			a ^= 0b101001
		}
	}
	return p
}

// shift is v·e^n.
func shift(v, n int) int {
	if v == 0 {
		return 0
	}
	return exp[(log[v]+n)%order]
}

// syndromes is what a residue, a polynomial of degree 5, is at the three powers.
func syndromes(residue uint32) (s [3]int) {
	for j := range s {
		for i := range bech32Check {
			s[j] ^= shift(int(residue>>(5*i)&31), (firstPower+j)*i)
		}
	}
	return s
}

// inField says whether an element, by its logarithm, is of GF(32).
func inField(log int) bool { return log%33 == 0 }

// places finds one or two errors among n values, as distances from the last;
// none when there must be more.
func places(s [3]int, n int) []int {
	l0, l1, l2 := log[s[0]], log[s[1]], log[s[2]]
	if l0 >= 0 && l1 >= 0 && l2 >= 0 && (2*l1-l2-l0+2*order)%order == 0 { // one error: powers follow each other
		p := (l1 - l0 + order) % order
		if p < n && inField(l0+(order-firstPower)*p) {
			return []int{p}
		}
		return nil
	}
	for p := range n { // suppose that an error is here, and look for the other
		if q, ok := second(s, p); ok && q < n && q != p && valid(s, p, q) {
			return []int{max(p, q), min(p, q)}
		}
	}
	return nil
}

// second is where the other of two errors must be.
func second(s [3]int, p int) (q int, ok bool) {
	a, b := s[2]^shift(s[1], p), s[1]^shift(s[0], p)
	if a == 0 || b == 0 {
		return 0, false
	}
	return (log[a] - log[b] + order) % order, true
}

// valid says whether two errors at p and q have values of GF(32).
func valid(s [3]int, p, q int) bool {
	a, b := s[1]^shift(s[0], p), s[1]^shift(s[0], q)
	if b == 0 {
		return false
	}
	inverse := order - log[exp[p]^exp[q]]
	return inField(log[a]+inverse+(order-firstPower)*q) && inField(log[b]+inverse+(order-firstPower)*p)
}

// locate says which characters of a text, whose checksum does not fit, are
// likely wrong, of the two encodings by that which needs fewer errors.
func locate(text string, p parts) *Error {
	found := &Error{Reason: "Invalid checksum"}
	for _, e := range []struct {
		encoding encoding
		reason   string
	}{{bech32, "Invalid Bech32 checksum"}, {bech32m, "Invalid Bech32m checksum"}} {
		list := places(syndromes(residue(p.hrp, p.values)^uint32(e.encoding)), len(p.values))
		if len(list) == 0 || len(found.Locations) > 0 && len(list) >= len(found.Locations) {
			continue
		}
		found = &Error{Reason: e.reason}
		for _, place := range list {
			found.Locations = append(found.Locations, len(text)-1-place)
		}
	}
	return found
}

package address

import "strings"

// encoding tells bech32 (BIP173) from bech32m (BIP350) by the constant that
// their checksums end in.
type encoding uint32

const (
	bech32  encoding = 1
	bech32m encoding = 0x2bc830a3
)

const (
	bech32Set   = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	bech32Most  = 90 // characters of a text
	bech32Check = 6  // characters of its checksum
)

// polymod is what is left of a polynomial over GF(32), with a leading 1, after
// division by the generator (BIP173).
func polymod(values []byte) uint32 {
	c := uint32(1)
	for _, v := range values {
		top := c >> 25
		c = c&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 != 0 {
				c ^= g
			}
		}
	}
	return c
}

// residue is polymod of a prefix and the values after it, checksum included.
func residue(hrp string, values []byte) uint32 {
	all := make([]byte, 0, 2*len(hrp)+1+len(values))
	for i := range len(hrp) {
		all = append(all, hrp[i]>>5)
	}
	all = append(all, 0)
	for i := range len(hrp) {
		all = append(all, hrp[i]&31)
	}
	return polymod(append(all, values...))
}

// misplaced lists the characters that bech32 has no place for, or whose case
// differs from that of the letters before.
func misplaced(text string) (list []int) {
	var lower, upper bool
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z':
			if upper {
				list = append(list, i)
			} else {
				lower = true
			}
		case c >= 'A' && c <= 'Z':
			if lower {
				list = append(list, i)
			} else {
				upper = true
			}
		case c < 33 || c > 126:
			list = append(list, i)
		}
	}
	return list
}

// parts is a bech32 text taken apart.
type parts struct {
	hrp    string // in small letters
	values []byte // of 5 bits, with the checksum
}

// dissect takes a text apart. The error says where it is malformed; of its
// checksum it knows nothing.
func dissect(text string) (parts, *Error) {
	if len(text) > bech32Most {
		e := &Error{Reason: "Bech32 string too long"}
		for i := bech32Most; i < len(text); i++ {
			e.Locations = append(e.Locations, i)
		}
		return parts{}, e
	}
	if list := misplaced(text); list != nil {
		return parts{}, &Error{Reason: "Invalid character or mixed case", Locations: list}
	}
	at := strings.LastIndexByte(text, '1')
	switch {
	case at < 0:
		return parts{}, &Error{Reason: "Missing separator"}
	case at == 0 || at+bech32Check >= len(text):
		return parts{}, &Error{Reason: "Invalid separator position", Locations: []int{at}}
	}
	text = strings.ToLower(text)
	p := parts{hrp: text[:at], values: make([]byte, 0, len(text)-at-1)}
	for i := at + 1; i < len(text); i++ {
		v := strings.IndexByte(bech32Set, text[i])
		if v < 0 {
			return parts{}, &Error{Reason: "Invalid Base 32 character", Locations: []int{i}}
		}
		p.values = append(p.values, byte(v))
	}
	return p, nil
}

// encoding tells which checksum fits.
func (p parts) encoding() (encoding, bool) {
	e := encoding(residue(p.hrp, p.values))
	return e, e == bech32 || e == bech32m
}

// joinBits joins values of 5 bits; not ok when bits that are left over are too many
// or not zero.
func joinBits(values []byte) (out []byte, ok bool) {
	acc, bits := uint32(0), 0
	for _, v := range values {
		acc, bits = acc<<5|uint32(v), bits+5
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
	}
	return out, bits < 5 && acc&(1<<bits-1) == 0
}

// encodeBech32 writes values of 5 bits with a checksum.
func encodeBech32(e encoding, hrp string, values []byte) string {
	check := residue(hrp, append(append([]byte(nil), values...), make([]byte, bech32Check)...)) ^ uint32(e)
	var b strings.Builder
	b.WriteString(hrp)
	b.WriteByte('1')
	for _, v := range values {
		b.WriteByte(bech32Set[v])
	}
	for i := range bech32Check {
		b.WriteByte(bech32Set[check>>(5*(bech32Check-1-i))&31])
	}
	return b.String()
}

// splitBits makes values of 5 bits out of bytes, the last filled up with zeros.
func splitBits(b []byte) (out []byte) {
	acc, bits := uint32(0), 0
	for _, v := range b {
		acc, bits = acc<<8|uint32(v), bits+8
		for bits >= 5 {
			bits -= 5
			out = append(out, byte(acc>>bits&31))
		}
	}
	if bits > 0 {
		out = append(out, byte(acc<<(5-bits)&31))
	}
	return out
}

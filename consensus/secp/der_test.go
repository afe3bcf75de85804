package secp

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"testing"
)

// TestLaxEncodings has a true signature written in many ways. What passes is
// what Core's ecdsa_signature_parse_der_lax takes, which all blocks before BIP66
// are judged by; btcec's own parser refuses many of these.
func TestLaxEncodings(t *testing.T) {
	rnd := newRand(t)
	key := randomKey(rnd)
	pub := key.PubKey().SerializeCompressed()
	r, s, e := forge(big.NewInt(3), big.NewInt(5), key)
	ri, si := derInt(r), derInt(s)
	rb, sb := r.Bytes(), s.Bytes()
	seq := func(parts ...[]byte) []byte {
		body := slices.Concat(parts...)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	integer := func(header []byte, v []byte) []byte { return slices.Concat(header, v) }
	zeros := func(n int, v []byte) []byte { return append(make([]byte, n), v...) }
	body := slices.Concat(ri, si)
	for _, c := range []struct {
		name string
		sig  []byte
		want bool
	}{
		{"strict", seq(ri, si), true},
		{"empty", nil, false},
		{"one byte", []byte{0x30}, false},
		{"no integers", []byte{0x30, 0}, false},
		{"other tag", append([]byte{0x31, byte(len(body))}, body...), false},
		{"length too small", append([]byte{0x30, 1}, body...), true},
		{"length zero", append([]byte{0x30, 0}, body...), true},
		{"length too large", append([]byte{0x30, 0x7f}, body...), true},
		{"long length", append([]byte{0x30, 0x81, byte(len(body))}, body...), true},
		{"long length of two bytes", append([]byte{0x30, 0x82, 0, byte(len(body))}, body...), true},
		{"long length that says nothing", append([]byte{0x30, 0x84, 9, 9, 9, 9}, body...), true},
		{"indefinite length", append([]byte{0x30, 0x80}, body...), true},
		{"length of more bytes than there are", append([]byte{0x30, 0xff}, body...), false},
		{"trailing byte", append(seq(ri, si), 0), true},
		{"trailing bytes", append(seq(ri, si), 2, 1, 1, 0xff), true},
		{"cut by one", seq(ri, si)[:len(body)+1], false},
		{"cut after r", seq(ri), false},
		{"cut after s's header", seq(ri, si[:2]), false},
		{"r of another tag", seq(append([]byte{3}, ri[1:]...), si), false},
		{"s of another tag", seq(ri, append([]byte{3}, si[1:]...)), false},
		{"r padded", seq(integer([]byte{2, byte(len(rb) + 1)}, zeros(1, rb)), si), true},
		{"r padded by 40", seq(integer([]byte{2, byte(len(rb) + 40)}, zeros(40, rb)), si), true},
		{"s padded by 40", seq(ri, integer([]byte{2, byte(len(sb) + 40)}, zeros(40, sb))), true},
		{"r without sign byte", seq(integer([]byte{2, byte(len(rb))}, rb), si), true},
		{"s without sign byte", seq(ri, integer([]byte{2, byte(len(sb))}, sb)), true},
		{"r's length long", seq(integer([]byte{2, 0x81, byte(len(rb))}, rb), si), true},
		{"r's length of three bytes", seq(integer([]byte{2, 0x83, 0, 0, byte(len(rb))}, rb), si), true},
		{"r's length of four bytes, three of them zero", seq(integer([]byte{2, 0x84, 0, 0, 0, byte(len(rb))}, rb), si), true},
		{"r's length of nine bytes, zero but for one", seq(integer([]byte{2, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(rb))}, rb), si), true},
		{"r's length of four bytes", seq(integer([]byte{2, 0x84, 1, 0, 0, byte(len(rb))}, rb), si), false},
		{"r's length beyond the end", seq(integer([]byte{2, 0x82, 1, 0}, rb), si), false},
		{"r's length of more bytes than there are", seq(integer([]byte{2, 0xff}, rb), si), false},
		{"r's length of no bytes", seq(integer([]byte{2, 0x80}, rb), si), false},
		{"s's length long", seq(ri, integer([]byte{2, 0x81, byte(len(sb))}, sb)), true},
		{"s's length one too many", seq(ri, integer([]byte{2, byte(len(sb) + 1)}, sb)), false},
		{"r without bytes", seq([]byte{2, 0}, si), false},
		{"s without bytes", seq(ri, []byte{2, 0}), false},
		{"r of 33 bytes", seq(integer([]byte{2, 33}, append([]byte{1}, zeros(32-len(rb), rb)...)), si), false},
		{"s of 33 bytes", seq(ri, integer([]byte{2, 33}, append([]byte{1}, zeros(32-len(sb), sb)...))), false},
		{"bytes between r and s", seq(ri, []byte{0}, si), false},
		{"high s", der(r, new(big.Int).Sub(bigN, s)), true},
	} {
		claim := claimOf(pub, r, s, e)
		claim.Sig = c.sig
		if got := claim.VerifyReference(); got != c.want {
			t.Errorf("%s: btcec's arithmetic says %v", c.name, got)
		}
		eachTierQuietly(func(tier string) {
			if got := claim.Verify(); got != c.want {
				t.Errorf("%s, %s: got %v", c.name, tier, got)
			}
			for _, n := range []int{1, 2, 9} {
				checkBatch(t, c.name, slices.Repeat([]Claim{claim}, n), slices.Repeat([]bool{c.want}, n))
			}
		})
	}
}

func TestLowS(t *testing.T) {
	half := new(big.Int).Rsh(bigN, 1)
	one := big.NewInt(1)
	for _, c := range []struct {
		s    *big.Int
		want bool
	}{
		{new(big.Int), true}, {one, true}, {half, true},
		{new(big.Int).Add(half, one), false}, {new(big.Int).Sub(bigN, one), false},
		{bigN, true}, {new(big.Int).Add(bigN, half), true}, // nobody asks of what is out of range
	} {
		if got := LowS(der(one, c.s)); got != c.want {
			t.Errorf("%x is low: %v", c.s, got)
		}
	}
	if !LowS(der(bigN, new(big.Int).Sub(bigN, one))) {
		t.Error("an r out of range makes the s count")
	}
	if LowS([]byte{0x30, 0}) {
		t.Error("no signature has a low s")
	}
}

// TestKeys has every form of a key, and what is wrong with each.
func TestKeys(t *testing.T) {
	r := newRand(t)
	var cases []testCase
	for range 2 { // most probably of either parity once
		key := randomKey(r)
		sr, ss, e := forge(big.NewInt(3), big.NewInt(5), key)
		short, long := key.PubKey().SerializeCompressed(), key.PubKey().SerializeUncompressed()
		with := func(name string, k []byte, want bool) {
			cases = append(cases, testCase{fmt.Sprintf("%s, y %x", name, short[0]), claimOf(k, sr, ss, e), want})
		}
		first := func(b []byte, v byte) []byte { return append([]byte{v}, b[1:]...) }
		with("compressed", short, true)
		with("uncompressed", long, true)
		with("hybrid", first(long, short[0]+4), true)
		with("hybrid, other parity", first(long, short[0]^1+4), false)
		with("compressed, other parity", first(short, short[0]^1), false)
		for _, v := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 0x42, 0x82, 0xff} {
			if b := byte(v); b != short[0] {
				with(fmt.Sprintf("33 bytes beginning with %d", v), first(short, b), false)
			}
			if b := byte(v); b != 4 && b != short[0]+4 {
				with(fmt.Sprintf("65 bytes beginning with %d", v), first(long, b), false)
			}
		}
		with("empty", nil, false)
		with("32 bytes", short[1:], false)
		with("34 bytes", append(bytes.Clone(short), 0), false)
		with("64 bytes", long[:64], false)
		with("66 bytes", append(bytes.Clone(long), 0), false)
		with("compressed, marked uncompressed", first(short, 4), false)
		wrong := bytes.Clone(long)
		wrong[64] ^= 2
		with("off the curve", wrong, false)
		// x or y is p or more: the same residue is not the same key.
		for _, v := range []int64{0, 1, 2, 3, 5, 6, 976} {
			x := new(big.Int).Add(bigP, big.NewInt(v))
			with(fmt.Sprintf("x = p + %d", v), append([]byte{2}, x.FillBytes(make([]byte, 32))...), false)
			y := bytes.Clone(long)
			x.FillBytes(y[33:])
			with(fmt.Sprintf("y = p + %d", v), y, false)
		}
		with("x of no point", append([]byte{2}, noPoint()...), false)
		with("y = 0", append(long[:33:33], make([]byte, 32)...), false)
	}
	checkCases(t, cases)
}

// noPoint is an x of which the curve has no point.
func noPoint() []byte {
	for v := uint64(1); ; v++ {
		x := field{v}
		var p affine
		if !p.lift(&x, false) {
			b := x.bytes()
			return b[:]
		}
	}
}

package payments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is how a coin is locked.
type Kind uint8

// The kinds that there are.
const (
	P2PKH      Kind = iota
	P2SH            // 2 of 3 keys
	P2SHP2WPKH      // P2WPKH inside P2SH
	P2WPKH
	P2WSH // 2 of 3 keys
	P2TR  // spent by its key
	kinds
)

var kindNames = [kinds]string{"p2pkh", "p2sh", "p2sh-p2wpkh", "p2wpkh", "p2wsh", "p2tr"}

func (k Kind) String() string { return kindNames[k] }

// Kinds lists every kind.
func Kinds() []Kind {
	ks := make([]Kind, kinds)
	for i := range ks {
		ks[i] = Kind(i)
	}
	return ks
}

// shape is what a kind takes of a block at most, in bytes without the witness,
// bytes of witness, and signature operations as their limit counts them.
type shape struct {
	out           int // an output: value, script and its length
	in, witness   int
	outOps, inOps int
	keys          int
}

// Bytes that all inputs, and all outputs, have.
const (
	inBytes  = 32 + 4 + 1 + 4 // outpoint, length of the script, sequence
	outBytes = 8 + 1          // value, length of the script
	sigMax   = 72             // low S in DER, and the hash type
	keyBytes = 33
	redeem   = 1 + 3*(1+keyBytes) + 2 // 2 of 3
)

var shapes = [kinds]shape{
	P2PKH:      {out: outBytes + 25, in: inBytes + 1 + sigMax + 1 + keyBytes, witness: 1, outOps: 4, keys: 1},
	P2SH:       {out: outBytes + 23, in: inBytes + 2 + 1 + 2*(1+sigMax) + 2 + redeem, witness: 1, inOps: 3 * 4, keys: 3},
	P2SHP2WPKH: {out: outBytes + 23, in: inBytes + 1 + 22, witness: 1 + 1 + sigMax + 1 + keyBytes, inOps: 1, keys: 1},
	P2WPKH:     {out: outBytes + 22, in: inBytes, witness: 1 + 1 + sigMax + 1 + keyBytes, inOps: 1, keys: 1},
	P2WSH:      {out: outBytes + 34, in: inBytes, witness: 1 + 1 + 2*(1+sigMax) + 1 + redeem, inOps: 3, keys: 3},
	P2TR:       {out: outBytes + 34, in: inBytes, witness: 1 + 1 + 64, keys: 1},
}

// Mix says how often each kind is among the outputs, in parts of their sum.
type Mix [kinds]int

// Mixed is what `mixed` stands for: about what a wallet's user sees today.
var Mixed = Mix{P2WPKH: 60, P2TR: 20, P2PKH: 15, P2WSH: 5}

// ParseMix reads "mixed", a kind, or parts such as "p2wpkh=40,p2pkh=20,p2tr=40".
func ParseMix(s string) (m Mix, err error) {
	if s == "mixed" {
		return Mixed, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, count, given := strings.Cut(strings.TrimSpace(part), "=")
		k := slices.Index(kindNames[:], name)
		if k < 0 {
			return m, fmt.Errorf("mix %q: no script is called %q; there are %s, and mixed", s, name, strings.Join(kindNames[:], ", "))
		}
		n := 1
		if given {
			if n, err = strconv.Atoi(count); err != nil || n < 0 || n > 1_000_000 {
				return m, fmt.Errorf("mix %q: %q is no number of parts, use 0 to 1000000", s, count)
			}
		}
		if m[k] != 0 {
			return m, fmt.Errorf("mix %q: %s is given twice", s, name)
		}
		m[k] = n
	}
	if m.sum() == 0 {
		return m, fmt.Errorf("mix %q: it has no part at all", s)
	}
	return m, nil
}

// String writes what ParseMix reads.
func (m Mix) String() string {
	var parts []string
	for k, n := range m {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%v=%d", Kind(k), n))
		}
	}
	return strings.Join(parts, ",")
}

// MarshalText is encoding.TextMarshaler's.
func (m Mix) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

func (m Mix) sum() (n int) {
	for _, parts := range m {
		n += parts
	}
	return n
}

// pick is the kind that a random number stands for.
func (m Mix) pick(r uint64) Kind {
	n := int(r % uint64(m.sum()))
	for k, parts := range m {
		if n -= parts; n < 0 {
			return Kind(k)
		}
	}
	panic("payments: a mix of no parts")
}

// Only is a mix of one kind.
func Only(k Kind) (m Mix) {
	m[k] = 1
	return m
}

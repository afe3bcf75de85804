package view

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// Coins is an amount in satoshis that JSON shows in coins, with exactly eight
// decimals (Core's ValueFromAmount).
type Coins int64

// MarshalJSON writes the decimals.
func (c Coins) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// Double is a number that JSON shows as Core's univalue does: C's %.16g.
type Double float64

// MarshalJSON writes up to 16 digits.
func (d Double) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(d), 'g', 16, 64), nil
}

// Hex is shown as hex.
type Hex []byte

// MarshalText writes hex.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// Hex32 is shown as eight hex digits, as Core does bits and versions.
type Hex32 uint32

// MarshalText writes the digits.
func (h Hex32) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%08x", uint32(h)), nil }

// NonNil makes JSON show no values as [].
func NonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

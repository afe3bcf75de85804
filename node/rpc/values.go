package rpc

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/quernnet/quern/consensus"
)

const maxMoney = consensus.MaxMoney

// coins is an amount in satoshis that JSON shows in coins, with exactly eight
// decimals (Core's ValueFromAmount).
type coins int64

// MarshalJSON writes the decimals.
func (c coins) MarshalJSON() ([]byte, error) {
	sign, v := "", int64(c)
	if v < 0 {
		sign, v = "-", -v
	}
	return fmt.Appendf(nil, "%s%d.%08d", sign, v/consensus.Coins, v%consensus.Coins), nil
}

// double is a number that JSON shows as Core's univalue does: C's %.16g.
type double float64

// MarshalJSON writes up to 16 digits.
func (d double) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(d), 'g', 16, 64), nil
}

// hexBytes is shown as hex.
type hexBytes []byte

// MarshalText writes hex.
func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// hex32 is shown as eight hex digits, as Core does bits and versions.
type hex32 uint32

// MarshalText writes the digits.
func (h hex32) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%08x", uint32(h)), nil }

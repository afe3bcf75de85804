package wire

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// HashSize is the length of a Hash in bytes.
const HashSize = 32

// Hash is a double-SHA256 digest in internal byte order, the order in which
// blocks and transactions carry it. Text shows it reversed ("display order").
type Hash [HashSize]byte

// ParseHash reads 64 hex digits in display order.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 2*HashSize {
		return h, fmt.Errorf("hash %.70q has %d characters, want %d", s, len(s), 2*HashSize)
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("hash %q: %w", s, err)
	}
	h.reverse()
	return h, nil
}

// String writes the hash as hex in display order.
func (h Hash) String() string {
	h.reverse()
	return hex.EncodeToString(h[:])
}

// IsZero says whether every byte is zero, as in a coinbase's outpoint and the
// genesis block's parent.
func (h Hash) IsZero() bool { return h == Hash{} }

// Compare orders hashes by their internal bytes.
func (h Hash) Compare(o Hash) int { return bytes.Compare(h[:], o[:]) }

// MarshalText writes display order, so that JSON and TOML show what people know.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads display order.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

func (h *Hash) reverse() {
	for i, j := 0, len(h)-1; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
}

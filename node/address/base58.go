package address

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
)

// checksumSize is what base58check adds, in bytes.
const checksumSize = 4

// spaces are what Core forgives around base58.
const spaces = " \f\n\r\t\v"

// decode58 reads base58, of most bytes at most.
func decode58(text string, most int) ([]byte, bool) {
	text = strings.Trim(text, spaces)
	if len(text) > 2*most { // a byte takes 1.37 letters, a leading zero one
		return nil, false
	}
	raw := base58.Decode(text)
	if len(raw) == 0 && text != "" || len(raw) > most {
		return nil, false
	}
	return raw, true
}

// DecodeBase58Check reads base58 with a checksum, which it takes off what it
// returns, of most bytes at most. Spaces around the text are forgiven.
func DecodeBase58Check(text string, most int) ([]byte, bool) {
	raw, ok := decode58(text, most+checksumSize)
	if !ok || len(raw) < checksumSize {
		return nil, false
	}
	raw, sum := raw[:len(raw)-checksumSize], raw[len(raw)-checksumSize:]
	first := sha256.Sum256(raw)
	second := sha256.Sum256(first[:])
	return raw, bytes.Equal(second[:checksumSize], sum)
}

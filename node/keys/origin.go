package keys

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
)

// Hardened is added to a child's number to derive it from the private key.
const Hardened = 1 << 31

// Fingerprint is the first four bytes of the hash of a public key (BIP32).
type Fingerprint = [4]byte

// FingerprintOf hashes a public key of 33 or 65 bytes.
func FingerprintOf(pub []byte) Fingerprint { return Fingerprint(address.Hash160(pub)[:4]) }

// Hash160 is what scripts name keys and scripts by: RIPEMD160 of SHA256.
func Hash160(b []byte) [20]byte { return [20]byte(address.Hash160(b)) }

// OriginText writes where a key comes from (BIP380), without brackets: the
// master key's fingerprint, and the steps from it.
func OriginText(f Fingerprint, path []uint32, apostrophe bool) string {
	return hex.EncodeToString(f[:]) + PathText(path, apostrophe)
}

// PathText writes steps, each after a slash, hardened ones with h or '.
func PathText(path []uint32, apostrophe bool) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteByte('/')
		b.WriteString(strconv.FormatUint(uint64(step&^Hardened), 10))
		switch {
		case step < Hardened:
		case apostrophe:
			b.WriteByte('\'')
		default:
			b.WriteByte('h')
		}
	}
	return b.String()
}

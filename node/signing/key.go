package signing

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/btcec/v2"
	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // scripts are made of it
)

// PubKey is a serialized public key (SEC 1), 33 or 65 bytes, as a string so that
// keys compare and index maps. Its order is Core's.
type PubKey string

// XOnly is the X coordinate of a public key (BIP340).
type XOnly [32]byte

// KeyID is the HASH160 of a serialized public key.
type KeyID [20]byte

// Hash160 is RIPEMD160 of SHA256.
func Hash160(b []byte) (h [20]byte) {
	sum := sha256.Sum256(b)
	return RIPEMD160(sum[:])
}

// RIPEMD160 is the hash of that name; of a script's SHA256 it is the script's HASH160.
func RIPEMD160(b []byte) (h [20]byte) {
	r := ripemd160.New()
	r.Write(b)
	r.Sum(h[:0])
	return h
}

// ID is the key's hash.
func (k PubKey) ID() KeyID { return Hash160([]byte(k)) }

// XOnly is the X coordinate of a key of at least 33 bytes.
func (k PubKey) XOnly() (x XOnly) {
	copy(x[:], k[1:])
	return x
}

// Compressed says whether the key has 33 bytes.
func (k PubKey) Compressed() bool { return len(k) == btcec.PubKeyBytesLenCompressed }

// Valid says whether the key is a point on the curve, in whichever form
// including the hybrid ones (Core's IsFullyValid).
func (k PubKey) Valid() bool {
	_, err := btcec.ParsePubKey([]byte(k))
	return err == nil
}

// Valid says whether there is a point with that X coordinate.
func (x XOnly) Valid() bool { return x.even().Valid() }

// IsZero says that no key is given.
func (x XOnly) IsZero() bool { return x == XOnly{} }

// ID is the hash of the coordinate alone.
func (x XOnly) ID() KeyID { return Hash160(x[:]) }

// IDs are those of the two public keys with this X coordinate.
func (x XOnly) IDs() []KeyID { return []KeyID{x.even().ID(), x.odd().ID()} }

func (x XOnly) even() PubKey { return PubKey("\x02" + string(x[:])) }
func (x XOnly) odd() PubKey  { return PubKey("\x03" + string(x[:])) }

// Key is a private key, and in which form its public key is written.
type Key struct {
	secret *btcec.PrivateKey
	public PubKey
}

// NewKey makes a key; compressed keys are written with 33 bytes.
func NewKey(secret *btcec.PrivateKey, compressed bool) *Key {
	if compressed {
		return &Key{secret, PubKey(secret.PubKey().SerializeCompressed())}
	}
	return &Key{secret, PubKey(secret.PubKey().SerializeUncompressed())}
}

// Public is the key's public key.
func (k *Key) Public() PubKey { return k.public }

// Secret is the private key itself.
func (k *Key) Secret() *btcec.PrivateKey { return k.secret }

// Zero forgets the secret.
func (k *Key) Zero() { k.secret.Zero() }

// Origin says how a key was derived: the first bytes of the HASH160 of the first
// key, and the steps from it, hardened ones with the highest bit set (BIP32).
type Origin struct {
	Fingerprint [4]byte
	Path        []uint32
}

// KeyOrigin is a public key with its origin.
type KeyOrigin struct {
	Key    PubKey
	Origin Origin
}

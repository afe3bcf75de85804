package wallet

import (
	"crypto/cipher"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// KDF are Argon2id's costs. They stand in the file, so that later versions may
// raise them.
type KDF struct {
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
}

// defaultKDF takes a good half second on a laptop's core (RFC 9106's second
// recommendation, with twice its passes).
var defaultKDF = KDF{Time: 6, Memory: 64 << 10, Threads: 4}

// maxKDF bounds what a file may ask for: a damaged or planted one must not
// take all memory.
var maxKDF = KDF{Time: 64, Memory: 1 << 20, Threads: 16}

// sealed is a secret encrypted with a password.
type sealed struct {
	KDF    KDF    `json:"argon2id"`
	Salt   []byte `json:"salt"`
	Nonce  []byte `json:"nonce"`
	Cipher []byte `json:"xchacha20poly1305"`
}

func (s *sealed) check() error {
	k := s.KDF
	if k.Time < 1 || k.Memory < 8 || k.Threads < 1 || k.Time > maxKDF.Time || k.Memory > maxKDF.Memory || k.Threads > maxKDF.Threads {
		return fmt.Errorf("Argon2id's costs %+v are out of range", k)
	}
	if len(s.Salt) != 16 || len(s.Nonce) != chacha20poly1305.NonceSizeX || len(s.Cipher) < chacha20poly1305.Overhead {
		return fmt.Errorf("the encrypted secret has the wrong size")
	}
	return nil
}

func (s *sealed) aead(password string) (cipher.AEAD, error) {
	key := argon2.IDKey([]byte(password), s.Salt, s.KDF.Time, s.KDF.Memory, s.KDF.Threads, chacha20poly1305.KeySize)
	defer clear(key)
	return chacha20poly1305.NewX(key)
}

// seal encrypts secret; bound is authenticated with it.
func seal(rand io.Reader, k KDF, password string, secret, bound []byte) (*sealed, error) {
	s := &sealed{KDF: k, Salt: make([]byte, 16), Nonce: make([]byte, chacha20poly1305.NonceSizeX)}
	for _, b := range [][]byte{s.Salt, s.Nonce} {
		if _, err := io.ReadFull(rand, b); err != nil {
			return nil, fmt.Errorf("randomness: %w", err)
		}
	}
	a, err := s.aead(password)
	if err != nil {
		return nil, err
	}
	s.Cipher = a.Seal(nil, s.Nonce, secret, bound)
	return s, nil
}

// open decrypts; ErrPassword when password or data are not what they were.
func (s *sealed) open(password string, bound []byte) ([]byte, error) {
	a, err := s.aead(password)
	if err != nil {
		return nil, err
	}
	secret, err := a.Open(nil, s.Nonce, s.Cipher, bound)
	if err != nil {
		return nil, ErrPassword
	}
	return secret, nil
}

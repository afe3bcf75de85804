package wallet

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// masterSize is the length of the key that encrypts a wallet's secrets, bytes.
const masterSize = 32

// maxUnlock bounds how long a passphrase opens a wallet, as Core does.
const maxUnlock = 100_000_000 * time.Second

// secret is something private at rest: in the clear, or encrypted with the
// wallet's master key.
type secret struct {
	Plain  []byte `json:"plain,omitempty"`
	Nonce  []byte `json:"nonce,omitempty"`
	Cipher []byte `json:"xchacha20poly1305,omitempty"`
}

// vault holds what opens a wallet's secrets. It has no lock of its own.
//
// A wallet that is not encrypted has no box. Otherwise the master key lies in box,
// encrypted with the passphrase, and is in memory from unlock until lock or until
// the clock reaches until.
type vault struct {
	rand   io.Reader
	now    func() time.Time
	kdf    KDF
	bound  []byte // authenticated with everything encrypted: the wallet's id
	box    *sealed
	master []byte
	until  time.Time
}

func (v *vault) encrypted() bool { return v.box != nil }

// locked says whether secrets cannot be read now. A time-out that has passed
// takes the key out of memory.
func (v *vault) locked() bool {
	if v.box == nil {
		return false
	}
	if v.master != nil && !v.now().Before(v.until) {
		v.lock()
	}
	return v.master == nil
}

// lock forgets the master key.
func (v *vault) lock() {
	clear(v.master)
	v.master, v.until = nil, time.Time{}
}

// unlock opens the box for a while.
func (v *vault) unlock(passphrase string, d time.Duration) error {
	if v.box == nil {
		return refuse(WrongEncryption, "Error: running with an unencrypted wallet, but walletpassphrase was called.")
	}
	master, err := v.box.open(passphrase, v.bound)
	if err != nil {
		return err
	}
	if len(master) != masterSize {
		return fmt.Errorf("the master key has %d bytes, want %d: %w", len(master), masterSize, errDamaged)
	}
	v.lock()
	v.master, v.until = master, v.now().Add(min(d, maxUnlock))
	return nil
}

// newMaster returns a fresh master key, and the box that holds it.
func (v *vault) newMaster(passphrase string) (master []byte, box *sealed, err error) {
	master = make([]byte, masterSize)
	if _, err := io.ReadFull(v.rand, master); err != nil {
		return nil, nil, fmt.Errorf("randomness: %w", err)
	}
	box, err = seal(v.rand, v.kdf, passphrase, master, v.bound)
	return master, box, err
}

// keep puts a secret into the form that it is stored in; name is what it is for, so
// that one cannot be passed off as another.
func (v *vault) keep(name string, plain []byte) (*secret, error) {
	if v.box == nil {
		return &secret{Plain: plain}, nil
	}
	if v.locked() {
		return nil, ErrLocked
	}
	return encrypt(v.rand, v.master, plain, v.ad(name))
}

func (v *vault) ad(name string) []byte { return append([]byte(name+"\x00"), v.bound...) }

func aeadOf(master []byte) (cipher.AEAD, error) { return chacha20poly1305.NewX(master) }

func encrypt(rand io.Reader, master, plain, ad []byte) (*secret, error) {
	a, err := aeadOf(master)
	if err != nil {
		return nil, err
	}
	s := &secret{Nonce: make([]byte, a.NonceSize())}
	if _, err := io.ReadFull(rand, s.Nonce); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	s.Cipher = a.Seal(nil, s.Nonce, plain, ad)
	return s, nil
}

// reveal reads a secret; ErrLocked when the wallet is locked.
func (v *vault) reveal(name string, s *secret) ([]byte, error) {
	if s.Cipher == nil {
		return append([]byte(nil), s.Plain...), nil
	}
	if v.locked() {
		return nil, ErrLocked
	}
	a, err := aeadOf(v.master)
	if err != nil {
		return nil, err
	}
	if len(s.Nonce) != a.NonceSize() {
		return nil, fmt.Errorf("secret %s: %w", name, errDamaged)
	}
	plain, err := a.Open(nil, s.Nonce, s.Cipher, v.ad(name))
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, errors.Join(errDamaged, err))
	}
	return plain, nil
}

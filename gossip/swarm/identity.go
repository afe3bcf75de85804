package swarm

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p/core/crypto"
)

// Identity reads the private key in file, or creates the file, mode 0600, with
// a fresh Ed25519 key when it is not there. With an empty name the key lives
// for this run only. A file that others can read or that holds no key is an
// error: nobody's identity is silently replaced.
func Identity(file string) (crypto.PrivKey, error) {
	if file == "" {
		return newKey()
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return createIdentity(file)
	}
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("identity: %s is not a regular file", file)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("identity: %s can be read by others (mode %04o): chmod 600 it, or move it away to get a new identity",
			file, info.Mode().Perm())
	}
	if info.Size() > 4096 {
		return nil, fmt.Errorf("identity: %s is no key: %d bytes", file, info.Size())
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	key, err := crypto.UnmarshalPrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("identity: %s holds no libp2p key (%w): restore it, or move it away to get a new identity", file, err)
	}
	if err := whole(key); err != nil {
		return nil, fmt.Errorf("identity: %s is damaged (%w): restore it, or move it away to get a new identity", file, err)
	}
	return key, nil
}

// whole checks that the two halves of a key belong together: a file may have
// lost a bit of one, and libp2p looks at neither.
func whole(key crypto.PrivKey) error {
	said := []byte("quern")
	sig, err := key.Sign(said)
	if err != nil {
		return err
	}
	switch ok, err := key.GetPublic().Verify(said, sig); {
	case err != nil:
		return err
	case !ok:
		return errors.New("its private and its public half are of two keys")
	}
	return nil
}

func newKey() (crypto.PrivKey, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return key, nil
}

// createIdentity links the finished file into place, so that a crash leaves no
// half a key and two processes starting at once end up with the same one.
func createIdentity(file string) (crypto.PrivKey, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	raw, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".identity-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, fmt.Errorf("identity: writing %s: %w", file, err)
	}
	err = os.Link(f.Name(), file)
	if errors.Is(err, fs.ErrExist) {
		return Identity(file)
	}
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return key, nil
}

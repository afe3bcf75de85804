package wallet

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Encrypted says whether the wallet's secrets are encrypted.
func (w *Wallet) Encrypted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.encrypted()
}

func (w *Wallet) encrypted() bool { return w.vault.encrypted() || w.former != nil }

// isLocked says whether secrets cannot be read now. mu is held.
func (w *Wallet) isLocked() bool { return w.former != nil || w.vault.locked() }

// Locked says whether the secrets of an encrypted wallet cannot be read now.
func (w *Wallet) Locked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.isLocked()
}

// UnlockedUntil is when the wallet locks itself; the zero time when it is locked.
func (w *Wallet) UnlockedUntil() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isLocked() {
		return time.Time{}
	}
	return w.vault.until
}

// Unlock lets the secrets be read for a while, by the node's clock. It derives
// what the keypool lacks.
func (w *Wallet) Unlock(passphrase string, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.journal == nil:
		return ErrNotLoaded
	case !w.encrypted():
		return refuse(WrongEncryption, "Error: running with an unencrypted wallet, but walletpassphrase was called.")
	case d < 0:
		return refuse(Invalid, "Timeout cannot be negative.")
	case passphrase == "":
		return refuse(Invalid, "passphrase cannot be empty")
	}
	if err := w.openVault(passphrase, d); err != nil {
		if errors.Is(err, error(ErrPassword)) && strings.ContainsRune(passphrase, 0) {
			return refuse(WrongPassphrase, "Error: The wallet passphrase entered is incorrect. "+
				"It contains a null character (ie - a zero byte). If the passphrase was set with a version of this software prior to 25.0, "+
				"please try again with only the characters up to — but not including — the first null character. "+
				"If this is successful, please set a new passphrase to avoid this issue in the future.")
		}
		return err
	}
	w.relockAfter(min(d, maxUnlock))
	if err := w.topUpActive(w.c.Keypool); err != nil {
		return err
	}
	return w.commit()
}

// openVault unlocks for d. The first time that a version 1 wallet's password is
// given, its secret is kept as a version 2 wallet's. mu is held.
func (w *Wallet) openVault(passphrase string, d time.Duration) error {
	if w.former != nil {
		if err := w.adoptFormer(passphrase); err != nil {
			return err
		}
	}
	return w.vault.unlock(passphrase, d)
}

// relockAfter takes the key out of memory when the time is over, and nobody
// asks. mu is held.
func (w *Wallet) relockAfter(d time.Duration) {
	if w.relock != nil {
		w.relock.Stop()
	}
	until := w.vault.until
	w.relock = time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.vault.until.Equal(until) {
			w.vault.lock()
		}
	})
}

// Lock forgets the key at once.
func (w *Wallet) Lock() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !w.encrypted():
		return refuse(WrongEncryption, "Error: running with an unencrypted wallet, but walletlock was called.")
	case w.scanningWithKeys():
		return refuse(Fault, "Error: the wallet is currently being used to rescan the blockchain for related transactions. Please call `abortrescan` before locking the wallet.")
	}
	w.vault.lock()
	return nil
}

// ChangePassphrase encrypts the master key with another passphrase. Whether
// the wallet is locked stays as it is.
func (w *Wallet) ChangePassphrase(from, to string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.journal == nil:
		return ErrNotLoaded
	case !w.encrypted():
		return refuse(WrongEncryption, "Error: running with an unencrypted wallet, but walletpassphrasechange was called.")
	case w.scanningWithKeys():
		return refuse(Fault, "Error: the wallet is currently being used to rescan the blockchain for related transactions. Please call `abortrescan` before changing the passphrase.")
	case from == "" || to == "":
		return refuse(Invalid, "passphrase cannot be empty")
	}
	if w.former != nil {
		if err := w.adoptFormer(from); err != nil {
			return w.oldPassphrase(err, from)
		}
	}
	master, err := w.vault.box.open(from, w.vault.bound)
	if err != nil {
		return w.oldPassphrase(err, from)
	}
	defer clear(master)
	box, err := seal(w.vault.rand, w.vault.kdf, to, master, w.vault.bound)
	if err != nil {
		return err
	}
	w.vault.box = box
	// The old box must not stay in the file: with the old passphrase it opens everything.
	return w.rewrite()
}

func (w *Wallet) oldPassphrase(err error, from string) error {
	if errors.Is(err, error(ErrPassword)) && strings.ContainsRune(from, 0) {
		return refuse(WrongPassphrase, "Error: The old wallet passphrase entered is incorrect. It contains a null character (ie - a zero byte). "+
			"If the old passphrase was set with a version of this software prior to 25.0, "+
			"please try again with only the characters up to — but not including — the first null character.")
	}
	return err
}

// rewrite replaces the file by one that holds what is true now. mu is held.
func (w *Wallet) rewrite() error {
	if w.journal == nil {
		return ErrNotLoaded
	}
	if err := w.journal.rewrite(w.dump()); err != nil {
		return err
	}
	clear(w.pending)
	clear(w.ledger.touched)
	w.saved = w.height
	return nil
}

// Encrypt encrypts the secrets of a wallet that is not encrypted yet, and locks
// it. As whoever saw the file knows the keys so far, fresh ones give the addresses from
// now on, unless the wallet was made blank.
func (w *Wallet) Encrypt(passphrase string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.journal == nil:
		return ErrNotLoaded
	case w.meta.Flags&NoPrivateKeys != 0:
		return refuse(EncryptionFailed, "Error: wallet does not contain private keys, nothing to encrypt.")
	case w.encrypted():
		return refuse(WrongEncryption, "Error: running with an encrypted wallet, but encryptwallet was called.")
	case w.scanningWithKeys():
		return refuse(Fault, "Error: the wallet is currently being used to rescan the blockchain for related transactions. Please call `abortrescan` before encrypting the wallet.")
	case passphrase == "":
		return refuse(Invalid, "passphrase cannot be empty")
	}
	return w.encrypt(passphrase, w.meta.Flags&Blank == 0)
}

// encrypt does it; a failure leaves the wallet as it was. mu is held.
func (w *Wallet) encrypt(passphrase string, fresh bool) error {
	master, box, err := w.vault.newMaster(passphrase)
	if err != nil {
		return err
	}
	kept := make([]*secret, len(w.rings))
	for i, r := range w.rings {
		if r.rec.Private == nil {
			continue
		}
		if kept[i], err = encrypt(w.vault.rand, master, r.rec.Private.Plain, w.vault.ad(r.secretName())); err != nil {
			return err
		}
	}
	for i, r := range w.rings {
		r.rec.Private = kept[i]
	}
	w.vault.box, w.vault.master, w.vault.until = box, master, w.c.Now().Add(time.Hour)
	defer w.vault.lock()
	if fresh {
		seed, err := w.randomSeed()
		if err != nil {
			return err
		}
		defer clear(seed)
		if err := w.generate(seed); err != nil {
			return fmt.Errorf("derive keys: %w", err)
		}
	}
	// What was there in the clear must not stay in the file.
	return w.rewrite()
}

package wallet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
)

// CreateOptions say what a new wallet shall be.
type CreateOptions struct {
	Flags      Flags  // NoPrivateKeys, Blank, AvoidReuse
	Passphrase string // "" leaves the secrets in the clear
	Startup    *bool  // load it at the next start, or not; nil: as it is
}

// place finds the file of a name, which is a path relative to the wallets'
// folder, or an absolute one.
func (s *Set) place(name string) (dir, file string, err error) {
	if fault := nameFault(name); fault != "" {
		return "", "", refuse(Fault, "Wallet file verification failed. %s", fault)
	}
	dir = filepath.Clean(name)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.c.Dir, dir)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() || strings.ContainsRune(name, 0) {
		return "", "", refuse(Fault, "Wallet file verification failed. Invalid -wallet path '%s'. -wallet path should point to a directory where wallet.dat and "+
			"database/log.?????????? files can be stored, a location where such a directory could be created, "+
			"or (for backwards compatibility) the name of an existing data file in -walletdir (%s)", name, s.c.Dir)
	}
	return dir, filepath.Join(dir, fileName), nil
}

// nameFault says in Core's words why a name is no good path: two names must not mean
// one folder, nor a relative one lead out of the wallets' folder by accident.
func nameFault(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
	plain := strings.Join(parts, "/")
	absolute := strings.HasPrefix(name, "/")
	if absolute {
		plain = "/" + plain
	}
	dots := len(parts) > 0 && (parts[0] == "." || parts[0] == "..")
	switch {
	case name == "":
		return ""
	case plain != filepath.Clean(plain), dots && len(parts) == 1 && strings.HasSuffix(name, "/"):
		return "Wallet name given as a path must be normalized"
	case dots && !absolute:
		return "Wallet name given as a relative path cannot begin with ./ or ../, for wallets not in the walletdir, please use an absolute path."
	case plain == "/":
		return "Wallet name cannot be the root path"
	}
	return ""
}

// Create makes and loads a wallet. The warnings are Core's.
func (s *Set) Create(name string, o CreateOptions) (w *Wallet, warnings []string, err error) {
	switch {
	case name == "":
		return nil, nil, refuse(Invalid, "Wallet name cannot be empty")
	case o.Passphrase != "" && o.Flags&NoPrivateKeys != 0:
		return nil, nil, refuse(Fault, "Passphrase provided but private keys are disabled. A passphrase is only used to encrypt private keys, so cannot be used for wallets with private keys disabled.")
	}
	tip := s.c.Chain.Tip()
	w, err = s.make(name, tip.ID, tip.Height, func(w *Wallet) error {
		w.meta.Flags |= o.Flags
		if o.Flags&(NoPrivateKeys|Blank) != 0 {
			if o.Passphrase == "" {
				return nil
			}
			return w.bornEncrypted(o.Passphrase, nil)
		}
		seed, err := w.randomSeed()
		if err != nil {
			return err
		}
		defer clear(seed)
		if o.Passphrase != "" {
			return w.bornEncrypted(o.Passphrase, func() error { return w.generate(seed) })
		}
		return w.generate(seed)
	})
	if err != nil {
		return nil, nil, err
	}
	return w, s.remember(name, o.Startup), nil
}

// bornEncrypted has fill make the secrets of a wallet that is encrypted from
// the start, and locks it.
func (w *Wallet) bornEncrypted(passphrase string, fill func() error) (err error) {
	if w.vault.master, w.vault.box, err = w.vault.newMaster(passphrase); err != nil {
		return err
	}
	w.vault.until = w.c.Now().Add(maxUnlock)
	defer w.vault.lock()
	if fill == nil {
		return nil
	}
	return fill()
}

// make makes a wallet as of a block, which fill fills, and loads it.
func (s *Set) make(name string, tip wire.Hash, height uint32, fill func(*Wallet) error) (*Wallet, error) {
	release, err := s.claim(name)
	if err != nil {
		return nil, err
	}
	defer release()
	dir, file, err := s.place(name)
	if err != nil {
		return nil, err
	}
	if exists(file) {
		return nil, refuse(Fault, "Wallet file verification failed. Failed to create database path '%s'. Database already exists.", dir)
	}
	w := newWallet(&s.c, name, file)
	if err := w.born(0, tip, height); err != nil {
		return nil, err
	}
	if err := w.readable(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	err = fill(w)
	if err == nil {
		err = makeDir(dir)
	}
	if err == nil {
		w.journal, err = createJournal(s.c.disk, file, w.dump())
	}
	clear(w.pending)
	clear(w.ledger.touched)
	w.mu.Unlock()
	if err != nil {
		s.c.Chain.ReleasePruning(w.holdName())
		return nil, fmt.Errorf("create wallet %q: %w", name, err)
	}
	return w, s.admit(w)
}

// makeDir makes a folder that stays after a crash.
func makeDir(dir string) error {
	if exists(dir) {
		return nil
	}
	if err := makeDir(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// Load loads a wallet.
func (s *Set) Load(name string, startup *bool) (w *Wallet, err error) {
	w, _, err = s.LoadWarned(name, startup)
	return w, err
}

// LoadWarned is Load with Core's warnings.
func (s *Set) LoadWarned(name string, startup *bool) (w *Wallet, warnings []string, err error) {
	if _, err := s.Get(name); err == nil {
		return nil, nil, refuse(AlreadyLoaded, "Wallet \"%s\" is already loaded.", name)
	}
	release, err := s.claim(name)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	if w, err = s.load(name); err != nil {
		return nil, nil, err
	}
	return w, s.remember(name, startup), nil
}

func (s *Set) load(name string) (*Wallet, error) {
	dir, file, err := s.place(name)
	if err != nil {
		return nil, err
	}
	switch {
	case !exists(dir):
		return nil, refuse(NotFound, "Wallet file verification failed. Failed to load database path '%s'. Path does not exist.", dir)
	case !exists(file):
		return nil, refuse(NotFound, "Wallet file verification failed. Failed to load database path '%s'. Data is not in recognized format.", dir)
	case slices.ContainsFunc(s.Loaded(), func(w *Wallet) bool { return w.path == file }):
		return nil, refuse(Fault, "Wallet file verification failed. SQLiteDatabase: Unable to obtain an exclusive lock on the database, is it being used by another instance of Bitcoin Core?")
	}
	w := newWallet(&s.c, name, file)
	if err := w.open(); errors.Is(err, errNoJournal) {
		return nil, refuse(NotFound, "Wallet file verification failed. Failed to load database path '%s'. Data is not in recognized format.", dir)
	} else if err != nil {
		return nil, refuse(Fault, "Wallet loading failed. %s: %v", file, err)
	}
	if err := w.readable(); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, s.admit(w)
}

// Unload saves a wallet and forgets it. The warnings are Core's.
func (s *Set) Unload(name string, startup *bool) (warnings []string, err error) {
	w, err := s.Get(name)
	if err != nil {
		return nil, err
	}
	if err := w.reserve(false); err != nil {
		return nil, err
	}
	defer w.release()
	s.mu.Lock()
	m := s.find(name)
	s.wallets = slices.DeleteFunc(s.wallets, func(o *member) bool { return o == m })
	s.mu.Unlock()
	if m == nil {
		return nil, refuse(Misc, "Requested wallet already unloaded")
	}
	if err := m.end(); err != nil {
		return nil, err
	}
	return s.remember(name, startup), nil
}

// Restore makes a wallet of a backup and loads it.
func (s *Set) Restore(name, from string, startup *bool) (w *Wallet, warnings []string, err error) {
	if name == "" {
		return nil, nil, refuse(Invalid, "Wallet name cannot be empty")
	}
	if !exists(from) {
		return nil, nil, refuse(Invalid, "Backup file does not exist")
	}
	dir := filepath.Join(s.c.Dir, name)
	if filepath.IsAbs(name) {
		dir = filepath.Clean(name)
	}
	file := filepath.Join(dir, fileName)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, nil, refuse(AlreadyExists, "Failed to restore wallet. Database file exists '%s'.", dir)
	}
	if exists(file) {
		return nil, nil, refuse(AlreadyExists, "Failed to restore wallet. Database file exists in '%s'.", file)
	}
	fresh := !exists(dir)
	if err := makeDir(dir); err != nil {
		return nil, nil, refuse(AlreadyExists, "Failed to restore database path '%s'.", dir)
	}
	if err = copyFile(from, file); err != nil {
		err = refuse(Fault, "Unexpected exception: %v", err)
	} else if w, warnings, err = s.LoadWarned(name, startup); err == nil {
		return w, warnings, nil
	}
	return nil, nil, s.undoRestore(dir, file, fresh, err)
}

// undoRestore removes what a failed one made.
func (s *Set) undoRestore(dir, file string, fresh bool, err error) error {
	gone := os.Remove(file)
	if fresh && gone == nil {
		gone = os.Remove(dir)
	}
	if gone != nil {
		s.c.Log.Warn("a restored wallet that does not load could not be removed", "err", gone)
	}
	return err
}

func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err := errors.Join(err, w.Sync(), w.Close()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// backup writes a wallet's records to a file, or under the wallet's file name into a folder; not
// to where the default wallet's file is or would be, which the next start would load.
func backup(d disk, own, to, unnamed string, rs []record) error {
	failed := refuse(Fault, "Error: Wallet backup failed!")
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, filepath.Base(own))
	}
	if abs, err := filepath.Abs(to); err != nil || abs == own || abs == unnamed {
		return failed
	}
	j, err := createJournal(d, to, rs)
	if err != nil {
		return failed
	}
	return j.close()
}

// Names lists the wallets in the wallets' folder, loaded or not, in the order of their paths.
func (s *Set) Names() []string {
	var out []string
	// What cannot be read is no wallet that could be loaded.
	_ = filepath.WalkDir(s.c.Dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return nil
		case d.Type()&fs.ModeSymlink != 0 && d.Name() != fileName: // of a wallet's folder, maybe
			path = filepath.Join(path, fileName)
		case d.Name() != fileName:
			return nil
		}
		if !isJournal(path) {
			return nil
		}
		rel, err := filepath.Rel(s.c.Dir, filepath.Dir(path))
		if err != nil {
			return nil
		}
		if rel == "." {
			rel = ""
		}
		out = append(out, rel)
		return nil
	})
	slices.Sort(out)
	return out
}

// isJournal says whether a file starts as a wallet does.
func isJournal(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(journalHead))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == journalHead
}

// migrate makes the default wallet of a version 1 file, which stays beside it under
// another name.
func (s *Set) migrate() error {
	b, err := os.ReadFile(s.c.Former)
	if errors.Is(err, fs.ErrNotExist) || s.c.Former == "" {
		return nil
	}
	if err != nil {
		return err
	}
	if !exists(filepath.Join(s.c.Dir, fileName)) {
		f, err := decodeFormer(b)
		if err != nil {
			return err
		}
		w := newWallet(&s.c, "", filepath.Join(s.c.Dir, fileName))
		if err := w.takeFormer(f); err != nil {
			return err
		}
		if err := makeDir(s.c.Dir); err != nil {
			return err
		}
		j, err := createJournal(s.c.disk, w.path, w.dump())
		if err != nil {
			return err
		}
		if err := j.close(); err != nil {
			return err
		}
	}
	kept := s.c.Former + ".1"
	s.c.Log.Info("the wallet is now in the wallets' folder; its old file was kept", "wallet", filepath.Join(s.c.Dir, fileName), "old", kept)
	if err := os.Rename(s.c.Former, kept); err != nil {
		return err
	}
	return syncDir(filepath.Dir(kept))
}

// MakeWords makes the default wallet with new keys, encrypted, and returns their 12 words:
// the only copy outside the file. Nobody can have paid them yet, so the chain
// so far is not read.
func (s *Set) MakeWords(password string) (words string, err error) {
	entropy := make([]byte, entropySize)
	defer clear(entropy)
	if _, err := io.ReadFull(s.c.Rand, entropy); err != nil {
		return "", fmt.Errorf("randomness: %w", err)
	}
	tip := s.c.Chain.Tip()
	if err := s.adopt(entropy, password, tip.ID, tip.Height, s.c.Now().Unix()); err != nil {
		return "", err
	}
	return toWords(entropy), nil
}

// RestoreWords makes the default wallet with the keys of words and finds their
// coins by reading the whole chain, in the background, see Status.
func (s *Set) RestoreWords(words, password string) error {
	entropy, err := fromWords(words)
	if err != nil {
		return err
	}
	defer clear(entropy)
	return s.adopt(entropy, password, s.c.Params.Genesis.ID(), 0, 1)
}

func (s *Set) adopt(entropy []byte, password string, tip wire.Hash, height uint32, created int64) error {
	if file := filepath.Join(s.c.Dir, fileName); exists(file) {
		return fmt.Errorf("%w, %s: move that file away first, or use another --datadir or --swarm", ErrExists, file)
	}
	if password == "" {
		return refuse(WrongPassphrase, "wrong password: it must not be empty")
	}
	_, err := s.make("", tip, height, func(w *Wallet) error {
		return w.bornEncrypted(password, func() error { return w.adoptWords(entropy, created) })
	})
	if err != nil {
		return err
	}
	yes := true
	s.remember("", &yes)
	return nil
}

package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/failpoint"
)

const (
	fileFormat  = "quern wallet"
	fileVersion = 1
)

// file is a wallet at rest. Coins and balances are not in it: they follow from
// the transactions.
type file struct {
	Format   string       `json:"format"`
	Version  int          `json:"version"`
	Chain    string       `json:"chain"`
	Genesis  wire.Hash    `json:"genesis"`
	Secret   *sealed      `json:"secret"`   // BIP39 entropy
	Accounts [2]string    `json:"accounts"` // extended public keys, by Kind
	Next     [2][2]uint32 `json:"next"`     // first unused index, by Kind and branch
	Tip      wire.Hash    `json:"tip"`      // the last block read
	Height   uint32       `json:"height"`   // its height
	Txs      []fileTx     `json:"transactions"`
}

// fileTx is a transaction at rest.
type fileTx struct {
	Raw      string    `json:"raw"` // hex, with witness
	Height   uint32    `json:"height,omitempty"`
	Block    wire.Hash `json:"block"`
	Time     int64     `json:"time"`
	Fee      int64     `json:"fee,omitempty"`
	Conflict wire.Hash `json:"conflict"`
}

// The file is JSON in one line, and behind it the hash of that line: a
// damaged file is told from a wrong password.
func encodeFile(f *file) ([]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	b = append(b, '\n')
	b = append(b, hex.EncodeToString(sum[:])...)
	return append(b, '\n'), nil
}

func decodeFile(b []byte) (*file, error) {
	line, sum, ok := bytes.Cut(b, []byte("\n"))
	want := sha256.Sum256(line)
	if !ok || string(bytes.TrimSpace(sum)) != hex.EncodeToString(want[:]) {
		return nil, errors.New("its checksum does not match: the file is damaged or was cut short; restore it from a backup or from its words")
	}
	f := new(file)
	if err := json.Unmarshal(line, f); err != nil {
		return nil, err
	}
	if f.Format != fileFormat {
		return nil, fmt.Errorf("its format is %q, not %q", f.Format, fileFormat)
	}
	if f.Version != fileVersion {
		return nil, fmt.Errorf("it is of version %d, this program knows version %d", f.Version, fileVersion)
	}
	if f.Secret == nil {
		return nil, errors.New("it holds no keys")
	}
	return f, f.Secret.check()
}

// readFile returns nil when there is no file.
func readFile(path string) (*file, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := decodeFile(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// writeFile replaces the file: at every moment either the old or the new one
// is there, whole.
func writeFile(path string, f *file) error {
	b, err := encodeFile(f)
	if err != nil {
		return fmt.Errorf("wallet file: %w", err)
	}
	part := path + ".part"
	failpoint.Hit(failpoint.BeforeWallet)
	if err := writeSynced(part, b); err != nil {
		return fmt.Errorf("wallet file: %w", err)
	}
	failpoint.Hit(failpoint.AfterWallet)
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("wallet file: %w", err)
	}
	failpoint.Hit(failpoint.WalletMoved)
	return syncDir(filepath.Dir(path))
}

func writeSynced(path string, b []byte) error {
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return errors.Join(err, w.Sync(), w.Close())
}

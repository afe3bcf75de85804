package datastore

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/quernnet/quern/consensus/wire"
)

// Held is what a folder tells without being opened.
type Held struct {
	Chain string
	Rules wire.Hash // digest
}

// Peek says what chain a folder holds. The error is fs.ErrNotExist where no
// store ever was.
func Peek(dir string) (Held, error) {
	path := filepath.Join(dir, manifestName)
	b, err := os.ReadFile(path)
	if err != nil {
		return Held{}, fmt.Errorf("folder's manifest: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return Held{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return Held{m.Chain, m.Rules}, nil
}

// InUse says whether a process has the folder open, and which, 0 if that is not
// known. A process that opens it at this very moment is not disturbed.
func InUse(dir string) (pid int, used bool, err error) {
	path := filepath.Join(dir, lockName)
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return 0, false, nil
	}
	lock := flock.New(path)
	free, err := lock.TryRLock()
	if err != nil {
		return 0, false, fmt.Errorf("lock of folder %s: %w", dir, err)
	}
	if free {
		return 0, false, lock.Close()
	}
	if b, err := os.ReadFile(filepath.Join(dir, pidName)); err == nil {
		pid, _ = strconv.Atoi(strings.TrimSpace(string(b))) // 0 when it is no number
	}
	return pid, true, nil
}

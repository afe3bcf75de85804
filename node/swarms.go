package node

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/quernnet/quern/datastore"
)

// Folder is what a swarm's folder tells while nobody has it open, or somebody else has.
type Folder struct {
	Chain   string // "" when no node ever ran here
	Running bool   // a process has it open
	PID     int    // of that process, 0 if not known
}

// LookAt says what a swarm's folder holds and whether it is in use.
func LookAt(dir string) (Folder, error) {
	var f Folder
	held, err := datastore.Peek(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	f.Chain = held.Chain
	f.PID, f.Running, err = datastore.InUse(dir)
	return f, err
}

// FitsFolder refuses rules other than those of the chain that lies in c's folder.
func (c *Config) FitsFolder() error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	held, err := datastore.Peek(c.Dir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if held.Chain != p.Name || held.Rules != p.Digest() {
		return fmt.Errorf("there is a swarm %s already, in %s, and it follows other rules (chain %s, digest %s…; not chain %s, digest %s…): give another --datadir, or move that folder away",
			c.SwarmName(), c.Dir(), held.Chain, held.Rules.String()[:16], p.Name, p.Digest().String()[:16])
	}
	return nil
}

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// prefix begins the name of every namespace and folder of ours; behind it stand
// the lab's id and the name that scenarios know.
const prefix = "quern-nattest-"

// lab is what one run of this program owns on the machine: a folder, in which a
// lock is held while the program lives, and the namespaces with its id in their
// names. Who can take the lock knows that its owner is dead, and sweeps.
type lab struct {
	id    string
	dir   string
	bin   string   // the quern binary
	flags []string // for every node
	keep  bool     // leave folder and namespaces for who wants to look
	say   func(format string, args ...any)
	lock  *flock.Flock
	chain string // folder of a node that has imported chainFile; "" until one has
}

// openLab sweeps what dead runs left and makes a new folder. It fails with
// errUnable where this machine has no namespaces for us.
func openLab(ctx context.Context, o options, say func(string, ...any)) (*lab, error) {
	if err := equipped(); err != nil {
		return nil, err
	}
	// Two runs that begin at once must not sweep each other's beginnings.
	one := flock.New(filepath.Join(os.TempDir(), strings.TrimSuffix(prefix, "-")+".lock"))
	if _, err := one.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("waiting for another run to begin: %w", err)
	}
	defer one.Close()
	if err := sweep(ctx, say); err != nil {
		return nil, fmt.Errorf("sweeping what an earlier run left: %w", err)
	}
	if err := able(ctx); err != nil {
		return nil, err
	}
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	l := &lab{id: hex.EncodeToString(b[:]), flags: strings.Fields(o.flags), keep: o.keep, say: say}
	l.dir = filepath.Join(os.TempDir(), prefix+l.id)
	if err := os.Mkdir(l.dir, 0o700); err != nil {
		return nil, err
	}
	l.lock = flock.New(filepath.Join(l.dir, "lock"))
	if ok, err := l.lock.TryLock(); err != nil || !ok {
		return nil, fmt.Errorf("lock of %s: %w", l.dir, errors.Join(err, os.ErrExist))
	}
	return l, l.build(ctx, o)
}

// build makes the binary that is tried: the real one.
func (l *lab) build(ctx context.Context, o options) error {
	if o.bin != "" {
		var err error
		l.bin, err = filepath.Abs(o.bin)
		return err
	}
	l.bin = filepath.Join(l.dir, "quern")
	args := []string{"build", "-o", l.bin}
	if o.race {
		args = append(args, "-race")
	}
	start := time.Now()
	_, err := command(ctx, "", "go", append(args, "github.com/quernnet/quern/cmd/quern")...)
	l.say("built quern in %s", seconds(time.Since(start)))
	return err
}

// close removes everything, unless it is to be kept. It is given a context of
// its own: it also runs after an interrupt.
func (l *lab) close() error {
	if l.keep {
		l.say("kept: %s and the namespaces %s%s-… (the next run sweeps them)", l.dir, prefix, l.id)
		return l.lock.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(removeNamespaces(ctx, l.id), l.lock.Close(), os.RemoveAll(l.dir))
}

// removeNamespaces removes those of one lab.
func removeNamespaces(ctx context.Context, id string) error {
	found, err := filepath.Glob(filepath.Join(namespaces, prefix+id+"-*"))
	errs := []error{err}
	for _, path := range found {
		errs = append(errs, (&namespace{filepath.Base(path)}).remove(ctx))
	}
	return errors.Join(errs...)
}

// sweep removes folders and namespaces whose owner has died.
func sweep(ctx context.Context, say func(string, ...any)) error {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	errs := []error{err}
	alive := make(map[string]bool)
	for _, dir := range dirs {
		id := strings.TrimPrefix(filepath.Base(dir), prefix)
		lock := flock.New(filepath.Join(dir, "lock"))
		free, err := lock.TryLock()
		if !free && err == nil {
			alive[id] = true
			continue
		}
		say("sweeping %s, whose run has died", dir)
		errs = append(errs, err, removeNamespaces(ctx, id), lock.Close(), os.RemoveAll(dir))
	}
	// Folders of temporary files are cleared by others too.
	left, err := filepath.Glob(filepath.Join(namespaces, prefix+"*"))
	errs = append(errs, err)
	for _, path := range left {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), prefix), "-")
		if !alive[id] {
			errs = append(errs, (&namespace{filepath.Base(path)}).remove(ctx))
		}
	}
	return errors.Join(errs...)
}

// equipped says what this user or machine lacks.
func equipped() error {
	if os.Geteuid() != 0 {
		return errUnable{"making network namespaces needs root"}
	}
	for _, p := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(p); err != nil {
			return errUnable{p + " is not installed (Debian: apt-get install iproute2 nftables miniupnpd)"}
		}
	}
	return nil
}

// able makes a namespace with all that a lab needs, and removes it.
func able(ctx context.Context) error {
	n, err := makeNamespace(ctx, prefix+"try")
	if err != nil {
		return errUnable{"this machine allows no network namespaces: " + err.Error()}
	}
	errIP := n.ip(ctx, "link add br0 type bridge", "link add dev v0 type veth peer name v1")
	errNFT := n.nft(ctx, routerRules(symmetric)+gatewayRules)
	if err := errors.Join(errIP, errNFT, n.remove(ctx)); err != nil {
		return errUnable{"this machine's kernel lacks bridges, veth or nftables: " + err.Error()}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/node/rpc"
)

// full is a disk that others fill while a node works.
type full struct {
	name string
	at   string // what of the folder is on a disk of its own; "": all of it
	size int    // MiB of that disk
	fill int    // MiB that others take of it after a while
	want string // what the node must say; "" where it is the kernel that refuses
}

// The node asks how much is free where its folder is. With a part of the folder
// on a smaller disk it is wrong, as it is when others write in the same moment:
// so each kind of write meets a disk that is full.
var fulls = []full{
	{"others fill the disk", "", 120, 90, "disk full"},
	{"others fill the disk, a little later", "", 160, 135, "disk full"},
	{"no room to append a block", "blocks", 3, 0, "no space left"},
	{"no room to append a block, later", "blocks", 7, 0, "no space left"},
	{"no room for the database's log", "kv", 1, 0, "no space left"},
	{"no room for the database's log, later", "kv", 5, 0, "no space left"},
}

// fillDisk has each of them happen to a node, and looks at what it says, how it
// ends, and what it is at when there is room again.
func (l *lab) fillDisk(ctx context.Context) error {
	bad := 0
	for i, f := range fulls {
		out, err := l.runFull(ctx, i, f)
		if errors.Is(err, syscall.EPERM) {
			fmt.Println("skipped: a disk of a chosen size takes root:", err)
			return nil
		}
		verdict := "equal states"
		if err != nil {
			verdict = "FAIL: " + err.Error()
			bad++
		}
		fmt.Printf("%-40s %-70s %s\n", f.name, out, verdict)
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d full disks are not dealt with", bad, len(fulls))
	}
	return nil
}

func (l *lab) runFull(ctx context.Context, i int, f full) (out string, err error) {
	t := l.newTrial(uint64(i))
	t.wallet, t.made = true, true
	t.dir = filepath.Join(l.dir, fmt.Sprint("full-", i))
	t.trace = chaintest.NewTrace(chaintest.TraceConfig{Seed: uint64(i), Deep: 40, Pads: 8, Pay: l.paid})
	place := filepath.Join(t.dir, swarm, f.at)
	if err := os.MkdirAll(place, 0o700); err != nil {
		return "", err
	}
	if err := syscall.Mount("quern", place, "tmpfs", 0, fmt.Sprintf("size=%dm", f.size)); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, syscall.Unmount(place, 0)) }()
	if err := t.furnish(); err != nil {
		return "", err
	}
	if out, err = t.untilFull(ctx, f, place); err != nil {
		return out, err
	}
	begun, err := t.startFull(ctx)
	if err != nil {
		return out, fmt.Errorf("started again on the full disk: %w", err)
	}
	out += "; then " + begun
	// Room again.
	if err := os.RemoveAll(filepath.Join(place, "others")); err != nil {
		return out, err
	}
	if err := syscall.Mount("quern", place, "tmpfs", syscall.MS_REMOUNT, "size=1g"); err != nil {
		return out, err
	}
	return out, t.last(ctx, nil)
}

// untilFull feeds a node until it ends by itself, and says how it did.
func (t *trial) untilFull(ctx context.Context, f full, place string) (string, error) {
	n, err := t.start(t.dir, nil)
	if err != nil {
		return "", err
	}
	defer n.kill()
	err = n.ready(ctx)
	if err == nil && f.fill > 0 {
		go func() {
			time.Sleep(300 * time.Millisecond)
			_ = os.WriteFile(filepath.Join(place, "others"), make([]byte, f.fill<<20), 0o600) // as much as there is room for
		}()
	}
	for err == nil {
		err = t.feed(ctx, n, life{way: atPoint})
		if err == nil && f.fill == 0 {
			return "", errors.New("the disk was never full")
		}
	}
	var answer *rpc.Error
	if !errors.Is(err, errDied) && !errors.As(err, &answer) {
		return "", err
	}
	select {
	case <-n.ended:
	case <-time.After(time.Minute):
		return "", errors.New("it hangs")
	}
	said, err := os.ReadFile(t.dir + ".log")
	if err != nil {
		return "", err
	}
	words := string(said)
	if n.killed() || n.err == nil {
		return "", fmt.Errorf("it ended with %v", n.end())
	}
	if !strings.Contains(words, f.want) {
		return "", fmt.Errorf("it does not say %q: %s", f.want, lastLine(words))
	}
	return "ends by itself, saying: " + f.want, nil
}

// startFull starts a node on the disk that is still full, where even its log
// cannot be made tables of, and gives it a few blocks.
func (t *trial) startFull(ctx context.Context) (string, error) {
	n, err := t.start(t.dir, nil)
	if err != nil {
		return "", err
	}
	defer n.kill()
	if err = n.ready(ctx); err == nil {
		err = t.check(ctx, n)
	}
	for i := t.acked; err == nil && i < min(t.acked+20, len(t.trace.Steps)); i++ {
		t.given = max(t.given, i+1)
		err = t.give(ctx, n, i)
	}
	if err == nil {
		return "works with what is left", nil
	}
	var answer *rpc.Error
	if !errors.Is(err, errDied) && !errors.As(err, &answer) {
		return "", err
	}
	select {
	case <-n.ended:
	case <-time.After(time.Minute):
		return "", errors.New("it hangs")
	}
	said, err := os.ReadFile(t.dir + ".log")
	if err != nil {
		return "", err
	}
	for _, word := range []string{"disk full", "no space left"} {
		if strings.Contains(lastLine(string(said)), word) {
			return "refuses: " + word, nil
		}
	}
	return "", fmt.Errorf("it ends with %v: %s", n.end(), lastLine(string(said)))
}

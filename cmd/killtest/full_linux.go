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
	"github.com/quernnet/quern/datastore/failpoint"
	"github.com/quernnet/quern/node/rpc/table"
)

// full is a disk that others fill while a node works.
type full struct {
	name  string
	point string // the node stands still here until it is full; "": it is filled beside it
	hit   int
	fill  int    // MiB that others take of diskSize
	want  string // what the node must say
}

const diskSize = 300 // MiB

// The node asks whether there is room before it writes, and stops while there
// still is. Where it stands still between question and write, that comes too
// late: each kind of write meets a full disk.
var fulls = []full{
	{"others fill the disk beside it", "", 0, diskSize - 40, "disk full"},
	{"others leave less than is kept free", failpoint.AfterBody, 300, diskSize - 60, "disk full"},
	{"a block is appended", failpoint.BeforeBody, 400, diskSize, noSpace},
	{"undo data is appended", failpoint.BeforeUndo, 350, diskSize, noSpace},
	{"the files are synced", failpoint.BeforeFileSync, 10, diskSize, noSpace},
	{"the batch is written", failpoint.BeforeCommit, 12, diskSize, noSpace},
	{"the wallet is written", failpoint.BeforeWallet, 5, diskSize, noSpace},
	{"the database is opened anew", failpoint.FirstOpened, 1, diskSize, noSpace},
}

const noSpace = "no space left"

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
	t.trace = chaintest.NewTrace(chaintest.TraceConfig{Seed: uint64(i), Deep: 40, Pads: 3, Pay: l.paid})
	t.reorg = reorgOf(t.trace, 40)
	place := filepath.Join(t.dir, swarm)
	if err := os.MkdirAll(place, 0o700); err != nil {
		return "", err
	}
	if err := syscall.Mount("quern", place, "tmpfs", 0, fmt.Sprintf("size=%dm", diskSize)); err != nil {
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
	return out, t.last(ctx, nil)
}

// untilFull feeds a node until it ends by itself, and says how it did.
func (t *trial) untilFull(ctx context.Context, f full, place string) (string, error) {
	var env []string
	if f.point != "" {
		env = append(env, fmt.Sprintf("%s=%s %d 0", failpoint.StopEnv, f.point, f.hit))
	}
	n, err := t.start(t.dir, env)
	if err != nil {
		return "", err
	}
	defer n.kill()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	filled := make(chan error, 1)
	go func() { filled <- n.crowd(ctx, f, filepath.Join(place, "others")) }()
	err = n.ready(ctx)
	if err == nil {
		err = t.feed(ctx, n, life{way: atPoint})
	}
	if err == nil {
		return "", errors.New("the history ends and the disk was never full")
	}
	if err := <-filled; err != nil {
		return "", err
	}
	var answer *table.Error
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
		return "", fmt.Errorf("it ended like this: %w", n.end())
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
	var answer *table.Error
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
	return "", fmt.Errorf("it ends like this: %w: %s", n.end(), lastLine(string(said)))
}

// crowd fills the disk: when the node stands still at its point, or after a
// while. What there is no room for is left out.
func (n *node) crowd(ctx context.Context, f full, path string) error {
	if f.point == "" {
		time.Sleep(500 * time.Millisecond)
		_ = os.WriteFile(path, make([]byte, f.fill<<20), 0o600)
		return nil
	}
	for {
		stopped, err := standsStill(n.cmd.Process.Pid)
		switch {
		case err != nil:
			return fmt.Errorf("it never came to %s: %w", f.point, err)
		case stopped:
			_ = os.WriteFile(path, make([]byte, f.fill<<20), 0o600)
			return n.cmd.Process.Signal(syscall.SIGCONT)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		time.Sleep(2 * time.Millisecond)
	}
}

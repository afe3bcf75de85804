package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quernnet/quern/node/rpc"
	"github.com/quernnet/quern/node/rpc/table"
)

// patience is how long a node may take for anything. Only a node that hangs
// takes as long.
const patience = 3 * time.Minute

// node is a process of the binary on a data folder.
type node struct {
	cmd   *exec.Cmd
	dir   string
	rpc   rpc.Client
	ended chan struct{} // closed when it has ended
	err   error         // valid then
}

// ports are handed out in turn, so that two nodes begin with different ones.
var ports atomic.Uint32

// freePort is a loopback address on which nobody listens now.
func freePort() (string, error) {
	for range 1000 {
		at := fmt.Sprintf("127.0.0.1:%d", 20_000+(uint32(os.Getpid())*131+ports.Add(1))%12_000)
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", at)
		if err == nil {
			return at, l.Close()
		}
	}
	return "", errors.New("no free port")
}

// start runs the binary on a folder and returns at once. Its words are appended
// to a file beside the folder.
func (l *lab) start(dir string, env []string, args ...string) (*node, error) {
	at, err := freePort()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(dir+".log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	// Its own deaths end it, not ours.
	cmd := exec.CommandContext(context.Background(), l.bin, append([]string{
		"run", "--chain", "regtest", "--datadir", dir, "--p2p.enabled=false", "--rpc.listen", at,
		"--datastore.cache", cache,
	}, args...)...)
	plain := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "QUERN_") })
	cmd.Env = append(plain, env...)
	cmd.Stdout, cmd.Stderr = log, log
	fmt.Fprintf(log, "--- %s %v\n", strings.Join(args, " "), env)
	// A file of an earlier process must not be taken for this one's.
	if err := os.Remove(rpc.CookieFile(filepath.Join(dir, swarm))); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	n := &node{cmd: cmd, dir: dir, rpc: rpc.Client{URL: "http://" + at}, ended: make(chan struct{})}
	go func() {
		n.err = cmd.Wait()
		close(n.ended)
	}()
	return n, nil
}

const (
	swarm = "regtest"
	// cache is the least that the binary takes: it flushes the more often.
	cache = "1MiB"
)

// errDied is what calls of a process come to that has ended.
var errDied = errors.New("the process has ended")

// ready waits until the node answers calls.
func (n *node) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if n.rpc.ReadCookie(filepath.Join(n.dir, swarm)) == nil {
			var height uint32
			err := n.call(ctx, "getblockcount", &height)
			var answer *table.Error
			if err == nil || errors.Is(err, errDied) || errors.As(err, &answer) && answer.Code != -28 {
				return err
			}
		}
		select {
		case <-n.ended:
			return fmt.Errorf("%w: %w", errDied, n.end())
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// call invokes a method. The error is errDied when the process has ended.
func (n *node) call(ctx context.Context, method string, result any, params ...any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if params == nil {
		params = []any{}
	}
	err := n.rpc.Call(ctx, method, params, result)
	var answer *table.Error
	if err == nil || errors.As(err, &answer) {
		return err
	}
	// No answer: it is dead, or dying.
	select {
	case <-n.ended:
		return fmt.Errorf("%w: %w", errDied, n.end())
	case <-time.After(time.Minute):
		return fmt.Errorf("%s: %w", method, err)
	}
}

// end is how the process ended.
func (n *node) end() error {
	if n.err == nil {
		return errors.New("exit code 0")
	}
	return n.err
}

// killed says whether it was SIGKILL that ended the process.
func (n *node) killed() bool {
	var e *exec.ExitError
	if !errors.As(n.err, &e) {
		return false
	}
	s, ok := e.Sys().(syscall.WaitStatus)
	return ok && s.Signaled() && s.Signal() == syscall.SIGKILL
}

// kill ends it as a power cut would, but for the machine's caches.
func (n *node) kill() {
	_ = n.cmd.Process.Kill() // ended already is as good
	<-n.ended
}

// stop ends it as a user would.
func (n *node) stop() error {
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	select {
	case <-n.ended:
		return n.err
	case <-time.After(patience):
		n.kill()
		return errors.New("it does not end when it is told to")
	}
}

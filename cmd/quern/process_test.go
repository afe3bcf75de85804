package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quernnet/quern/node/rpc"
	"github.com/quernnet/quern/node/rpc/own"
)

// binary builds quern once for all tests that start processes.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "quern-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "quern")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// process is a node in a process of its own.
type process struct {
	*testing.T
	name   string
	dir    string
	swarm  string
	args   []string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when cmd has ended
	end    error         // valid then
	log    *os.File
	client *rpc.Client
}

// newProcess prepares a regtest node that knows the given peers.
func newProcess(t *testing.T, name string, peers ...string) *process {
	t.Helper()
	p := &process{T: t, name: name, dir: t.TempDir(), swarm: "regtest"}
	p.args = []string{
		"--datadir", p.dir, "--chain", "regtest",
		"--p2p.private", "--p2p.mdns=false", "--p2p.listen", "/ip4/127.0.0.1/tcp/0",
		"--p2p.peers", strings.Join(peers, ","), "--rpc.listen", freePort(t), "--log.level", "debug", "--log.levels", "libp2p=error",
	}
	p.client = &rpc.Client{URL: "http://" + p.args[len(p.args)-5]}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	p.log = log
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			p.showLog()
		}
		log.Close()
	})
	return p
}

// freePort is a loopback address that nobody listens on now. It is below the ports
// that systems give to whoever asks for any: none of those who do gets it before
// the node listens, or while it is down.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return addr
	}
	t.Fatal("no free port")
	return ""
}

func (p *process) showLog() {
	b, err := os.ReadFile(p.log.Name())
	if err != nil {
		p.Log(err)
		return
	}
	if len(b) > 8000 {
		b = b[len(b)-8000:]
	}
	p.Logf("log of %s:\n%s", p.name, b)
}

// command is one call of the binary with the node's settings.
func (p *process) command(args ...string) *exec.Cmd {
	p.Helper()
	path, err := binary()
	if err != nil {
		p.Fatal(err)
	}
	cmd := exec.Command(path, append(args, p.args...)...)
	cmd.Env = append(os.Environ(), "QUERN_WALLET_PASSWORD=secret")
	return cmd
}

// quern runs a command to its end and returns what it prints.
func (p *process) quern(args ...string) string {
	p.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.Fatalf("%s: quern %s: %v", p.name, strings.Join(args, " "), err)
	}
	return out
}

func (p *process) try(args ...string) (string, error) {
	p.Helper()
	cmd := p.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// rpcAddr is where the node answers.
func (p *process) rpcAddr() string { return strings.TrimPrefix(p.client.URL, "http://") }

// start runs the node and waits until it answers.
func (p *process) start() {
	p.Helper()
	p.startBy("run")
}

// startBy starts the node by another command than run.
func (p *process) startBy(args ...string) {
	p.Helper()
	p.cmd = p.command(args...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.Fatal(err)
	}
	ended, cmd := make(chan struct{}), p.cmd
	p.ended = ended
	go func() {
		p.end = cmd.Wait()
		close(ended)
	}()
	p.await("answer RPC", func() bool {
		return p.client.ReadCookie(filepath.Join(p.dir, p.swarm)) == nil &&
			p.client.Call(p.Context(), "getblockcount", nil, nil) == nil
	})
}

// kill ends the process at once, as a power cut would.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.cmd = nil
}

// patience is for what takes a moment, on a busy machine.
const patience = 3 * time.Minute

// stop ends it as a user would and expects success.
func (p *process) stop() {
	p.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.Fatal(err)
	}
	select {
	case <-p.ended:
		if p.end != nil {
			p.Errorf("%s: end after SIGTERM: %v", p.name, p.end)
		}
		p.cmd = nil
	case <-time.After(patience):
		p.Fatalf("%s does not end on SIGTERM", p.name)
	}
}

// call invokes an RPC method of the running node.
func call[T any](p *process, method string, params ...any) T {
	p.Helper()
	var out T
	if err := p.client.Call(p.Context(), method, params, &out); err != nil {
		p.Fatalf("%s: %s %v: %v", p.name, method, params, err)
	}
	return out
}

func (p *process) tip() string    { p.Helper(); return call[string](p, "getbestblockhash") }
func (p *process) height() int    { p.Helper(); return call[int](p, "getblockcount") }
func (p *process) pool() []string { p.Helper(); return call[[]string](p, "getrawmempool") }

// status is what `quern status --json` prints.
func (p *process) status() (st own.Status) {
	p.Helper()
	if err := json.Unmarshal([]byte(p.quern("status", "--json")), &st); err != nil {
		p.Fatal(err)
	}
	return st
}

// await polls until ok. Processes announce nothing that a test could wait for.
func (p *process) await(what string, ok func() bool) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-p.ended:
			p.Fatalf("%s ended before it could %s: %v", p.name, what, p.end)
		case <-ctx.Done():
			p.Fatalf("%s did not %s in time: %v", p.name, what, context.Cause(ctx))
		}
	}
}

// exitCodeOf is the code of a command that failed, -1 when it did not.
func exitCodeOf(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return -1
}

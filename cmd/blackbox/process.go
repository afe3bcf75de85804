package blackbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Patience bounds each wait: other people's programs look for blocks at leisure.
const Patience = 3 * time.Minute

// ErrNotYet is an answer to Until where there is nothing more to say.
var ErrNotYet = errors.New("not yet")

// Program is one that is built when it is first asked for.
type Program struct {
	path  func() (string, error)
	built bool
}

// Build makes a program of a Go package, from within dir's module.
func Build(name, dir, pkg string) *Program {
	p := new(Program)
	p.path = sync.OnceValues(func() (string, error) {
		out, err := os.MkdirTemp("", "quern-blackbox-")
		if err != nil {
			return "", err
		}
		p.built = true
		path := filepath.Join(out, name)
		cmd := exec.Command("go", "build", "-o", path, pkg)
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
		}
		return path, nil
	})
	return p
}

// Path is where the program is.
func (p *Program) Path(t testing.TB) string {
	t.Helper()
	path, err := p.path()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Main is for TestMain: it runs the tests and removes the programs.
func Main(m *testing.M, programs ...*Program) {
	code := m.Run()
	for _, p := range programs {
		if !p.built {
			continue
		}
		if path, err := p.path(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

// Start runs a program until the test ends, and then ready until it says that the
// program is. The end of its output is shown when the test fails.
func Start(t testing.TB, name string, p *Program, ready func(ctx context.Context) error, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.Path(t), args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is stopped by a signal
		close(ended)
	}()
	t.Cleanup(func() {
		stop(cmd, ended)
		if t.Failed() {
			text, err := os.ReadFile(log.Name())
			t.Logf("the end of %s's log (%v):\n%s", name, err, text[max(0, len(text)-6000):])
		}
		_ = log.Close()
	})
	Until(t, name+" answers", func(ctx context.Context) error {
		select {
		case <-ended:
			t.Fatalf("%s ended", name)
		default:
		}
		return ready(ctx)
	})
}

func stop(cmd *exec.Cmd, ended <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
}

// FreePort is a loopback address where nobody listens now. It is below the ports
// that systems give to whoever asks for any, so that nobody is given it before it
// is used.
func FreePort(t testing.TB) string {
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

// Until asks again and again until what is asked for is so: these programs tell
// of few things by themselves.
func Until(t testing.TB, what string, ask func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v: %v", what, Patience, err)
		}
	}
}

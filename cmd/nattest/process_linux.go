package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a program that runs inside a namespace, its words in a file.
type process struct {
	name  string
	log   string
	pid   int
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // valid then

	killed atomic.Bool // by us
}

// start runs a program inside, which its owner ends: a kept one outlives ctx.
// Words are appended to the log.
func (n *namespace) start(ctx context.Context, name, log, program string, args ...string) (*process, error) {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	cmd.Env = plainEnv()
	cmd.Stdout, cmd.Stderr = f, f
	// An interrupt at the terminal is for us, who then end the process.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := n.do(cmd.Start); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p := &process{name: name, log: log, pid: cmd.Process.Pid, cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// plainEnv is our environment without what would set a node up: nodes run with
// the flags that their scenario types and nothing else.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "QUERN_") })
}

// running tells whether the process has not ended. A nil process has.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends it at once, as a power cut would.
func (p *process) kill() {
	if p != nil {
		p.killed.Store(true)
		_ = p.cmd.Process.Kill() // ended already is as good
		<-p.ended
	}
}

const stopTime = time.Minute

// stop ends it as a user would, and wants a good end.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-time.After(stopTime):
		p.kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM", p.name, stopTime)
	}
}

// tail is the end of the log.
func (p *process) tail(bytes int64) string {
	f, err := os.Open(p.log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, end-bytes), io.SeekStart)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

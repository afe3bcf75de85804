//go:build unix

package bench

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// apart gives a command a process group of its own, to be killed as a whole.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// kill ends a command and those in its group.
func kill(p *os.Process) error {
	err := syscall.Kill(-p.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return p.Kill() // it has left its group, or is gone
	}
	return err
}

func spent(p *os.ProcessState) Cost {
	r, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return Cost{}
	}
	return costOf(r)
}

func costOf(r *syscall.Rusage) Cost {
	peak := int64(r.Maxrss) //nolint:unconvert // 32 bits on some systems
	if runtime.GOOS != "darwin" {
		peak <<= 10 // everybody else counts in KiB
	}
	return Cost{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), Peak: peak}
}

// Own is what this process has used so far; Wall is not set.
func Own() Cost {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return Cost{}
	}
	return costOf(&r)
}

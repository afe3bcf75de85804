//go:build !unix

package bench

import (
	"os"
	"os/exec"
)

func apart(*exec.Cmd) {}

func kill(p *os.Process) error { return p.Kill() }

func spent(p *os.ProcessState) Cost { return Cost{CPU: p.UserTime() + p.SystemTime()} }

// Own is what this process has used so far, as far as the system tells.
func Own() Cost { return Cost{} }

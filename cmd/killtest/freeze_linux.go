package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// freeze stops all of a process and waits until it stands still.
func freeze(p *os.Process) error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for range 5000 {
		if still, err := standsStill(p.Pid); still || err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("process %d does not stop", p.Pid)
}

// standsStill says whether a process is stopped.
func standsStill(pid int) (bool, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false, err
	}
	// The state is behind the name, which stands in parentheses.
	_, rest, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')'):]), " ")
	if strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X") {
		return false, fmt.Errorf("process %d has ended", pid)
	}
	return strings.HasPrefix(rest, "T"), nil
}

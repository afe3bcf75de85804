//go:build failpoints && unix

package failpoint

import (
	"os"
	"syscall"
	"time"
)

// stop returns when somebody has sent SIGCONT.
func stop(self *os.Process) error {
	err := self.Signal(syscall.SIGSTOP)
	time.Sleep(10 * time.Millisecond) // it stops in a moment, and nothing may go on until then
	return err
}

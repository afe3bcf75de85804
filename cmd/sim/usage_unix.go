//go:build unix

package main

import (
	"runtime"
	"syscall"
	"time"
)

// used is the processor time and the most memory, in bytes, that this process has used.
func used() (cpu time.Duration, memory int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	memory = int64(u.Maxrss)
	if runtime.GOOS != "darwin" { // which counts bytes
		memory <<= 10
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), memory
}

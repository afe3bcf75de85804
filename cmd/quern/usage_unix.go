//go:build unix

package main

import (
	"runtime"
	"syscall"
	"time"
)

func usage() spent {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return spent{}
	}
	peak := int64(r.Maxrss)
	if runtime.GOOS != "darwin" {
		peak <<= 10 // everybody else counts in KiB
	}
	return spent{cpu: time.Duration(r.Utime.Nano() + r.Stime.Nano()), peak: peak}
}

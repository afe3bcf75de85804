//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// armed is what the environment asked for.
var armed = arm()

type order struct {
	mu    sync.Mutex // guards left
	name  string
	left  int
	wait  time.Duration
	act   func(*os.Process) error
	trace *os.File
}

func arm() *order {
	a := &order{act: (*os.Process).Kill}
	v := os.Getenv(KillEnv)
	if v == "" {
		v, a.act = os.Getenv(StopEnv), stop
	}
	if v != "" {
		var ms int
		if _, err := fmt.Sscan(v, &a.name, &a.left, &ms); err != nil {
			panic(fmt.Sprintf("failpoint %q: want a name, which hit, and milliseconds", v))
		}
		a.wait = time.Duration(ms) * time.Millisecond
	}
	if path := os.Getenv(TraceEnv); path != "" {
		var err error
		if a.trace, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			panic(err)
		}
	}
	return a
}

// Hit counts a hit of the point, and ends the process, as SIGKILL does, or stops
// it, at the one that it was told.
func Hit(name string) {
	if !armed.count(name) {
		return
	}
	// The others go on meanwhile.
	time.Sleep(armed.wait)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = armed.act(self)
	}
	if err != nil {
		panic(err)
	}
	if os.Getenv(KillEnv) != "" {
		select {} // it dies in a moment, and nothing may go on until then
	}
}

// count says whether this hit is the one.
func (a *order) count(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.trace != nil {
		if _, err := a.trace.WriteString(name + "\n"); err != nil {
			panic(err)
		}
	}
	if name != a.name {
		return false
	}
	a.left--
	return a.left == 0
}

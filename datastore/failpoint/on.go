//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// armed is what the environment asked for; mu guards what changes.
var armed = arm()

type order struct {
	mu    sync.Mutex
	name  string
	left  int
	wait  time.Duration
	trace *os.File
}

func arm() *order {
	a := new(order)
	if v := os.Getenv(KillEnv); v != "" {
		var ms int
		if _, err := fmt.Sscan(v, &a.name, &a.left, &ms); err != nil {
			panic(fmt.Sprintf("%s is %q: want a name, which hit, and milliseconds", KillEnv, v))
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

// Hit counts a hit of the point, and ends the process, as SIGKILL does, at the
// one that it was told.
func Hit(name string) {
	if !count(name) {
		return
	}
	// The others go on meanwhile.
	time.Sleep(armed.wait)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // it dies in a moment, and nothing may go on until then
}

// count says whether this hit is the one.
func count(name string) bool {
	armed.mu.Lock()
	defer armed.mu.Unlock()
	if armed.trace != nil {
		if _, err := armed.trace.WriteString(name + "\n"); err != nil {
			panic(err)
		}
	}
	if name != armed.name {
		return false
	}
	armed.left--
	return armed.left == 0
}

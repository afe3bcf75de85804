package node

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much garbage may come, beside what is in use, until the
// collector runs: at Go's own 100 %, memory would be twice what the settings
// say. What is large here, the coins, has no pointers in it, so that a run costs
// little: an import takes as long as with 100.
const gcPercent = 18

// LimitGarbage has the collector keep the process near what datastore.cache and
// mempool.size say. It is the program's to call, once. The environment variables
// that Go itself reads win.
func LimitGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

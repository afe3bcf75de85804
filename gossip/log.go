package gossip

import (
	"log/slog"
	"sync"

	"github.com/libp2p/go-libp2p/gologshim"
)

var bridge sync.Once

// bridgeLogs hands libp2p's log lines to l. libp2p has one handler a process,
// fixed at its first line, so the first Net that runs decides.
func bridgeLogs(l *slog.Logger) {
	bridge.Do(func() { gologshim.SetDefaultHandler(l.WithGroup("").Handler()) })
}

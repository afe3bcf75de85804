// Package leaktest ends the tests of packages whose goroutines must all have ended
// by then.
package leaktest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end that were told to. Those of
// libp2p and net/http announce it to nobody, and on a busy machine take longer
// than the half second that goleak waits by itself.
const patience = 2 * time.Minute

// Main runs a package's tests, and fails when goroutines stay behind: it is the
// package's TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := left(patience); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// left waits until no goroutines are left, and names those that are then.
func left(patience time.Duration) error {
	for end := time.Now().Add(patience); ; {
		err := goleak.Find() // which pauses, and looks several times
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

package leaktest

import (
	"testing"
	"time"
)

// Who ends late is waited for, who does not is named.
func TestLeft(t *testing.T) {
	stop := make(chan struct{})
	go func() { <-stop }()
	if err := left(0); err == nil {
		t.Error("a goroutine that stays is not seen")
	}
	time.AfterFunc(time.Second, func() { close(stop) }) // later than goleak waits by itself
	if err := left(patience); err != nil {
		t.Error(err)
	}
}

package gossip

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestZapToSlog(t *testing.T) {
	var out bytes.Buffer
	h := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})
	l := zap.New(zapToSlog{h}).Named("dht").With(zap.String("swarm", "test"))
	l.Debug("hidden")
	l.Warn("shown", zap.Int("peers", 3), zap.Error(ErrNotRunning))
	got := out.String()
	for _, want := range []string{"level=WARN", "msg=shown", "logger=dht", "swarm=test", "peers=3", "not running"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.Contains(got, "hidden") {
		t.Error("a debug line at level info")
	}
}

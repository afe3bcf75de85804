package gossip

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	golog "github.com/ipfs/go-log/v2"
	"github.com/libp2p/go-libp2p/gologshim"
	"go.uber.org/zap/zapcore"
)

var bridge sync.Once

// bridgeLogs hands the log lines of libp2p (slog) and of its DHT (zap) to l,
// each with the attribute "logger" for its part. Both have one handler a
// process, fixed at its first line, so the first Net that runs decides.
func bridgeLogs(l *slog.Logger) {
	bridge.Do(func() {
		gologshim.SetDefaultHandler(l.Handler())
		golog.SetPrimaryCore(zapToSlog{l.Handler()})
		golog.SetAllLoggers(golog.LevelDebug) // l's handler has the say
	})
}

// zapToSlog is a zap core that writes to a slog handler.
type zapToSlog struct{ h slog.Handler }

var _ zapcore.Core = zapToSlog{}

func (z zapToSlog) Enabled(l zapcore.Level) bool {
	return z.h.Enabled(context.Background(), slogLevel(l))
}

func (z zapToSlog) With(fields []zapcore.Field) zapcore.Core {
	return zapToSlog{z.h.WithAttrs(attrs(fields))}
}

func (z zapToSlog) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if z.Enabled(e.Level) {
		return c.AddCore(e, z)
	}
	return c
}

func (z zapToSlog) Write(e zapcore.Entry, fields []zapcore.Field) error {
	r := slog.NewRecord(e.Time, slogLevel(e.Level), e.Message, 0)
	r.AddAttrs(slog.String("logger", e.LoggerName))
	r.AddAttrs(attrs(fields)...)
	if err := z.h.Handle(context.Background(), r); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	return nil
}

func (zapToSlog) Sync() error { return nil }

func attrs(fields []zapcore.Field) []slog.Attr {
	list := make([]slog.Attr, 0, len(fields))
	for _, f := range fields {
		m := zapcore.NewMapObjectEncoder()
		f.AddTo(m)
		list = append(list, slog.Any(f.Key, m.Fields[f.Key]))
	}
	return list
}

func slogLevel(l zapcore.Level) slog.Level {
	switch {
	case l < zapcore.InfoLevel:
		return slog.LevelDebug
	case l < zapcore.WarnLevel:
		return slog.LevelInfo
	case l < zapcore.ErrorLevel:
		return slog.LevelWarn
	}
	return slog.LevelError
}

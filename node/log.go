package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// subsystems are the names that log.levels may use. A logger says its own by
// the attribute "sys".
var subsystems = []string{"node", "chain", "store", "p2p", "libp2p", "sync", "mempool", "mining", "wallet", "index", "rpc", "zmq"}

// levels parses the configuration into a level by subsystem; "" is the others'.
func (l Log) levels() (map[string]slog.Level, error) {
	var errs []error
	out := make(map[string]slog.Level)
	parse := func(key, text string) slog.Level {
		var v slog.Level
		if err := v.UnmarshalText([]byte(text)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q is not debug, info, warn or error", key, text))
		}
		return v
	}
	out[""] = parse("log.level", l.Level)
	// What libp2p says below an error is of use to its developers: it warns of
	// every empty routing table.
	out["libp2p"] = max(out[""], slog.LevelError)
	for _, sys := range slices.Sorted(maps.Keys(l.Levels)) {
		if !slices.Contains(subsystems, sys) {
			errs = append(errs, fmt.Errorf("log.levels: no subsystem %q; there are %s", sys, strings.Join(subsystems, ", ")))
			continue
		}
		out[sys] = parse("log.levels."+sys, l.Levels[sys])
	}
	return out, errors.Join(errs...)
}

// Loggers hands out one logger a subsystem.
type Loggers struct {
	base   slog.Handler
	levels map[string]slog.Level     // as configured
	now    map[string]*slog.LevelVar // of each subsystem
}

// NewLoggers writes to w in the configured form.
func NewLoggers(c Log, w io.Writer) (*Loggers, error) {
	levels, err := c.levels()
	if err != nil {
		return nil, err
	}
	opts := &slog.HandlerOptions{Level: slog.LevelDebug}
	var h slog.Handler = slog.NewTextHandler(w, opts)
	if c.Format == "json" {
		h = slog.NewJSONHandler(w, opts)
	}
	l := &Loggers{base: h, levels: levels, now: make(map[string]*slog.LevelVar)}
	for _, sys := range subsystems {
		l.now[sys] = new(slog.LevelVar)
		l.now[sys].Set(l.configured(sys))
	}
	return l, nil
}

// For returns the logger of a subsystem.
func (l *Loggers) For(sys string) *slog.Logger {
	level := l.now[sys]
	if level == nil {
		level = new(slog.LevelVar)
		level.Set(l.configured(sys))
	}
	h := l.base.WithAttrs([]slog.Attr{slog.String("sys", sys)})
	return slog.New(&leveled{Handler: h, least: level})
}

func (l *Loggers) configured(sys string) slog.Level {
	if level, ok := l.levels[sys]; ok {
		return level
	}
	return l.levels[""]
}

// Debugging says whether a subsystem tells details.
func (l *Loggers) Debugging(sys string) bool { return l.now[sys].Level() <= slog.LevelDebug }

// Debug has a subsystem tell details, or no more than it is configured to
// without them.
func (l *Loggers) Debug(sys string, on bool) {
	level := slog.LevelDebug
	if !on {
		level = max(l.configured(sys), slog.LevelInfo)
	}
	l.now[sys].Set(level)
}

// leveled drops what is below its subsystem's level.
type leveled struct {
	slog.Handler
	least slog.Leveler
}

func (h *leveled) Enabled(_ context.Context, l slog.Level) bool { return l >= h.least.Level() }

func (h *leveled) WithAttrs(as []slog.Attr) slog.Handler {
	return &leveled{Handler: h.Handler.WithAttrs(as), least: h.least}
}

func (h *leveled) WithGroup(name string) slog.Handler {
	return &leveled{Handler: h.Handler.WithGroup(name), least: h.least}
}

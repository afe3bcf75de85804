package node

import (
	"context"
)

// Version of Quern.
const Version = "0.1.0"

// Run runs a node until ctx ends.
func Run(ctx context.Context, c Config, logs *Loggers) error {
	l, err := openLedger(ctx, c, logs)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return l.close()
}

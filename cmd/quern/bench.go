package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
)

func benchCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure Quern on this machine"}
	cmd.AddCommand(s.benchChain(), s.benchImport())
	return cmd
}

func (s *settings) benchImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Time the import of a block file into an empty, temporary folder",
		Args:  cobra.ExactArgs(1),
	}
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		c, logs, err := s.offline(cmd)
		if err != nil {
			return err
		}
		if c.DataDir, err = os.MkdirTemp("", "quern-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.DataDir)) }()
		bar := newBar(cmd.ErrOrStderr(), "import")
		start, before := time.Now(), usage()
		p, err := node.Import(cmd.Context(), c, logs, args[0], bar.report)
		wall, after := time.Since(start), usage()
		bar.finish()
		if err != nil {
			return err
		}
		r := benchResult{
			Blocks: p.Blocks, Inputs: p.Inputs, Bytes: p.Bytes,
			Wall: wall.Seconds(), CPU: (after.cpu - before.cpu).Seconds(), Peak: after.peak,
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), r)
		}
		fmt.Fprintln(cmd.OutOrStdout(), r)
		return nil
	}
	return cmd
}

// benchResult is what one import took.
type benchResult struct {
	Blocks int     `json:"blocks"`
	Inputs int     `json:"inputs"`
	Bytes  int64   `json:"bytes"`
	Wall   float64 `json:"wall_seconds"`
	CPU    float64 `json:"cpu_seconds"` // 0 where the system does not tell
	Peak   int64   `json:"peak_bytes"`  // resident memory, 0 where the system does not tell
}

func (r benchResult) String() string {
	return fmt.Sprintf("%d blocks, %d inputs, %.1f MB in %.2f s: %.0f blocks/s, %.0f inputs/s\n"+
		"CPU %.2f s (%.1f µs an input), peak memory %.0f MiB",
		r.Blocks, r.Inputs, float64(r.Bytes)/1e6, r.Wall, float64(r.Blocks)/r.Wall, float64(r.Inputs)/r.Wall,
		r.CPU, 1e6*r.CPU/float64(max(r.Inputs, 1)), float64(r.Peak)/(1<<20))
}

// spent is what the process has used so far.
type spent struct {
	cpu  time.Duration
	peak int64 // bytes
}

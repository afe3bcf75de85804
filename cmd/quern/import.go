package main

import (
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
)

func importCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE ...",
		Short: "Read Bitcoin block files (blk*.dat, bootstrap.dat) into the data folder",
		Long: "Reads blocks, in any order, checks every rule and signature, and keeps them.\n" +
			"The node must not be running. Blocks that are there already cost little, so an\n" +
			"interrupted import is simply started again.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, logs, err := s.offline(cmd)
			if err != nil {
				return err
			}
			for _, path := range args {
				bar := newBar(cmd.ErrOrStderr(), "import")
				start := time.Now()
				p, err := node.Import(cmd.Context(), c, logs, path, bar.report)
				bar.finish()
				if p.Tip.Params != nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, tip %v at height %d\n", path, rates(p, time.Since(start)), p.Tip.ID, p.Tip.Height)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func exportCommand(s *settings) *cobra.Command {
	var first, last uint32
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write the chain as a Bitcoin block file",
		Long:  "Writes the blocks of the active branch, in order. The node must not be running.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, logs, err := s.offline(cmd)
			if err != nil {
				return err
			}
			bar := newBar(cmd.ErrOrStderr(), "export")
			start := time.Now()
			p, err := node.Export(cmd.Context(), c, logs, args[0], first, last, bar.report)
			bar.finish()
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, tip %v\n", args[0], rates(p, time.Since(start)), p.Tip.ID)
			return nil
		},
	}
	cmd.Flags().Uint32Var(&first, "from", 1, "height of the first block (0 is genesis)")
	cmd.Flags().Uint32Var(&last, "to", 0, "height of the last block (default: the tip)")
	return cmd
}

// rates words what was done and how fast.
func rates(p node.Progress, d time.Duration) string {
	s := math.Max(d.Seconds(), 1e-3)
	text := fmt.Sprintf("%d blocks, %d inputs, %.1f MB in %.1f s (%.0f blocks/s, %.0f inputs/s)",
		p.Blocks, p.Inputs, float64(p.Bytes)/1e6, s, float64(p.Blocks)/s, float64(p.Inputs)/s)
	if p.Known > 0 {
		text += fmt.Sprintf(", %d known before", p.Known)
	}
	return text
}

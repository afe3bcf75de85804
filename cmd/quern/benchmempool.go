package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/bench"
	"github.com/quernnet/quern/node/bench/payments"
)

func (s *settings) benchMempool() *cobra.Command {
	var mix string
	var inputs int
	cmd := &cobra.Command{
		Use:   "mempool",
		Short: "Time how payments are taken into the mempool, and the block made of them",
		Long: "Makes payments on a chain in memory and adds them to a mempool, half of them on\n" +
			"one core and the rest on all; builds block templates; and takes the block in that\n" +
			"comes of it, as if somebody else had found it.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&inputs, "inputs", 20_000, "inputs of all payments")
	cmd.Flags().StringVar(&mix, "mix", "mixed", "how coins are locked, see quern bench chain")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if inputs < 100 {
			return fmt.Errorf("flag --inputs: %d are too few to measure with, use at least 100", inputs)
		}
		m, err := payments.ParseMix(mix)
		if err != nil {
			return fmt.Errorf("flag --mix: %w", err)
		}
		w, err := bench.Mempool(cmd.Context(), m, inputs)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), w)
		}
		sayWaiting(cmd.OutOrStdout(), w)
		return nil
	}
	return cmd
}

func sayWaiting(out io.Writer, w bench.Waiting) {
	fmt.Fprintf(out, "%d payments, %d inputs (%v)\n"+
		"parsed, judged and kept: %.0f a second on one core, %.0f on all\n"+
		"memory: %d bytes each, of %d encoded\n"+
		"block template: %.1f ms, %d transactions, %.2f MB\n"+
		"that block, its payments known: %.1f ms\n",
		w.Txs, w.Inputs, w.Mix, w.OneCore, w.AllCores, w.Memory, w.Size, w.Template, w.BlockTxs, w.BlockMB, w.Block)
}

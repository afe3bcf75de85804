package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/bench"
	"github.com/quernnet/quern/node/bench/payments"
	"github.com/quernnet/quern/node/rpc/minerpc"
)

func (s *settings) benchMempool() *cobra.Command {
	var mix string
	var inputs int
	cmd := &cobra.Command{
		Use:   "mempool",
		Short: "Time how payments are taken into the mempool, and the block made of them",
		Long: "Makes payments on a chain in memory and adds them to a mempool, half of them on\n" +
			"one core and the rest on all; builds block templates; and takes the block in that\n" +
			"comes of it, as if somebody else had found it.\n\n" +
			"Then miners ask for the template that lies ready, with as many payments waiting as\n" +
			"--waiting says: while nothing changes, while payments come, and when another's\n" +
			"block has just become the tip. With --profile that last wait is profiled, each\n" +
			"time into a file of its own: go tool pprof takes them together.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&inputs, "inputs", 20_000, "inputs of all payments")
	cmd.Flags().StringVar(&mix, "mix", "mixed", "how coins are locked, see quern bench chain")
	var waiting []int
	var tips int
	cmd.Flags().IntSliceVar(&waiting, "waiting", []int{40_000, 100_000}, "payments that wait while miners ask, rising; 0: miners do not")
	cmd.Flags().IntVar(&tips, "tips", 10, "blocks that come meanwhile")
	folder := cmd.Flags().String("profile", "", "folder to write CPU profiles to, of the waits for a template after a block")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if inputs < 100 {
			return fmt.Errorf("flag --inputs: %d are too few to measure with, use at least 100", inputs)
		}
		m, err := payments.ParseMix(mix)
		if err != nil {
			return fmt.Errorf("flag --mix: %w", err)
		}
		if len(waiting) == 1 && waiting[0] == 0 {
			waiting = nil
		}
		if slices.ContainsFunc(waiting, func(n int) bool { return n < 100 }) || !slices.IsSorted(waiting) {
			return fmt.Errorf("flag --waiting: %v are not rising numbers of 100 at least", waiting)
		}
		if tips < 1 {
			return fmt.Errorf("flag --tips: %d, there has to be one", tips)
		}
		taken := 0
		w, err := bench.Mempool(cmd.Context(), bench.MempoolConfig{
			Mix: m, Inputs: inputs, Waiting: waiting, Tips: tips, Show: bench.Show{Tx: minerpc.ShowTx, Txs: minerpc.ShowTxs},
			Profile: func(f func() error) error {
				if *folder == "" {
					return f()
				}
				taken++
				return profiled(filepath.Join(*folder, fmt.Sprintf("%03d.pprof", taken)), f)
			},
		})
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
	if len(w.Kept) == 0 {
		return
	}
	fmt.Fprintf(out, "\ntemplate from the keeper, ms: median (95 %%)\n%9s %14s %16s %18s %18s %10s %10s  %s\n",
		"waiting", "ready", "payments coming", "new tip", "its CPU time", "very first", "accepts/s", "blocks")
	for _, k := range w.Kept {
		fmt.Fprintf(out, "%9d %14s %16s %18s %18s %10.1f %10.0f  %d of %d transactions, %.2f MB\n",
			k.Waiting, spread(k.Ready), spread(k.Coming), spread(k.NewTip), spread(k.TipCPU), k.First.Median, k.Accepts, k.NewTip.Count, k.BlockTxs, k.BlockMB)
	}
}

func spread(s bench.Spread) string { return fmt.Sprintf("%.2f (%.2f)", s.Median, s.P95) }

package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/work/miner/rate"
)

func (s *settings) benchMine() *cobra.Command {
	var c rate.Config
	cmd := &cobra.Command{
		Use:   "mine",
		Short: "Measure how fast this machine looks for nonces",
		Long: "Measures each kernel that the processor can run on one core, beside crypto/sha256\n" +
			"of whole headers and beside a loop of the same instructions of which none waits\n" +
			"for another; then the best kernel on all cores, and how soon all of them drop\n" +
			"work that has gone stale. Kernels are told by the shortest of many short runs, so that\n" +
			"other programs disturb little. So are all cores, by the best of windows of some\n" +
			"milliseconds; stale work is told as it goes.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&c.Workers, "workers", runtime.GOMAXPROCS(0), "goroutines of the search on all cores")
	cmd.Flags().DurationVar(&c.Span, "time", 3*time.Second, "how long to measure kernels, and all cores, each")
	cmd.Flags().IntVar(&c.Tries, "tries", 200, "how often work goes stale")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if c.Workers < 1 || c.Span <= 0 || c.Tries < 1 {
			return errors.New("--workers, --time and --tries must be positive")
		}
		start := time.Now()
		c.Now = func() time.Duration { return time.Since(start) }
		r, err := rate.Measure(cmd.Context(), c)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), r)
		}
		return sayRates(cmd.OutOrStdout(), r)
	}
	return cmd
}

func sayRates(out io.Writer, r rate.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "one core\tlanes\tns a nonce\tmedian\trate\tratio\tinstructions\tcycles\tlimit\t")
	fmt.Fprintf(w, "crypto/sha256\t1\t%.1f\t%.1f\t%s\t1.0\t\t\t\t\n", r.Plain.Shortest, r.Plain.Median, hashrate(float64(time.Second)/r.Plain.Shortest))
	for _, k := range r.Kernels {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%s\t%.1f\t%s\t%s\t%s\t\n", k.Name, k.Lanes, k.Timing.Shortest, k.Timing.Median,
			hashrate(k.Rate), k.Ratio, known(k.Instructions), known(k.Cycles), known(k.LimitCycles))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nAll cores, %s: %s at best, %s as it went.\nStale work was dropped within %.3f ms (median of %d times; the longest %.3f ms).\n",
		count(r.All.Workers, "worker"), hashrate(r.All.Best), hashrate(r.All.Mean), r.Stale.Median/1e6, r.Stale.Tries, r.Stale.Worst/1e6)
	return err
}

// known is a figure, or nothing for one that is not known.
func known(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", v)
}

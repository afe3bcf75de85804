package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/bench"
)

func (s *settings) benchVerify() *cobra.Command {
	var each time.Duration
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Time the checking of signatures and scripts on one core",
		Long: "Times signatures one by one and many together, beside btcec's verification, and\n" +
			"whole inputs by kind of script. The best of several turns counts.\n\n" +
			"What the processor has is used; GODEBUG=cpu.avx512ifma=off or cpu.adx=off leave\n" +
			"some of it out.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().DurationVar(&each, "time", time.Second, "how long each figure is measured")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if each <= 0 {
			return fmt.Errorf("flag --time: %v is no time to measure in", each)
		}
		v, err := bench.Verify(cmd.Context(), each)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), v)
		}
		sayVerification(cmd.OutOrStdout(), v)
		return nil
	}
	return cmd
}

func sayVerification(w io.Writer, v bench.Verification) {
	fmt.Fprintf(w, "verifies by %s\n\nsignatures, µs each\n", strings.Join(v.Ways, "; else "))
	for _, f := range v.Signatures {
		name := f.Name
		if f.Batch > 1 {
			name = fmt.Sprintf("%s, %d together", f.Name, f.Batch)
		}
		fmt.Fprintf(w, "  %-24s %8.2f\n", name, f.Micro)
	}
	fmt.Fprintf(w, "\ninputs with all that is to be checked of their scripts, µs each\n")
	for _, f := range v.Inputs {
		fmt.Fprintf(w, "  %-24s %8.2f\n", f.Name, f.Micro)
	}
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/bench/payments"
)

func (s *settings) benchChain() *cobra.Command {
	var c payments.Config
	var mix string
	cmd := &cobra.Command{
		Use:   "chain FILE",
		Short: "Write a regtest chain of payments to measure with",
		Long: "Writes a chain as a Bitcoin block file that any node of Bitcoin's rules imports\n" +
			"on regtest. The same flags make the same bytes, on every machine. It begins with\n" +
			"blocks that only mint, breaks the mints up, and has full blocks of payments then.\n\n" +
			"--mix says how coins are locked, in parts: p2pkh, p2sh (2 of 3 keys), p2sh-p2wpkh,\n" +
			"p2wpkh, p2wsh (2 of 3) and p2tr (by key); mixed stands for " + payments.Mixed.String() + ".",
		Example: "  quern bench chain mixed.dat\n" +
			"  quern bench chain --mix p2tr taproot.dat\n" +
			"  quern bench chain --mix p2wpkh=40,p2pkh=20,p2tr=25,p2wsh=10,p2sh-p2wpkh=5 other.dat\n" +
			"  quern bench chain --coins 5000000 many.dat",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().IntVar(&c.Inputs, "inputs", 500_000, "inputs of payments")
	cmd.Flags().StringVar(&mix, "mix", "mixed", "how coins are locked")
	cmd.Flags().IntVar(&c.Weight, "weight", consensus.MaxWeight, "blocks of payments are filled up to so many weight units")
	cmd.Flags().IntVar(&c.Coins, "coins", 0, "coins to leave unspent at least; a tenth of the inputs then spends old ones")
	cmd.Flags().Uint64Var(&c.Seed, "seed", 1, "another number, another chain")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if c.Params, err = consensus.Chain("regtest"); err != nil {
			return err
		}
		if c.Mix, err = payments.ParseMix(mix); err != nil {
			return fmt.Errorf("flag --mix: %w", err)
		}
		start := time.Now()
		made, err := writeChain(cmd.Context(), c, args[0], cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), made)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %d blocks, %d transactions, %d inputs, %d coins left, %.1f MB, made in %.1f s; tip %v\n",
			args[0], made.Blocks, made.Txs, made.Inputs, made.Coins, float64(made.Bytes)/1e6, time.Since(start).Seconds(), made.Tip)
		return nil
	}
	return cmd
}

// writeChain makes the file, or leaves none.
func writeChain(ctx context.Context, c payments.Config, path string, w io.Writer) (payments.Summary, error) {
	chain, err := payments.New(c)
	if err != nil {
		return payments.Summary{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return payments.Summary{}, fmt.Errorf("block file: %w", err)
	}
	bar := newBar(w, "chain")
	var p node.Progress
	p.TotalBlocks, p.TotalBytes = chain.Plan()
	out := bufio.NewWriterSize(f, 1<<20)
	made, err := chain.Write(ctx, out, func(s payments.Summary) {
		p.Blocks, p.Inputs, p.Bytes = s.Blocks, s.Inputs, s.Bytes
		bar.report(p)
	})
	bar.finish()
	if err = errors.Join(err, out.Flush(), f.Sync(), f.Close()); err != nil {
		return made, errors.Join(fmt.Errorf("%s, removed again: %w", path, err), os.Remove(path))
	}
	return made, nil
}

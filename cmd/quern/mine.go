package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/rpc/own"
)

func mineCommand(s *settings) *cobra.Command {
	var workers, blocks int
	var address string
	cmd := &cobra.Command{
		Use:   "mine",
		Short: "Make the running node mine, or say how its mining goes",
		Long: "With --workers the running node mines on that many cores until it is told\n" +
			"otherwise (--workers 0) or stops; `quern run --mining.workers N` does so from\n" +
			"the start. With --blocks it mines that many blocks at once, which is quick on\n" +
			"regtest only. Payment goes to --address, or to a fresh address of the wallet.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&workers, "workers", 0, "cores that mine; 0 stops mining")
	cmd.Flags().IntVar(&blocks, "blocks", 0, "mine this many blocks now, then print their ids")
	cmd.Flags().StringVar(&address, "address", "", "who is paid (default: the wallet)")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("blocks") {
			if blocks < 1 {
				return fmt.Errorf("--blocks %d: mine at least 1", blocks)
			}
			return s.mineBlocks(cmd, blocks, address, *asJSON)
		}
		args := own.MineArgs{Address: address}
		if cmd.Flags().Changed("workers") {
			args.Workers = &workers
		}
		return show(s, cmd, *asJSON, "quern.mine", args, func(w io.Writer, st own.MiningStatus) error {
			_, err := fmt.Fprintln(w, "mining:", miningWords(st))
			return err
		})
	}
	return cmd
}

func (s *settings) mineBlocks(cmd *cobra.Command, blocks int, address string, asJSON bool) error {
	if address == "" {
		var a own.WalletAddress
		if err := s.call(cmd.Context(), "quern.wallet.address", own.WalletAddressArgs{}, &a); err != nil {
			return fmt.Errorf("no --address was given and the wallet has none: %w", err)
		}
		address = a.Address
	}
	var ids []string
	if err := s.call(cmd.Context(), "generatetoaddress", []any{blocks, address}, &ids); err != nil {
		return err
	}
	print := printLines
	if asJSON {
		print = func(w io.Writer, ids []string) error { return printJSON(w, ids) }
	}
	if err := print(cmd.OutOrStdout(), ids); err != nil || len(ids) == blocks {
		return err
	}
	return fmt.Errorf("found %d of %d: this chain's work is too much for --blocks; mine in the background with `quern mine --workers 1`",
		len(ids), blocks)
}

func printLines(w io.Writer, lines []string) error {
	for _, l := range lines {
		if _, err := fmt.Fprintln(w, l); err != nil {
			return err
		}
	}
	return nil
}

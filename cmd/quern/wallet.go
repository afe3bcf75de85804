package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/rpc"
)

func walletCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "wallet", Short: "Keep keys and pay, by the running node"}
	cmd.AddCommand(s.walletCreate(), s.walletRestore(), s.walletAddress(), s.walletBalance(), s.walletHistory(), s.walletSend())
	return cmd
}

func (s *settings) walletCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make new keys and print their recovery words",
		Args:  cobra.NoArgs,
	}
	file, asJSON := passwordFlag(cmd), asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := password(cmd, *file, true)
		if err != nil {
			return err
		}
		var w rpc.WalletWords
		if err := s.call(cmd.Context(), "quern.wallet.create", rpc.WalletCreateArgs{Password: p}, &w); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), w)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n", w.Words)
		fmt.Fprintln(cmd.ErrOrStderr(), "\nWrite these words on paper. They are shown once; whoever has them has the money,\nand without them and the wallet's file nobody has it.")
		return nil
	}
	return cmd
}

func (s *settings) walletRestore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Take keys from recovery words on standard input and find their coins",
		Args:  cobra.NoArgs,
	}
	file := passwordFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		words, err := readWords(cmd)
		if err != nil {
			return err
		}
		p, err := password(cmd, *file, true)
		if err != nil {
			return err
		}
		args := rpc.WalletCreateArgs{Words: words, Password: p}
		if err := s.call(cmd.Context(), "quern.wallet.restore", args, nil); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "restored; the node now reads the chain for its coins, see `quern status`")
		return nil
	}
	return cmd
}

func (s *settings) walletAddress() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "address",
		Short: "Print a fresh address to be paid at",
		Args:  cobra.NoArgs,
	}
	taproot := cmd.Flags().Bool("taproot", false, "of BIP86 (bc1p…) instead of BIP84 (bc1q…)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		args := rpc.WalletAddressArgs{Kind: "segwit"}
		if *taproot {
			args.Kind = "taproot"
		}
		var a rpc.WalletAddress
		if err := s.call(cmd.Context(), "quern.wallet.address", args, &a); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), a.Address)
		return nil
	}
	return cmd
}

func (s *settings) walletBalance() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "balance",
		Short: "Print what the wallet holds",
		Args:  cobra.NoArgs,
	}
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var b rpc.WalletBalance
		if err := s.call(cmd.Context(), "quern.wallet.balance", nil, &b); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), b)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "spendable %s\n", amount(b.Confirmed))
		fmt.Fprintf(cmd.OutOrStdout(), "pending   %s\n", amount(b.Pending))
		fmt.Fprintf(cmd.OutOrStdout(), "immature  %s\n", amount(b.Immature))
		return nil
	}
	return cmd
}

func (s *settings) walletHistory() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the wallet's transactions, newest first",
		Args:  cobra.NoArgs,
	}
	most := cmd.Flags().Int("max", 0, "list this many at most (0: all)")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var records []rpc.WalletRecord
		if err := s.call(cmd.Context(), "quern.wallet.history", rpc.WalletHistoryArgs{Max: *most}, &records); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), records)
		}
		tw := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, r := range records {
			fmt.Fprintf(tw, "%s\t%s\t%s\t %s  %s\t\n", time.Unix(r.Time, 0).Format(time.DateTime),
				amount(r.Value), recordState(r), r.TxID, strings.Join(r.Addresses, " "))
		}
		return tw.Flush()
	}
	return cmd
}

func recordState(r rpc.WalletRecord) string {
	switch {
	case r.Abandoned:
		return "cannot confirm"
	case r.Height == 0:
		return "waiting"
	case r.Coinbase:
		return fmt.Sprintf("mined, %d deep", r.Confirmations)
	}
	return fmt.Sprintf("%d deep", r.Confirmations)
}

func (s *settings) walletSend() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "send ADDRESS AMOUNT",
		Short:   "Pay",
		Example: "  quern wallet send bcrt1q… 0.5\n  quern wallet send bcrt1q… 1200sat --feerate 2.5",
		Args:    cobra.ExactArgs(2),
	}
	file, asJSON := passwordFlag(cmd), asJSON(cmd)
	feerate := cmd.Flags().Float64("feerate", 0, "satoshis per virtual byte (default: what the mempool asks, at least 1)")
	subtract := cmd.Flags().Bool("subtract-fee", false, "take the fee from the amount")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		value, err := parseAmount(args[1])
		if err != nil {
			return err
		}
		p, err := password(cmd, *file, false)
		if err != nil {
			return err
		}
		order := rpc.WalletSendArgs{
			Address: args[0], Value: value, Password: p,
			Feerate: int64(*feerate * 1000), SubtractFee: *subtract,
		}
		var sent rpc.WalletSent
		if err := s.call(cmd.Context(), "quern.wallet.send", order, &sent); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), sent)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n", sent.TxID)
		fmt.Fprintf(cmd.ErrOrStderr(), "paid %s and a fee of %s\n", amount(value), amount(sent.Fee))
		return nil
	}
	return cmd
}

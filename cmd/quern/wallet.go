package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/rpc/own"
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
		args := own.WalletCreateArgs{Password: p}
		return show(s, cmd, *asJSON, "quern.wallet.create", args, func(out io.Writer, w own.WalletWords) error {
			fmt.Fprintln(cmd.ErrOrStderr(), "Write these words on paper. They are shown once; whoever has them has the money,\nand without them and the wallet's file nobody has it.")
			_, err := fmt.Fprintln(out, w.Words)
			return err
		})
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
		args := own.WalletCreateArgs{Words: words, Password: p}
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
		args := own.WalletAddressArgs{Kind: "segwit"}
		if *taproot {
			args.Kind = "taproot"
		}
		var a own.WalletAddress
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
		return show(s, cmd, *asJSON, "quern.wallet.balance", nil, func(w io.Writer, b own.WalletBalance) error {
			var st own.Status
			if err := s.call(cmd.Context(), "quern.status", nil, &st); err != nil {
				return err
			}
			if !st.Wallet.Synced {
				fmt.Fprintf(cmd.ErrOrStderr(), "the wallet is still %s of %d: there may be more\n", walletWords(st.Wallet), st.Height)
			}
			_, err := fmt.Fprintf(w, "spendable %s\npending   %s\nimmature  %s\n", amount(b.Confirmed), amount(b.Pending), amount(b.Immature))
			return err
		})
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
		args := own.WalletHistoryArgs{Max: *most}
		return show(s, cmd, *asJSON, "quern.wallet.history", args, printHistory)
	}
	return cmd
}

func printHistory(w io.Writer, records []own.WalletRecord) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, r := range records {
		fmt.Fprintf(tw, "%s\t%s\t%s\t %s  %s\t\n", time.Unix(r.Time, 0).Format(time.DateTime),
			amount(r.Value), recordState(r), r.TxID, strings.Join(r.Addresses, " "))
	}
	return tw.Flush()
}

func recordState(r own.WalletRecord) string {
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
		order := own.WalletSendArgs{Address: args[0], Value: value, SubtractFee: *subtract}
		if cmd.Flags().Changed("feerate") {
			if order.Feerate, err = parseFeerate(*feerate); err != nil {
				return err
			}
		}
		if order.Password, err = password(cmd, *file, false); err != nil {
			return err
		}
		return show(s, cmd, *asJSON, "quern.wallet.send", order, func(w io.Writer, sent own.WalletSent) error {
			fmt.Fprintf(cmd.ErrOrStderr(), "paid %s and a fee of %s\n", amount(value), amount(sent.Fee))
			_, err := fmt.Fprintln(w, sent.TxID)
			return err
		})
	}
	return cmd
}

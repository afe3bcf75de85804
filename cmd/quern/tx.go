package main

import (
	"encoding/json"

	"github.com/spf13/cobra"
)

func txCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "tx", Short: "Look at transactions"}
	show := &cobra.Command{
		Use:   "show TXID [BLOCK]",
		Short: "Print a transaction of the mempool, the wallet or a block",
		Long: "Prints a transaction that waits, one of which an output is unspent, or one of the\n" +
			"wallet's. Any other is found if its block is named.",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			params := map[string]any{"txid": args[0]}
			if len(args) == 2 {
				params["blockhash"] = args[1]
			}
			var tx json.RawMessage
			if err := s.call(cmd.Context(), "quern.tx.show", params, &tx); err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), tx)
		},
	}
	cmd.AddCommand(show)
	return cmd
}

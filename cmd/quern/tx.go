package main

import (
	"encoding/json"

	"github.com/spf13/cobra"
)

func txCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "tx", Short: "Look at transactions"}
	show := &cobra.Command{
		Use:   "show TXID [BLOCK]",
		Short: "Print a transaction of the mempool, the wallet or, given its id, a block",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			params := []any{args[0], 1}
			if len(args) == 2 {
				params = append(params, args[1])
			}
			var tx json.RawMessage
			if err := s.call(cmd.Context(), "getrawtransaction", params, &tx); err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), tx)
		},
	}
	cmd.AddCommand(show)
	return cmd
}

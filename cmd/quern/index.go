package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/index"
)

func indexCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "index",
		Short: "Indexes of the chain",
		Long:  "Indexes are switched on by the keys of [index] in the configuration. A running node\nbuilds them in the background; `quern status` says how far they are.",
	}
	cmd.AddCommand(&cobra.Command{
		Use:       "drop NAME",
		Short:     "Remove what an index has stored",
		Long:      "Removes what an index has stored: one of " + strings.Join(index.Names(), ", ") + ".\nThe node must not be running. An index that is still switched on is built anew.",
		Args:      cobra.ExactArgs(1),
		ValidArgs: index.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, logs, err := s.offline(cmd)
			if err != nil {
				return err
			}
			if err := node.DropIndex(cmd.Context(), c, logs, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "index %s is removed\n", args[0])
			return nil
		},
	})
	return cmd
}

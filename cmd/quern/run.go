package main

import (
	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
)

func runCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a node",
		Long: "Runs a node until it is interrupted. With no file and no flags it joins the\n" +
			"public test swarm, commons. `--chain regtest` alone is a test chain for yourself.\n\n" +
			"--reindex is for a folder whose database or blocks are damaged: it keeps every block\n" +
			"that is whole, judges all of them anew, and fetches from peers what is missing.\n" +
			"Wallet, known peers and settings stay. When it is interrupted, the next start goes on\n" +
			"with it, with or without the flag.",
		Example: "  quern run\n  quern run --chain regtest\n  quern run --chain regtest --swarm acme --p2p.peers /ip4/192.0.2.1/tcp/18445/p2p/12D3Koo…",
		Args:    cobra.NoArgs,
	}
	reindex := cmd.Flags().Bool("reindex", false, "build the database anew from the block files")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, files, err := s.load()
		if err != nil {
			return err
		}
		return runNode(cmd, c, files, *reindex)
	}
	return cmd
}

// runNode runs a node until it is interrupted. files are where its settings were read.
func runNode(cmd *cobra.Command, c node.Config, files []string, reindex bool) error {
	logs, err := node.NewLoggers(c.Log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	for _, file := range files {
		logs.For("node").Info("configuration read", "file", file)
	}
	n, err := node.New(c, logs)
	if err != nil {
		return err
	}
	n.Reindex = reindexBars(cmd.ErrOrStderr())
	n.Reindex.Wanted = reindex
	return n.Run(cmd.Context())
}

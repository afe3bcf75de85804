package main

import (
	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
)

func runCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run a node",
		Long: "Runs a node until it is interrupted. With no file and no flags it joins the\n" +
			"public test swarm, commons. `--chain regtest` alone is a test chain for yourself.",
		Example: "  quern run\n  quern run --chain regtest\n  quern run --chain regtest --swarm acme --p2p.peers /ip4/192.0.2.1/tcp/18445/p2p/12D3Koo…",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, files, err := s.load()
			if err != nil {
				return err
			}
			return runNode(cmd, c, files)
		},
	}
}

// runNode runs a node until it is interrupted. files are where its settings were read.
func runNode(cmd *cobra.Command, c node.Config, files []string) error {
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
	return n.Run(cmd.Context())
}

package main

import (
	"context"
	"os"
	"path/filepath"
)

// chainFile is the real chain that one node of a scenario has at the start.
const chainFile = "../shared/data/chain-payments.dat"

// fill gives a node that has not run the real chain. It is imported once, by
// the real command, and copied from then on. Where the file is not on this
// machine the node has an empty chain, and the report says so.
func (t *trial) fill(ctx context.Context, n *node) error {
	if _, err := os.Stat(chainFile); err != nil {
		if os.Getenv("QUERN_REQUIRE_DATA") != "" {
			return err
		}
		t.tell("chain", "the real one is not on this machine: an empty one")
		return nil
	}
	if t.chain == "" {
		dir := filepath.Join(t.lab.dir, "chain")
		out, err := command(ctx, "", t.bin, "import", chainFile, "--datadir", dir, "--chain", n.chain, "--swarm", n.swarm)
		if err != nil {
			return err
		}
		t.say("%s", out)
		t.chain = dir
	}
	return os.CopyFS(n.dir, os.DirFS(t.chain))
}

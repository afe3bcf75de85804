// Command quern runs a node and talks to one.
//
// Each command stands in a file of its own and holds no logic: it reads flags
// and files, calls a package, and words what comes back for a terminal.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once: whoever sends it is tired of
	// waiting, and nothing durable depends on a clean end.
	context.AfterFunc(ctx, stop)
	node.LimitGarbage()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var code exitCode
	if errors.As(err, &code) {
		if code.err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), code.err)
		}
		return code.code
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "quern:", err)
	return 1
}

// exitCode is an error that decides the process's exit code.
type exitCode struct {
	code int
	err  error
}

func (e exitCode) Error() string { return fmt.Sprint(e.err) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "quern",
		Short: "Bitcoin's ledger on a network anyone can join",
		Long: "Quern is a proof-of-work node: Bitcoin's transactions, blocks, scripts and work\n" +
			"on a libp2p network. `quern run` alone joins the public test swarm.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	s := addSettings(root.PersistentFlags())
	root.AddCommand(
		runCommand(s), joinCommand(s), swarmCommand(s), initCommand(s), statusCommand(s), peersCommand(s), netCommand(s),
		importCommand(s), exportCommand(s), indexCommand(s), mineCommand(s), walletCommand(s),
		txCommand(s), rpcCommand(s), benchCommand(s), versionCommand(),
	)
	tellUsage(root)
	return root
}

// tellUsage has a command line with too few or too many arguments answered by
// what they are.
func tellUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fmt.Errorf("%w\nusage: %s", err, cmd.UseLine())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		tellUsage(sub)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/rpc/table"
)

func joinCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "join 'INVITE'",
		Short: "Join a swarm by an invite, and run a node in it",
		Long: "Checks the invite, saves the swarm, and runs a node in it until it is\n" +
			"interrupted. After that `quern run --swarm NAME` is enough. Settings given with\n" +
			"it are saved as well, all but the data folder, the RPC login and the log.",
		Example: "  quern join 'quern:acme?chain=regtest&rules=…&peer=/ip4/192.0.2.1/tcp/18444/p2p/12D3Koo…'",
		Args:    cobra.ExactArgs(1),
	}
	noRun := cmd.Flags().Bool("no-run", false, "only save the swarm")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		i, err := invite.Parse(args[0])
		if err != nil {
			return err
		}
		c, files, err := s.join(i)
		if err != nil {
			return err
		}
		w := cmd.ErrOrStderr()
		fmt.Fprintf(w, "Swarm %s, with the rules of %s, is saved in %s.\n", i.Swarm, i.Chain, c.Dir())
		if i.Meet {
			fmt.Fprintln(w, "Its members also meet by the public IPFS network, which shows this node's addresses to everybody; `--p2p.public_dht off` ends that.")
		}
		f, err := node.LookAt(c.Dir())
		switch {
		case err != nil:
			return err
		case f.Running:
			return s.tellRunning(cmd, i)
		case *noRun:
			fmt.Fprintf(w, "Run its node:  quern run --swarm %s%s\n", i.Swarm, s.elsewhere())
			return nil
		}
		return runNode(cmd, c, files, false)
	}
	return cmd
}

// join saves what an invite says of its swarm, besides what is known of it. It
// returns the configuration to run with.
func (s *settings) join(i invite.Invite) (node.Config, []string, error) {
	if err := s.setSwarm(i.Swarm); err != nil {
		return node.Config{}, nil, err
	}
	at, err := s.place()
	if err != nil {
		return at, nil, err
	}
	saved, err := readSwarm(at)
	if err != nil {
		return at, nil, err
	}
	// What will be saved: what is saved already, then what is given now.
	c := node.Defaults()
	c.DataDir, c.Swarm = at.DataDir, i.Swarm
	if err := saved.apply(&c); err != nil {
		return c, nil, err
	}
	if saved.text != nil {
		if err := sameSwarm(c, i); err != nil {
			return c, nil, err
		}
	}
	names, err := saved.names()
	if err != nil {
		return c, nil, err
	}
	if err := s.addGiven(&c); err != nil {
		return c, nil, err
	}
	if err := c.Accept(i); err != nil {
		return c, nil, err
	}
	if err := c.FitsFolder(); err != nil {
		return c, nil, err
	}
	names = append(append(names, s.given()...), "p2p.peers")
	if i.Meet {
		names = append(names, "p2p.public_dht")
	}
	return s.keep(at, c, names)
}

// addGiven applies the flags that are to be saved. Peers come to those that are known.
func (s *settings) addGiven(c *node.Config) error {
	known := c.P2P.Peers
	for _, k := range keys {
		if f := s.flags.Lookup(k.name); f.Changed && !notSaved(k.name) {
			if err := k.set(c, f.Value.String()); err != nil {
				return fmt.Errorf("flag --%s: %w", k.name, err)
			}
		}
	}
	if s.flags.Lookup("p2p.peers").Changed {
		c.P2P.Peers = slices.Compact(slices.Concat(c.P2P.Peers, known))
	}
	return nil
}

// keep saves a swarm's settings if a node could run with them.
func (s *settings) keep(at, c node.Config, names []string) (node.Config, []string, error) {
	next := savedSwarm{path: filepath.Join(c.Dir(), swarmFile), text: []byte(swarmTOML(c, names))}
	if f := s.flags.Lookup("p2p.peers"); f.Changed { // they are not instead of the invite's
		if err := f.Value.Set(strings.Join(c.P2P.Peers, ",")); err != nil {
			return c, nil, err
		}
	}
	if _, _, err := s.assemble(at, next); err != nil {
		return c, nil, err
	}
	if err := saveSwarm(c, names); err != nil {
		return c, nil, err
	}
	return s.load()
}

// sameSwarm refuses an invite to a swarm that is known by the same name and has
// other rules.
func sameSwarm(known node.Config, i invite.Invite) error {
	next := known
	if err := next.Accept(i); err != nil {
		return err
	}
	a, err := known.Params()
	if err != nil {
		return err
	}
	b, err := next.Params()
	if err != nil {
		return err
	}
	if a.Name != b.Name || a.Digest() != b.Digest() {
		return fmt.Errorf("there is a swarm %s already, in %s, and it follows other rules (chain %s, digest %s…) than the invite's (chain %s, digest %s…): "+
			"ask for an invite to a swarm of another name, or join with another --datadir", i.Swarm, known.Dir(),
			a.Name, invite.ShortDigest(a.Digest().String()), b.Name, invite.ShortDigest(b.Digest().String()))
	}
	return nil
}

// tellRunning gives the invite's peers to the node that runs already.
func (s *settings) tellRunning(cmd *cobra.Command, i invite.Invite) error {
	var errs []error
	for _, addr := range i.Peers {
		if err := s.addNode(cmd.Context(), addr); err != nil {
			errs = append(errs, fmt.Errorf("the running node knows of %s only when it starts again: %w", addr, err))
		}
	}
	if len(errs) == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "Its node runs already, and has the invite's peers now.\n")
	}
	return errors.Join(errs...)
}

func (s *settings) addNode(ctx context.Context, addr string) error {
	err := s.call(ctx, "addnode", []any{addr, "add"}, nil)
	var fail *table.Error
	if errors.As(err, &fail) && fail.Code == table.CodeNodeAdded {
		return nil
	}
	return err
}

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/rpc/own"
)

func swarmCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "swarm",
		Short: "Make, list and invite into swarms",
		Long: "A swarm is a network of nodes that follow the same rules: only nodes of one\n" +
			"swarm see each other. `quern swarm new` makes one, `quern join` joins one.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(swarmNewCommand(s), swarmInviteCommand(s), swarmListCommand(s))
	return cmd
}

func swarmNewCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new NAME --chain CHAIN",
		Short: "Make a swarm and print an invite into it",
		Long: "Makes a swarm's folder and settings, and prints the invite that others join it\n" +
			"by. The settings given on this command line are saved in the folder (" + swarmFile + "),\n" +
			"all but the data folder, the RPC login and the log: `quern run --swarm NAME` is\n" +
			"then enough, and so is `quern status --swarm NAME`.",
		Example: "  quern swarm new acme --chain regtest\n  quern swarm new acme --chain regtest --rules.segwit 100 --rules.halving 1000\n" +
			"  quern swarm new ours --chain signet --rules.signet_challenge 51",
		Args: cobra.ExactArgs(1),
	}
	show := inviteFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := s.newSwarm(args[0])
		if err != nil {
			return err
		}
		if err := saveSwarm(c, s.given()); err != nil {
			return err
		}
		in, err := offlineInvite(c)
		if err != nil {
			return err
		}
		in.New = true
		return show.print(cmd, s, in)
	}
	return cmd
}

// newSwarm is the configuration of a swarm that is not there yet.
func (s *settings) newSwarm(name string) (node.Config, error) {
	if err := s.setSwarm(name); err != nil {
		return node.Config{}, err
	}
	if _, set := os.LookupEnv("QUERN_CHAIN"); !set && !s.flags.Lookup("chain").Changed {
		return node.Config{}, errors.New("say which rules the swarm follows: --chain regtest (blocks at a command, for tests), " +
			"commons (a block a minute, mined by laptops), signet (blocks signed by whom you choose), or testnet4 or main")
	}
	at, err := s.place()
	if err != nil {
		return at, err
	}
	saved, err := readSwarm(at)
	if err != nil {
		return at, err
	}
	if saved.text != nil {
		return at, fmt.Errorf("there is a swarm %s already, in %s; `quern swarm invite %s` prints its invite", name, at.Dir(), name)
	}
	c, _, err := s.assemble(at, saved)
	if err != nil {
		return c, err
	}
	return c, errors.Join(node.OwnName(name, c.Chain), c.FitsFolder())
}

// setSwarm makes name the swarm that all settings are for.
func (s *settings) setSwarm(name string) error {
	if !invite.ValidName(name) {
		return fmt.Errorf("%q is no swarm name: use 1 to 32 of a-z, 0-9 and -", name)
	}
	f := s.flags.Lookup("swarm")
	if f.Changed && f.Value.String() != name {
		return fmt.Errorf("--swarm %s and the swarm %s are two names: give one", f.Value, name)
	}
	return s.flags.Set("swarm", name)
}

func swarmInviteCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "invite [NAME]",
		Short: "Print an invite into a swarm, with the addresses that its node has now",
		Args:  cobra.MaximumNArgs(1),
	}
	show := inviteFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			if err := s.setSwarm(args[0]); err != nil {
				return err
			}
		}
		c, _, err := s.load()
		if err != nil {
			return err
		}
		f, err := node.LookAt(c.Dir())
		if err != nil {
			return err
		}
		if len(args) > 0 && f.Chain == "" && !hasSwarmFile(c.Dir()) {
			return fmt.Errorf("there is no swarm %s in %s: `quern swarm list` lists them, `quern swarm new %s` makes it", args[0], c.DataDir, args[0])
		}
		var in invitation
		if f.Running && c.RPC.Enabled {
			in, err = s.liveInvite(cmd, c)
		} else {
			in, err = offlineInvite(c)
		}
		if err != nil {
			return err
		}
		return show.print(cmd, s, in)
	}
	return cmd
}

// invitation is an invite with what is to be said about it, and what --json prints.
type invitation struct {
	Swarm   string   `json:"swarm"`
	Chain   string   `json:"chain"`
	Folder  string   `json:"folder"`
	Invite  string   `json:"invite"`
	Peers   []string `json:"peers"`
	Running bool     `json:"running"` // the addresses are those that the running node has
	Meet    bool     `json:"meets_publicly"`
	New     bool     `json:"-"`
}

// offlineInvite names the addresses that the node will have when it runs.
func offlineInvite(c node.Config) (invitation, error) {
	addrs, err := c.Addresses()
	if err != nil {
		return invitation{}, err
	}
	i, err := c.Invite(addrs, nil)
	if err != nil {
		return invitation{}, err
	}
	return invitation{
		Swarm: i.Swarm, Chain: i.Chain, Folder: c.Dir(), Invite: i.String(), Peers: notNil(i.Peers), Meet: c.MeetsPublicly(),
	}, nil
}

// liveInvite has the running node write the invite.
func (s *settings) liveInvite(cmd *cobra.Command, c node.Config) (invitation, error) {
	var r own.Invite
	if err := s.call(cmd.Context(), "quern.invite", nil, &r); err != nil {
		return invitation{}, err
	}
	return invitation{
		Swarm: r.Swarm, Chain: r.Chain, Folder: c.Dir(), Invite: r.Invite, Peers: notNil(r.Peers), Running: true, Meet: r.Meet,
	}, nil
}

func notNil(list []string) []string { return append([]string{}, list...) }

func hasSwarmFile(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, swarmFile))
	return err == nil
}

// inviteShow is how an invite is to be printed.
type inviteShow struct{ qr, json *bool }

func inviteFlags(cmd *cobra.Command) inviteShow {
	return inviteShow{cmd.Flags().Bool("qr", false, "print a QR code also where the output is no terminal"), asJSON(cmd)}
}

// print writes the invite to the standard output, and what there is to say
// about it to the error output: a script gets one line.
func (show inviteShow) print(cmd *cobra.Command, s *settings, in invitation) error {
	out, words := cmd.OutOrStdout(), cmd.ErrOrStderr()
	if *show.json {
		return printJSON(out, in)
	}
	if in.New {
		fmt.Fprintf(words, "Swarm %s, with the rules of %s, is kept in %s.\nRun its node here:  quern run --swarm %s%s\n\n", in.Swarm, in.Chain, in.Folder, in.Swarm, s.elsewhere())
	}
	fmt.Fprintln(words, "Whoever has this invite joins by  quern join 'INVITE'  (in quotes, or the shell cuts it at each &):")
	fmt.Fprintln(out, in.Invite)
	err := show.drawn(out, in.Invite)
	if errors.Is(err, errNoQR) && !*show.qr {
		fmt.Fprintln(words, err)
		err = nil
	}
	if err != nil {
		return err
	}
	remark(words, in)
	return nil
}

// drawn draws the QR code where there is somebody to see it.
func (show inviteShow) drawn(out io.Writer, text string) error {
	width, terminal := terminalWidth(out)
	switch {
	case *show.qr:
		return drawQR(out, text, terminal, 0)
	case terminal:
		return drawQR(out, text, true, width)
	}
	return nil
}

func terminalWidth(w io.Writer) (columns int, terminal bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	return columns, err == nil
}

// remark says whom the invite's addresses reach.
func remark(w io.Writer, in invitation) {
	fmt.Fprintln(w)
	switch {
	case len(in.Peers) == 0:
		fmt.Fprintln(w, "It names no address. Whoever joins finds the swarm on the local network"+elseMet(in)+".")
	case invite.OnlyLocal(in.Peers):
		fmt.Fprintln(w, "Its addresses are good on the local network. From elsewhere nobody reaches them"+elseMet(in)+".")
	}
	if !in.Running {
		fmt.Fprintf(w, "The node does not run: once it does, `quern swarm invite %s` names the addresses that others see.\n", in.Swarm)
	}
}

func elseMet(in invitation) string {
	if in.Meet {
		return ", and, more slowly, by the public IPFS network"
	}
	return "; `--p2p.public_dht on` lets the swarm meet by the public IPFS network, too"
}

// elsewhere is what commands need that are to find the same data folder.
func (s *settings) elsewhere() string {
	out := ""
	for _, name := range []string{"datadir", "config"} {
		if f := s.flags.Lookup(name); f.Changed {
			out += " --" + name + " " + f.Value.String()
		}
	}
	return out
}

func swarmListCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the swarms on this machine",
		Args:  cobra.NoArgs,
	}
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		at, err := s.place()
		if err != nil {
			return err
		}
		list, err := s.swarms(at)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), list)
		}
		return printSwarms(cmd.OutOrStdout(), list, at.DataDir)
	}
	return cmd
}

// listed is one line of the list.
type listed struct {
	Name    string `json:"name"`
	Chain   string `json:"chain"`
	Folder  string `json:"folder"`
	Running bool   `json:"running"`
	PID     int    `json:"pid,omitempty"`
	Saved   bool   `json:"saved"` // made by new or join: it has settings of its own
	Problem string `json:"problem,omitempty"`
}

// swarms looks at every folder below the data folder that is a swarm's.
func (s *settings) swarms(at node.Config) ([]listed, error) {
	entries, err := os.ReadDir(at.DataDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	list := []listed{}
	for _, e := range entries {
		if !e.IsDir() || !invite.ValidName(e.Name()) {
			continue
		}
		if l, ok := s.lookAt(at, e.Name()); ok {
			list = append(list, l)
		}
	}
	return list, nil
}

func (s *settings) lookAt(at node.Config, name string) (l listed, ok bool) {
	c := node.Defaults()
	c.DataDir, c.Swarm = at.DataDir, name
	l = listed{Name: name, Folder: c.Dir()}
	f, err := node.LookAt(c.Dir())
	l.Chain, l.Running, l.PID = f.Chain, f.Running, f.PID
	saved, errSaved := readSwarm(c)
	if l.Saved = saved.text != nil; l.Saved && errSaved == nil {
		if errSaved = saved.apply(&c); errSaved == nil {
			l.Chain = c.Chain
		}
	}
	if err := errors.Join(err, errSaved); err != nil {
		l.Problem = err.Error()
	}
	return l, l.Saved || l.Chain != "" || l.Problem != ""
}

func printSwarms(w io.Writer, list []listed, dir string) error {
	if len(list) == 0 {
		_, err := fmt.Fprintf(w, "no swarms in %s yet: `quern run` joins the public one, `quern swarm new NAME --chain regtest` makes one\n", dir)
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "SWARM\tCHAIN\tNODE\tFOLDER")
	for _, l := range list {
		state := "not running"
		switch {
		case l.Problem != "":
			state = l.Problem
		case l.Running && l.PID > 0:
			state = fmt.Sprintf("running (pid %d)", l.PID)
		case l.Running:
			state = "running"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", l.Name, l.Chain, state, l.Folder)
	}
	return tw.Flush()
}

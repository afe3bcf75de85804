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

// onPeer is a command that calls a method with the peer that it is given.
func onPeer[T any](s *settings, use, about, method string, words func(io.Writer, T) error) *cobra.Command {
	return &cobra.Command{
		Use:   use + " PEER",
		Short: about,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(s, cmd, false, method, []any{args[0]}, words)
		},
	}
}

func banCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "ban PEER",
		Short:   "Cut a peer off and refuse it for a while, also after restarts",
		Example: "  quern peers ban uhBkoJza\n  quern peers ban uhBkoJza --for 720h",
		Args:    cobra.ExactArgs(1),
	}
	d := cmd.Flags().Duration("for", 24*time.Hour, "how long")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *d < time.Second {
			return fmt.Errorf("--for %v is too short, use at least 1s; `quern peers disconnect` only disconnects", *d)
		}
		return show(s, cmd, false, "quern.peers.ban", []any{args[0], int64(d.Seconds())}, func(w io.Writer, b own.PeerBan) error {
			_, err := fmt.Fprintf(w, "%s is banned until %s; `quern peers unban %s` ends it\n", b.PeerID, moment(b.Until), bare(b.PeerID))
			return err
		})
	}
	return cmd
}

func unbanCommand(s *settings) *cobra.Command {
	cmd := onPeer(s, "unban", "End the ban of a peer or IP address", "quern.peers.unban", func(w io.Writer, u own.PeerUnban) error {
		_, err := fmt.Fprintf(w, "%s is no longer banned\n", u.Banned)
		return err
	})
	cmd.Use = "unban PEER|IP"
	return cmd
}

func protectCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "protect [PEER]",
		Short: "Never disconnect a peer to make room, also after restarts; without one: list them",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return show(s, cmd, false, "quern.peers.protected", nil, printProtected)
			}
			return show(s, cmd, false, "quern.peers.protect", []any{args[0]}, func(w io.Writer, p own.PeerNamed) error {
				_, err := fmt.Fprintf(w, "%s is protected; `quern peers unprotect %s` ends it\n", p.PeerID, bare(p.PeerID))
				return err
			})
		},
	}
}

func printProtected(w io.Writer, peers []string) error {
	if len(peers) == 0 {
		_, err := fmt.Fprintln(w, "nobody is protected")
		return err
	}
	_, err := fmt.Fprintln(w, strings.Join(peers, "\n"))
	return err
}

func unprotectCommand(s *settings) *cobra.Command {
	return onPeer(s, "unprotect", "End the protection of a peer", "quern.peers.unprotect", func(w io.Writer, p own.PeerNamed) error {
		_, err := fmt.Fprintf(w, "%s is no longer protected\n", p.PeerID)
		return err
	})
}

func disconnectCommand(s *settings) *cobra.Command {
	return onPeer(s, "disconnect", "Close the connections to a peer", "quern.peers.disconnect", func(w io.Writer, p own.PeerNamed) error {
		again := "; nothing keeps it from coming back, but `quern peers ban` would"
		if p.Kept {
			again = "; this node was told to keep it, and dials it again"
		}
		_, err := fmt.Fprintf(w, "%s is disconnected%s\n", p.PeerID, again)
		return err
	})
}

func bansCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bans",
		Short: "List who is banned, until when, and why",
		Args:  cobra.NoArgs,
	}
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return show(s, cmd, *asJSON, "listbanned", nil, printBans)
	}
	return cmd
}

func printBans(w io.Writer, bans []own.Ban) error {
	if len(bans) == 0 {
		_, err := fmt.Fprintln(w, "nobody is banned")
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "WHO\tUNTIL\tLEFT\tWHY")
	for _, b := range bans {
		fmt.Fprintf(tw, "%s\t%s\t%v\t%s\n", b.Address, moment(b.Until), time.Duration(b.Remaining)*time.Second, b.Reason)
	}
	return tw.Flush()
}

// moment is a time for people, Unix seconds.
func moment(unix int64) string { return time.Unix(unix, 0).Format(time.DateTime) }

// bare is the end of a peer id as somebody would type it.
func bare(id string) string { return id[max(0, len(id)-8):] }

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/rpc/own"
)

func netCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "net",
		Short: "Say how the network sees the running node, and what to do about it",
		Long: "Says in plain words whether the world can reach the running node and why, at which\n" +
			"addresses others see it, what its router does, how its peers were found and are\n" +
			"connected, what is wrong and what to do about it.",
		Args: cobra.NoArgs,
	}
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return show(s, cmd, *asJSON, "quern.net", nil, func(w io.Writer, st own.NetStatus) error {
			return printNet(w, st, time.Now())
		})
	}
	cmd.AddCommand(netPingCommand(s), netWatchCommand(s))
	return cmd
}

// printNet prints a page: conclusions first, then what they rest on, then peers,
// then what to do.
func printNet(w io.Writer, st own.NetStatus, now time.Time) error {
	rows := page{w: w}
	rows.row("reachability", "%s, for %v", st.State, since(st.Since, now))
	rows.row("", "%s", st.Why)
	for i, a := range worthTelling(st.Addresses) {
		if i == 6 {
			break
		}
		rows.row("reach me at", "%s", a)
	}
	for _, o := range st.Observed {
		rows.row("seen at", "%s %s, by %s (port %d here)", o.Protocol, o.Address, count(o.Observers, "peer"), o.Port)
	}
	for _, t := range st.Tests {
		if !strings.Contains(t.Address, "/certhash/") {
			rows.row("tested", "%s: %s", t.Address, t.Verdict)
		}
	}
	rows.row("router's NAT", "%s for UDP, %s for TCP", natWords(st.NAT.UDP), natWords(st.NAT.TCP))
	for _, line := range mappingWords(st.Mapping) {
		rows.row("port mapping", "%s", line)
	}
	for _, line := range relayWords(st) {
		rows.row("relays", "%s", line)
	}
	rows.row("hole punches", "%s got through, %d did not, in %s", count(st.Punches.Succeeded, "peer"), st.Punches.Failed, tries(st.Punches.Tries))
	for _, f := range st.Punches.Last[:min(3, len(st.Punches.Last))] {
		rows.row("", "%s %v ago: %s", short(f.PeerID), since(f.Time, now), f.Why)
	}
	for _, x := range st.Waiting {
		rows.row("waiting", "%s", waitingWords(x, now))
	}
	rows.row("peers", "%d (%d outbound, %d inbound)", st.Inbound+st.Outbound, st.Outbound, st.Inbound)
	if err := printNetPeers(w, st.Peers); err != nil {
		return err
	}
	if len(st.Troubles) == 0 {
		_, err := fmt.Fprintln(w, "\nnothing is wrong")
		return err
	}
	for _, t := range st.Troubles {
		level := "wrong"
		if t.Minor {
			level = "could be better"
		}
		fmt.Fprintf(w, "\n%s: %s\n%*s: %s\n", level, t.Problem, len(level), "do", t.Remedy)
	}
	return nil
}

// page prints rows with a name before the first of several that share it.
type page struct {
	w    io.Writer
	last string
}

func (p *page) row(name, format string, args ...any) {
	shown := name
	if name == p.last {
		shown = ""
	} else if name != "" {
		p.last = name
	}
	fmt.Fprintf(p.w, "%-13s %s\n", shown, fmt.Sprintf(format, args...))
}

func since(unix int64, now time.Time) time.Duration {
	return max(0, now.Sub(time.Unix(unix, 0)).Round(time.Second))
}

func natWords(t string) string {
	switch t {
	case "endpoint-independent":
		return "one port for everybody (endpoint-independent: hole punching works)"
	case "symmetric":
		return "another port for each peer (symmetric: hole punching fails)"
	case "none":
		return "none"
	}
	return "not known yet"
}

func mappingWords(m own.NetMapping) []string {
	var lines []string
	for _, p := range m.Ports {
		if p.Address != "" {
			lines = append(lines, fmt.Sprintf("the router forwards %s %s to port %d here", p.Protocol, p.Address, p.Port))
		}
	}
	switch {
	case len(lines) > 0:
		return lines
	case !m.Enabled:
		return []string{"not asked for"}
	case m.Router:
		return []string{"a router was found and forwards nothing"}
	case m.Sought:
		return []string{"no router answered to UPnP, NAT-PMP or PCP"}
	}
	return []string{"looking for a router that does it"}
}

func relayWords(st own.NetStatus) []string {
	var lines []string
	for _, r := range st.Relays {
		line := fmt.Sprintf("%s at %s", short(r.PeerID), r.Address)
		if r.Expires > 0 {
			line += ", reserved until " + time.Unix(r.Expires, 0).Format(time.TimeOnly)
		}
		lines = append(lines, line)
	}
	for _, r := range st.Refusals[:min(3, len(st.Refusals))] {
		lines = append(lines, fmt.Sprintf("%s refused: %s", short(r.PeerID), r.Why))
	}
	if st.Relaying {
		lines = append(lines, "this node relays for others")
	}
	if len(lines) == 0 {
		lines = append(lines, "none in use")
	}
	return lines
}

func waitingWords(x own.NetWaiting, now time.Time) string {
	way := "to"
	if x.Inbound {
		way = "from"
	}
	s := fmt.Sprintf("for a direct connection %s %s (hole punching), now by relay %s; for %v, %v left; %s", way, short(x.PeerID), short(x.Relay),
		since(x.Since, now), max(0, time.Unix(x.Until, 0).Sub(now).Round(time.Second)), tries(x.Tries))
	if x.Last != "" {
		s += ", last " + x.Last
	}
	return s
}

func tries(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}

// printNetPeers sums the peers up by source and transport, and lists them.
func printNetPeers(w io.Writer, peers []own.NetPeer) error {
	if len(peers) == 0 {
		return nil
	}
	order := func(a, b own.NetPeer) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.Ping, b.Ping))
	}
	peers = slices.SortedFunc(slices.Values(peers), order)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nFOUND BY\tTRANSPORT\tPEERS\tPING (MEDIAN)")
	for i := 0; i < len(peers); {
		j := i
		for j < len(peers) && peers[j].Source == peers[i].Source && peers[j].Transport == peers[i].Transport {
			j++
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%s\n", peers[i].Source, peers[i].Transport, j-i, milliseconds(peers[(i+j-1)/2].Ping))
		i = j
	}
	fmt.Fprintln(tw, "\nPEER\tDIRECTION\tFOUND BY\tTRANSPORT\tPING\tADDRESS")
	for _, p := range peers {
		direction := "outbound"
		if p.Inbound {
			direction = "inbound"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", short(p.PeerID), direction, p.Source, p.Transport, milliseconds(p.Ping), p.Address)
	}
	return tw.Flush()
}

func milliseconds(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Microsecond).String()
}

func netPingCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ping PEER",
		Short: "Ping a peer, and say whether it is connected directly or over a relay",
		Long: "PEER is a peer's id, the end of a connected peer's id as `quern net` shows it, or a\n" +
			"multiaddr with /p2p/. A peer that is not connected is dialed for this, and parted from.",
		Args: cobra.ExactArgs(1),
	}
	asJSON := asJSON(cmd)
	times := cmd.Flags().Int("times", 4, "how often")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return show(s, cmd, *asJSON, "quern.net.ping", []any{args[0], *times}, printPing)
	}
	return cmd
}

func printPing(w io.Writer, p own.NetPing) error {
	for i, t := range p.Times {
		fmt.Fprintf(w, "%d: %s\n", i+1, milliseconds(t))
	}
	way := "directly over " + p.Transport
	if p.Relayed {
		way = "over a relay, not directly"
	}
	if p.Dialed {
		way += ", connected for this only"
	}
	fmt.Fprintf(w, "%s %s (%s)\n", short(p.PeerID), way, p.Address)
	fmt.Fprintf(w, "%d sent, %d came back", len(p.Times)+p.Lost, len(p.Times))
	if len(p.Times) > 0 {
		fmt.Fprintf(w, "; min/avg/max %s/%s/%s", milliseconds(p.Min), milliseconds(p.Avg), milliseconds(p.Max))
	}
	_, err := fmt.Fprintln(w)
	return err
}

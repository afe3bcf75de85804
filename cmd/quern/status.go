package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node/rpc/own"
)

func statusCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what the running node is doing",
		Args:  cobra.NoArgs,
	}
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return show(s, cmd, *asJSON, "quern.status", nil, func(w io.Writer, st own.Status) error {
			printStatus(w, st, time.Now())
			return nil
		})
	}
	return cmd
}

func printStatus(w io.Writer, st own.Status, now time.Time) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("node", "quern %s, up %v", st.Version, time.Duration(st.Uptime)*time.Second)
	row("swarm", "%s (rules of %s), kept in %s", st.Swarm, st.Chain, st.Folder)
	row("chain", "%s", chainWords(st, now))
	row("tip", "%s", st.Tip)
	row("peers", "%s", peersWords(st))
	for _, a := range worthTelling(st.Addresses) {
		row("", "reach me at %s", a)
	}
	row("mempool", "%d transactions, %d vB, least feerate %s sat/vB", st.Mempool.Count, st.Mempool.VSize, perVByte(st.Mempool.MinFee))
	row("mining", "%s", miningWords(st.Mining))
	row("wallet", "%s", walletWords(st.Wallet))
	for _, warning := range st.Warnings {
		row("WARNING", "%s", warning)
	}
}

func chainWords(st own.Status, now time.Time) string {
	age := max(0, now.Sub(time.Unix(int64(st.TipTime), 0)).Round(time.Second))
	if st.Syncing && st.PeerID != "" && st.Inbound+st.Outbound == 0 {
		return fmt.Sprintf("height %d, waiting for peers to compare it with", st.Height)
	}
	if st.Syncing {
		return fmt.Sprintf("syncing: block %d of %d known headers, %.1f %%", st.Height, st.Headers, 100*st.Progress)
	}
	if st.Height == 0 {
		return "height 0: only the genesis block so far"
	}
	return fmt.Sprintf("height %d, last block %v ago", st.Height, age)
}

func peersWords(st own.Status) string {
	switch {
	case st.PeerID == "":
		return "none: p2p.enabled is false"
	case st.Inbound+st.Outbound == 0:
		return "none yet: looking on the local network, in the DHT and at configured addresses; `quern net` says what was tried"
	}
	return fmt.Sprintf("%d (%d outbound, %d inbound)", st.Inbound+st.Outbound, st.Outbound, st.Inbound)
}

// worthTelling leaves out addresses that nobody would type: of transports for
// browsers, and loopback where there are others. --json has them all.
func worthTelling(addresses []string) []string {
	var near, far []string
	for _, a := range addresses {
		switch {
		case strings.Contains(a, "/certhash/"):
		case strings.HasPrefix(a, "/ip4/127."), strings.HasPrefix(a, "/ip6/::1/"):
			near = append(near, a)
		default:
			far = append(far, a)
		}
	}
	if len(far) > 0 {
		return far
	}
	return near
}

func miningWords(m own.MiningStatus) string {
	if m.Workers == 0 {
		return "off: start with `quern mine --workers 1`"
	}
	s := count(m.Workers, "worker")
	if m.Hashrate > 0 { // blocks may take too few hashes to tell
		s += ", " + hashrate(m.Hashrate)
	}
	s += fmt.Sprintf(", %s found", count(m.Blocks, "block"))
	if m.Error != "" {
		s += ", " + m.Error
	}
	return s
}

// count puts a noun behind a number.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func walletWords(w own.WalletStatus) string {
	switch {
	case !w.Exists:
		return "none: make one with `quern wallet create`"
	case !w.Synced:
		return fmt.Sprintf("reading the chain, at block %d", w.Height)
	}
	return "ready"
}

func hashrate(h float64) string {
	for _, unit := range []string{"H/s", "kH/s", "MH/s", "GH/s"} {
		if h < 1000 {
			return fmt.Sprintf("%.1f %s", h, unit)
		}
		h /= 1000
	}
	return fmt.Sprintf("%.1f TH/s", h)
}

// perVByte writes satoshis per 1000 virtual bytes as satoshis per one.
func perVByte(perKvB int64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%03d", perKvB/1000, perKvB%1000), "0"), ".")
}

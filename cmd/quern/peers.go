package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func peersCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "peers",
		Short: "List the peers of the running node; ban, protect or disconnect one",
		Long: "Lists the peers of the running node. The commands below take a peer's id, an end\n" +
			"of it as the list prints it, or a multiaddr that ends in it.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(banCommand(s), unbanCommand(s), bansCommand(s), protectCommand(s), unprotectCommand(s), disconnectCommand(s))
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return show(s, cmd, *asJSON, "getpeerinfo", nil, printPeers)
	}
	return cmd
}

// printPeers reads what the command shows of getpeerinfo's result; --json
// prints all of it.
func printPeers(w io.Writer, raw json.RawMessage) error {
	var peers []struct {
		Addr      string  `json:"addr"`
		PeerID    string  `json:"peer_id"`
		Source    string  `json:"source"`
		Inbound   bool    `json:"inbound"`
		SubVer    string  `json:"subver"`
		Height    int64   `json:"synced_headers"`
		PingTime  float64 `json:"pingtime"`
		ConnTime  int64   `json:"conntime"`
		Sent      uint64  `json:"bytessent"`
		Received  uint64  `json:"bytesrecv"`
		Protected bool    `json:"protected"`
	}
	if err := json.Unmarshal(raw, &peers); err != nil {
		return fmt.Errorf("answer to getpeerinfo: %w", err)
	}
	if len(peers) == 0 {
		_, err := fmt.Fprintln(w, "no peers; `quern status` says what the node is doing about it")
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PEER\tDIRECTION\tFOUND BY\tHEIGHT\tPING\tSENT\tRECEIVED\tSINCE\tAGENT\tADDRESS")
	for _, p := range peers {
		direction := "outbound"
		if p.Inbound {
			direction = "inbound"
		}
		if p.Protected {
			direction += ", protected"
		}
		ping := time.Duration(p.PingTime * float64(time.Second)).Round(100 * time.Microsecond)
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%v\t%d kB\t%d kB\t%s\t%s\t%s\n", short(p.PeerID), direction, p.Source, p.Height, ping,
			p.Sent/1000, p.Received/1000, time.Unix(p.ConnTime, 0).Format(time.TimeOnly), p.SubVer, p.Addr)
	}
	return tw.Flush()
}

// short is the end of a peer id, where ids differ.
func short(id string) string {
	if len(id) > 10 {
		return "…" + id[len(id)-8:]
	}
	return id
}

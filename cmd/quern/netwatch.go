package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quernnet/quern/node/rpc/own"
)

const (
	watchEvery  = time.Second
	watchRecent = 8 // changes shown below the page on a terminal
)

func netWatchCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Show how the network sees the running node, with changes as they come, until interrupted",
		Args:  cobra.NoArgs,
	}
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		w := watch{w: cmd.OutOrStdout(), json: *asJSON}
		if f, ok := w.w.(*os.File); ok && !w.json {
			w.terminal = term.IsTerminal(int(f.Fd()))
		}
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			var st own.NetStatus
			if err := s.call(cmd.Context(), "quern.net", nil, &st); err != nil {
				return errors.Join(err, cmd.Context().Err())
			}
			if err := w.take(st, time.Now()); err != nil {
				return err
			}
			select {
			case <-cmd.Context().Done():
				return nil
			case <-tick.C:
			}
		}
	}
	return cmd
}

// watch shows one state after the other: on a terminal the whole page each
// time, elsewhere a line a change, or with json a state a line when it changed.
type watch struct {
	w              io.Writer
	terminal, json bool
	last           *own.NetStatus
	recent         []string
}

func (x *watch) take(st own.NetStatus, now time.Time) error {
	news := netChanges(x.last, &st)
	x.last = &st
	stamp := now.Format(time.TimeOnly) + " "
	for i := range news {
		news[i] = stamp + news[i]
	}
	switch {
	case x.terminal:
		x.recent = append(x.recent, news...)
		x.recent = x.recent[max(0, len(x.recent)-watchRecent):]
		var b bytes.Buffer
		b.WriteString("\x1b[H\x1b[2J") // to the top, and clear
		if err := printNet(&b, st, now); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n%s\n", strings.Join(x.recent, "\n"))
		_, err := x.w.Write(b.Bytes())
		return err
	case len(news) == 0:
		return nil
	case x.json:
		return json.NewEncoder(x.w).Encode(st)
	}
	_, err := fmt.Fprintln(x.w, strings.Join(news, "\n"))
	return err
}

// netChanges words what differs between two states; old is nil at the start.
func netChanges(old, st *own.NetStatus) []string {
	var news []string
	say := func(format string, args ...any) { news = append(news, fmt.Sprintf(format, args...)) }
	if old == nil {
		say("%s: %s", st.State, st.Why)
		say("%s", count(len(st.Peers), "peer"))
		old = &own.NetStatus{State: st.State, Why: st.Why, Active: st.Active, NAT: st.NAT, Peers: st.Peers}
	} else if old.State != st.State || old.Why != st.Why {
		say("%s: %s", st.State, st.Why)
	}
	if old.Active != st.Active {
		say("network switched on: %v", st.Active)
	}
	if old.NAT != st.NAT {
		say("router's NAT: UDP %s, TCP %s", st.NAT.UDP, st.NAT.TCP)
	}
	came, went := differ(old.Observed, st.Observed, func(o own.NetSeen) string { return o.Protocol + " " + o.Address })
	for _, o := range came {
		say("seen at %s %s", o.Protocol, o.Address)
	}
	for _, o := range went {
		say("no longer seen at %s %s", o.Protocol, o.Address)
	}
	mapped, unmapped := differ(old.Mapping.Ports, st.Mapping.Ports, func(p own.NetPort) string { return p.Protocol + p.Address })
	for _, p := range mapped {
		if p.Address != "" {
			say("router forwards %s %s", p.Protocol, p.Address)
		}
	}
	for _, p := range unmapped {
		if p.Address != "" {
			say("router no longer forwards %s %s", p.Protocol, p.Address)
		}
	}
	news = append(news, peerChanges(old, st)...)
	// Behind a colon stand numbers and reasons, which change all the time.
	trouble, solved := differ(old.Troubles, st.Troubles, func(t own.NetTrouble) string {
		problem, _, _ := strings.Cut(t.Problem, ":")
		return problem
	})
	for _, t := range trouble {
		say("wrong: %s; do: %s", t.Problem, t.Remedy)
	}
	for _, t := range solved {
		say("no longer: %s", t.Problem)
	}
	return news
}

// peerChanges words what differs in relays, waiting peers and peers.
func peerChanges(old, st *own.NetStatus) []string {
	var news []string
	say := func(format string, args ...any) { news = append(news, fmt.Sprintf(format, args...)) }
	relays, lost := differ(old.Relays, st.Relays, func(r own.NetRelay) string { return r.PeerID })
	for _, r := range relays {
		say("relay %s keeps a reservation", short(r.PeerID))
	}
	for _, r := range lost {
		say("relay %s lost", short(r.PeerID))
	}
	if old.Relaying != st.Relaying {
		say("relaying for others: %v", st.Relaying)
	}
	waits, ended := differ(old.Waiting, st.Waiting, func(x own.NetWaiting) string { return x.PeerID })
	for _, x := range waits {
		say("%s connected by relay %s, waiting for a direct connection", short(x.PeerID), short(x.Relay))
	}
	joined, left := differ(old.Peers, st.Peers, func(p own.NetPeer) string { return p.PeerID + p.Transport })
	for _, x := range ended {
		if !slices.ContainsFunc(joined, func(p own.NetPeer) bool { return p.PeerID == x.PeerID }) {
			end := "no direct connection"
			if x.Last != "" {
				end += ", last try " + x.Last
			}
			say("%s no longer waits: %s", short(x.PeerID), end)
		}
	}
	for _, p := range joined {
		say("peer %s joined over %s (%s)", short(p.PeerID), p.Transport, p.Source)
	}
	for _, p := range left {
		say("peer %s over %s left", short(p.PeerID), p.Transport)
	}
	return news
}

// differ returns what is only in b, and what is only in a, told by their keys.
func differ[T any](a, b []T, key func(T) string) (came, went []T) {
	in := func(list []T, x T) bool {
		return slices.ContainsFunc(list, func(y T) bool { return key(x) == key(y) })
	}
	for _, x := range b {
		if !in(a, x) {
			came = append(came, x)
		}
	}
	for _, x := range a {
		if !in(b, x) {
			went = append(went, x)
		}
	}
	return came, went
}

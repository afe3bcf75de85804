package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/node/rpc/own"
)

// Pages of `quern net` as they are printed: testdata/net holds states and what a
// reader is to see. QUERN_UPDATE=1 writes the pages anew, to be read before they
// are committed.
func TestNetPages(t *testing.T) {
	files, err := filepath.Glob("testdata/net/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no states: %v", err)
	}
	t.Setenv("TZ", "UTC")
	time.Local = time.UTC
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var st own.NetStatus
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&st); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := printNet(&got, st, time.Unix(1_795_533_700, 0)); err != nil {
				t.Fatal(err)
			}
			page := strings.TrimSuffix(file, ".json") + ".txt"
			if os.Getenv("QUERN_UPDATE") == "1" {
				if err := os.WriteFile(page, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}

// What changes is told once, and what stays is not told again.
func TestNetChanges(t *testing.T) {
	old := own.NetStatus{
		State: "unknown", Why: "asking", Active: true, NAT: own.NetNAT{UDP: "unknown", TCP: "unknown"},
		Peers:   []own.NetPeer{{PeerID: "stays", Transport: "tcp"}, {PeerID: "leaves", Transport: "tcp"}},
		Waiting: []own.NetWaiting{{PeerID: "joins", Relay: "relay"}, {PeerID: "in vain", Relay: "relay", Last: "failed: no answer"}},
		Mapping: own.NetMapping{Ports: []own.NetPort{{Protocol: "tcp", Port: 1}}},
	}
	if got := netChanges(nil, &old); !slices.Contains(got, "unknown: asking") || !slices.Contains(got, "2 peers") {
		t.Errorf("at the start: %q", got)
	}
	if got := netChanges(&old, &old); len(got) != 0 {
		t.Errorf("nothing changed: %q", got)
	}
	st := old
	st.State, st.Why, st.NAT.UDP = "hole-punchable", "because", "endpoint-independent"
	st.Peers = []own.NetPeer{{PeerID: "stays", Transport: "tcp"}, {PeerID: "joins", Transport: "quic", Source: "dht"}}
	st.Waiting = []own.NetWaiting{{PeerID: "new", Relay: "relay"}}
	st.Relays = []own.NetRelay{{PeerID: "relay"}}
	st.Mapping = own.NetMapping{Ports: []own.NetPort{{Protocol: "tcp", Port: 1, Address: "11.1.0.1:1"}}}
	st.Observed = []own.NetSeen{{Protocol: "udp", Address: "11.1.0.1:1"}}
	st.Troubles = []own.NetTrouble{{Problem: "this", Remedy: "that"}}
	want := []string{
		"hole-punchable: because",
		"router's NAT: UDP endpoint-independent, TCP unknown",
		"seen at udp 11.1.0.1:1",
		"router forwards tcp 11.1.0.1:1",
		"relay relay keeps a reservation",
		"new connected by relay relay, waiting for a direct connection",
		"in vain no longer waits: no direct connection, last try failed: no answer",
		"peer joins joined over quic (dht)",
		"peer leaves over tcp left",
		"wrong: this; do: that",
	}
	if got := netChanges(&old, &st); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	back := netChanges(&st, &old)
	for _, want := range []string{"no longer seen at udp 11.1.0.1:1", "router no longer forwards tcp 11.1.0.1:1", "relay relay lost", "no longer: this"} {
		if !slices.Contains(back, want) {
			t.Errorf("%q is not in %q", want, back)
		}
	}
}

// Off a terminal a watcher prints a line a change; as JSON a state a line.
func TestNetWatch(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.Local)
	var out bytes.Buffer
	w := watch{w: &out}
	st := own.NetStatus{State: "alone", Why: "nobody there"}
	for range 3 {
		if err := w.take(st, at); err != nil {
			t.Fatal(err)
		}
	}
	st.State, st.Why = "public", "somebody there"
	if err := w.take(st, at); err != nil {
		t.Fatal(err)
	}
	const want = "12:00:00 alone: nobody there\n12:00:00 0 peers\n12:00:00 public: somebody there\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
	out.Reset()
	w = watch{w: &out, json: true}
	for range 3 {
		if err := w.take(st, at); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines of JSON: %s", n, out.String())
	}
	out.Reset()
	w = watch{w: &out, terminal: true}
	for range 2 {
		if err := w.take(st, at); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(out.String(), "\x1b[H\x1b[2J"); n != 2 || strings.Count(out.String(), "12:00:00 public") != 2 {
		t.Errorf("on a terminal: %q", out.String())
	}
}

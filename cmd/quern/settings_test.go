package main

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/rpc/own"
)

// load runs one command line's worth of settings in an empty data folder.
func load(t *testing.T, file string, args ...string) (node.Config, error) {
	t.Helper()
	dir := t.TempDir()
	if file != "" {
		path := filepath.Join(dir, configName)
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fs := pflag.NewFlagSet("quern", pflag.ContinueOnError)
	s := addSettings(fs)
	if err := fs.Parse(append([]string{"--datadir", dir}, args...)); err != nil {
		t.Fatal(err)
	}
	c, _, err := s.load()
	return c, err
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	get := func(file string, args ...string) int {
		c, err := load(t, file, args...)
		if err != nil {
			t.Fatal(err)
		}
		return c.P2P.MaxPeers
	}
	const file = "[p2p]\nmax_peers = 2\n"
	if got := get(""); got != 125 {
		t.Errorf("default %d", got)
	}
	if got := get(file); got != 2 {
		t.Errorf("file %d", got)
	}
	t.Setenv("QUERN_P2P_MAX_PEERS", "3")
	if got := get(file); got != 3 {
		t.Errorf("environment %d", got)
	}
	if got := get(file, "--p2p.max_peers", "4"); got != 4 {
		t.Errorf("flag %d", got)
	}
}

// A list is text with commas; one whose items have commas is written as in the file.
func TestListsOnTheCommandLine(t *testing.T) {
	for arg, want := range map[string][]string{
		"":                                 {},
		"ann:help":                         {"ann:help"},
		"ann:help, bob:stop":               {"ann:help", "bob:stop"},
		`["ann:help,stop", 'bob:uptime,']`: {"ann:help,stop", "bob:uptime,"},
		"[]":                               {},
	} {
		c, err := load(t, "", "--rpc.whitelist="+arg)
		if err != nil || !slices.Equal(c.RPC.Whitelist, want) {
			t.Errorf("%s: %q, %v", arg, c.RPC.Whitelist, err)
		}
	}
	for _, arg := range []string{"[", `["ann:help"`, "[1]", `["a"] x = 1`} {
		if c, err := load(t, "", "--rpc.whitelist="+arg); err == nil {
			t.Errorf("%s: %q", arg, c.RPC.Whitelist)
		}
	}
}

// A list that is given several times has the items of all.
func TestListsGivenAgain(t *testing.T) {
	c, err := load(t, "", "--rpc.auth=ann:1$2", "--rpc.whitelist", `["ann:help,stop"]`, "--rpc.auth", "bob:3$4", "--rpc.whitelist=bob:uptime")
	if err != nil || !slices.Equal(c.RPC.Auth, []string{"ann:1$2", "bob:3$4"}) || !slices.Equal(c.RPC.Whitelist, []string{"ann:help,stop", "bob:uptime"}) {
		t.Fatalf("%q, %q, %v", c.RPC.Auth, c.RPC.Whitelist, err)
	}
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		name, file, arg, want string
	}{
		{"unknown key", "[p2p]\nlistn = []", "", "unknown key p2p.listn, did you mean p2p.listen?"},
		{"unknown table", "[rcp]\nlisten = ''", "", "unknown key rcp.listen, did you mean rpc.listen?"},
		{"no TOML", "chain = regtest", "", "quern.toml:1:"},
		{"word for a number", "[p2p]\nmax_peers = 'many'", "", `p2p.max_peers: "many" is not a whole number`},
		{"number for a word", "chain = 7", "", "chain: 7 is not a string"},
		{"number for a switch", "[rpc]\nenabled = 1", "", "rpc.enabled: 1 is not a bool"},
		{"list of numbers", "[p2p]\npeers = [1]", "", "p2p.peers: 1 is not a string"},
		{"table for a value", "[chain]\nname = 'x'", "", "chain: map[name:x] is not a string"},
		{"value for a table", "p2p = 1", "", "p2p is a table, not a value: write [p2p] and below it enabled = …"},
		{"no block id", "[consensus]\nassume_valid = 'yes'", "", `consensus.assume_valid: hash "yes" has 3 characters`},
		{"unknown chain", "", "--chain=dogecoin", `chain: `},
		{"bad swarm", "", "--swarm=../etc", "is no swarm name"},
		{"size without number", "", "--datastore.cache=lots", `"lots" is not a size`},
		{"size with odd unit", "", "--datastore.cache=64 stone", "no unit that is known"},
		{"size too small", "", "--datastore.cache=1KiB", "use at least 1 MiB"},
		{"RPC for everybody", "", "--rpc.listen=0.0.0.0:8332", "would offer the wallet to the network"},
		{"RPC without port", "", "--rpc.listen=127.0.0.1", "is not host:port"},
		{"half a login", "", "--rpc.user=alice", "set both"},
		{"log level", "", "--log.level=loud", `"loud" is not debug`},
		{"log subsystem", "", "--log.levels=disk=debug", `no subsystem "disk"`},
		{"nobody looked for", "", "--p2p.outbound=0", "p2p.outbound: 0 is not a number of peers"},
		{"no connection of an address", "", "--p2p.per_ip=0", "p2p.per_ip: 0 connections are too few"},
		{"public DHT", "", "--p2p.public_dht=maybe", `p2p.public_dht: "maybe" is none of on, off and auto`},
		{"public and private", "[p2p]\npublic = true", "--p2p.private", "p2p.public: "},
		{"duration", "", "--mempool.expiry=soon", `"soon" is not a time`},
		{"height", "[rules]\nsegwit = -2", "--chain=regtest", "rules.segwit: -2 is not a height"},
		{"rules of main", "[rules]\nsegwit = 5", "--chain=main", "rules"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var args []string
			if c.arg != "" {
				args = append(args, c.arg)
			}
			if _, err := load(t, c.file, args...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestEveryKeyThroughEveryDoor sets each key to its default through the file,
// the environment and a flag: no type is forgotten.
func TestEveryKeyThroughEveryDoor(t *testing.T) {
	want := node.Defaults()
	file := writeTOML(want)
	got := node.Defaults()
	for _, k := range keys {
		k.field(&got).SetZero()
	}
	if err := applyTOML(&got, "defaults", []byte(file)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the file of the defaults reads as\n%+v\nwant\n%+v", got, want)
	}
	for _, k := range keys {
		text := strings.Trim(tomlText(k.field(&want).Interface()), `"[]{}`)
		if err := k.set(&got, text); err != nil {
			t.Errorf("%s from text %q: %v", k.name, text, err)
		}
		if k.help == "" {
			t.Errorf("%s has no help", k.name)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the defaults as text read as\n%+v\nwant\n%+v", got, want)
	}
}

func TestExampleEqualsDefaults(t *testing.T) {
	path := filepath.Join("..", "..", "config.example.toml")
	want := writeTOML(node.Defaults())
	if os.Getenv("QUERN_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("config.example.toml differs from the defaults: run QUERN_UPDATE=1 go test ./cmd/quern -run Example")
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1e8, "0.5": 5e7, ".5": 5e7, "0.00000001": 1, "21000000": 21e14, "1200sat": 1200,
		"0": 0, "": 0, "-1": 0, "1.000000001": 0, "1e3": 0, "sat": 0, "1.2.3": 0, "+1": 0,
	} {
		got, err := parseAmount(text)
		if (err == nil) != (want != 0) || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for rate, want := range map[float64]int64{1: 1000, 2.5: 2500, 0.001: 1, 0.0001: 0, 0: 0, -1: 0, 1e300: 0, math.NaN(): 0, math.Inf(1): 0} {
		got, err := parseFeerate(rate)
		if (err == nil) != (want != 0) || got != want {
			t.Errorf("feerate %v is %d, %v; want %d", rate, got, err, want)
		}
	}
	if got := amount(-150_000_001); got != "-1.50000001" {
		t.Errorf("amount %s", got)
	}
}

// A block may be stamped up to two hours ahead, and is on chains mined fast.
func TestStatusOfABlockFromTheFuture(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	st := own.Status{Height: 7, TipTime: uint32(now.Unix()) + 14}
	if got, want := chainWords(st, now), "height 7, last block 0s ago"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSwarmsOwnSettings lets each layer speak of a swarm that has settings of its own.
func TestSwarmsOwnSettings(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		configName:          "chain = 'commons'\nswarm = 'acme'\n[p2p]\nmax_peers = 2\noutbound = 3\nper_ip = 4\nmdns = false\n[rules]\nbip34 = 9\n",
		"acme/" + swarmFile: "chain = 'regtest'\n[rules]\nsegwit = 3\nbip34 = -1\n[p2p]\noutbound = 5\nper_ip = 6\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	get := func(args ...string) (node.Config, []string, error) {
		fs := pflag.NewFlagSet("quern", pflag.ContinueOnError)
		s := addSettings(fs)
		if err := fs.Parse(append([]string{"--datadir", dir}, args...)); err != nil {
			t.Fatal(err)
		}
		return s.load()
	}
	c, files, err := get("--p2p.per_ip", "7")
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	if c.Chain != "regtest" || c.Swarm != "acme" || c.DataDir != dir || c.Rules.Segwit != 3 || c.Rules.BIP34 != -1 ||
		c.P2P.MaxPeers != 2 || c.P2P.MDNS || c.P2P.Outbound != 5 || c.P2P.PerIP != 7 {
		t.Errorf("%+v", c)
	}
	if c, files, err := get("--swarm", "other"); err != nil || len(files) != 1 || c.Chain != "commons" || c.P2P.Outbound != 3 {
		t.Errorf("another swarm: %+v, %q, %v", c, files, err)
	}
	for _, same := range []string{"3", "4"} {
		t.Setenv("QUERN_RULES_SEGWIT", same)
		_, _, err := get()
		if same == "3" && err != nil {
			t.Error(err)
		}
		if want := "environment QUERN_RULES_SEGWIT would change the rules of the swarm acme"; same == "4" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

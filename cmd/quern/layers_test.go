package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms lists what each package must not import, of this module, besides what
// it is for. An import points one way only: cmd → node → node/* → {chain,
// datastore, gossip} and chain → consensus → {script, wire} → work.
var rooms = []struct{ pkg, allowed string }{
	{"work", ""},
	{"work/miner", "work"},
	{"work/miner/rate", "work work/miner"},
	{"consensus/wire", ""},
	{"consensus/secp", ""},
	{"consensus/siphash", ""},
	{"consensus/script", "consensus/wire consensus/secp"},
	{"consensus", "consensus/wire consensus/script consensus/secp work"},
	{"consensus/chain", "consensus consensus/coinset consensus/wire consensus/script consensus/secp work"},
	{"gossip", "gossip/swarm consensus/wire"},
	{"gossip/swarm", ""},
	{"gossip/relay", "consensus/siphash consensus/wire"},
	{"datastore/failpoint", ""},
	{"node/syncer", "consensus consensus/wire work"},
	{"node/syncer/presync", "consensus consensus/wire work"},
	{"node/mempool", "consensus consensus/chain consensus/wire consensus/script work"},
	{"node/mining", "consensus consensus/wire consensus/script consensus/chain work work/miner node/mempool"},
	{"node/musig", "consensus/secp"},
	{"node/signing", "consensus consensus/wire consensus/script consensus/secp node/miniscript node/musig"},
	{"node/spending", "consensus consensus/script consensus/wire"},
	{"node/psbt", "consensus consensus/wire consensus/script node/signing"},
	{"node/fees", "consensus consensus/wire node/mempool"},
	{"node/address", "consensus consensus/script"},
	{"node/keys", "consensus consensus/wire node/address"},
	{"node/miniscript", "consensus/script"},
	{"node/descriptor", "consensus consensus/script consensus/secp consensus/wire node/address node/keys node/miniscript node/musig node/signing"},
	{"node/wallet", "consensus consensus/chain consensus/wire consensus/script work datastore/failpoint node/address node/descriptor node/keys node/mempool node/musig node/signing node/spending"},
	{"node/peering", "consensus consensus/chain consensus/wire work gossip gossip/relay node/mempool node/syncer node/syncer/presync"},
	{"node/rest", "consensus consensus/chain consensus/wire node/index node/index/gcs node/mempool node/rpc/view"},
	{"node/zmq", "consensus consensus/chain consensus/wire node/mempool node/zmq/zmtp work"},
	{"node/zmq/zmtp", ""},
	{"node/invite", ""},
	{"node/alarm", "consensus consensus/chain consensus/wire node/mempool"},
	{"node/blockfile", "consensus/wire"},
	{"node/snapshot", "consensus consensus/wire"},
	{"node/index", "consensus consensus/chain consensus/coinset consensus/script consensus/siphash consensus/wire node/index/gcs"},
	{"node/index/gcs", "consensus consensus/siphash consensus/wire"},
	{"node/bench", "consensus consensus/chain consensus/wire consensus/script consensus/secp datastore work node/bench/payments node/mempool node/mining"},
	{"node/bench/rpcload", "consensus/wire"},
	{"node/bench/payments", "consensus consensus/wire work node/blockfile"},
	{"cmd/nattest", "node/rpc node/rpc/own"},                                                                              // it knows the binary from outside
	{"cmd/killtest", "consensus/wire consensus/chain/chaintest datastore/failpoint node/rpc node/rpc/own node/rpc/table"}, // so does this
	{"node/sim/attack", "consensus consensus/chain consensus/wire work gossip gossip/relay node/mempool node/sim node/peering"},
	{"node/rpc/table", "consensus consensus/wire"},
	{"node/rpc/own", ""},
	{"node/rpc/plainhttp", ""},
	{"node/rpc/view", "consensus consensus/chain consensus/script consensus/secp consensus/wire node/address node/mempool node/descriptor work"},
	// A category of methods never imports another, but for quern's own.
	{"node/rpc/chainrpc", "consensus consensus/chain consensus/coinset consensus/script consensus/wire node/mempool node/mining node/descriptor node/rpc/table node/rpc/view node/index node/index/gcs node/rpc/txargs node/snapshot"},
	{"node/rpc/txargs", "consensus consensus/script consensus/wire node/address node/descriptor node/keys node/rpc/table node/rpc/view node/signing"},
	{"node/rpc/txrpc", "consensus consensus/chain consensus/script consensus/wire node/address node/descriptor node/keys node/mempool node/psbt node/rpc/table node/rpc/txargs node/rpc/view node/signing node/index"},
	{"node/rpc/poolrpc", "consensus consensus/script consensus/wire node/mempool node/rpc/table node/rpc/view node/index node/rpc/txargs"},
	{"node/rpc/minerpc", "consensus consensus/chain consensus/script consensus/wire node/address node/mempool node/mining node/descriptor node/rpc/table node/rpc/view work"},
	{"node/rpc/netrpc", "consensus consensus/chain consensus/wire gossip node/mempool node/peering node/rpc/own node/rpc/table node/rpc/view"},
	{"node/rpc/utilrpc", "consensus consensus/script node/address node/descriptor node/fees node/keys node/mempool node/rpc/table node/rpc/view node/signing node/index"},
	{"node/rpc/controlrpc", "consensus node/rpc/table"},
	{"node/rpc/quernrpc", "consensus gossip node/address node/invite node/mempool node/mining node/rpc/netrpc node/rpc/own node/rpc/table node/rpc/view"},
	{"node/rpc/walletrpc", "consensus consensus/chain consensus/script consensus/wire node/address node/descriptor node/keys node/mempool node/psbt node/rpc/own node/rpc/table node/rpc/txargs node/rpc/view node/signing node/spending node/wallet"},
	{"node/sim", "consensus consensus/chain consensus/wire consensus/script work gossip node/mempool node/mining node/peering"},
}

func TestImportsPointOneWay(t *testing.T) {
	const module = "github.com/quernnet/quern/"
	args := []string{"list", "-f", `{{.ImportPath}} {{join .Imports " "}}`}
	allowed := make(map[string][]string)
	for _, r := range rooms {
		args = append(args, module+r.pkg)
		allowed[r.pkg] = strings.Fields(r.allowed)
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		pkg := strings.TrimPrefix(path, module)
		seen++
		for _, imp := range strings.Fields(imports) {
			rel, ours := strings.CutPrefix(imp, module)
			if ours && !slices.Contains(allowed[pkg], rel) {
				t.Errorf("%s imports %s, which is not below it", pkg, rel)
			}
		}
	}
	if seen != len(rooms) {
		t.Errorf("%d packages are listed, %d have rooms", seen, len(rooms))
	}
}

// TestRulesReachNoDisk walks what the rules depend on in the end.
func TestRulesReachNoDisk(t *testing.T) {
	const module = "github.com/quernnet/quern/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"consensus/chain").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		dep = strings.TrimSpace(dep)
		for _, never := range []string{module + "datastore", module + "gossip", module + "node", "github.com/cockroachdb/pebble", "github.com/libp2p/go-libp2p"} {
			if strings.HasPrefix(dep, never) {
				t.Errorf("consensus/chain depends on %s", dep)
			}
		}
	}
}

// TestProductHasNoSimulation keeps the simulation, and what it is made of, out
// of the command. Of others' packages kad-dht imports testing, to ask whether it
// is being tested; none of ours may.
func TestProductHasNoSimulation(t *testing.T) {
	const module = "github.com/quernnet/quern/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"cmd/quern").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, never := range []string{module + "node/sim", module + "cmd/sim", "testing/synctest", "github.com/marcopolo/simnet", "github.com/libp2p/go-libp2p/x/simlibp2p"} {
			if pkg == never {
				t.Errorf("cmd/quern depends on %s", pkg)
			}
		}
		if strings.HasPrefix(pkg, module) && slices.Contains(strings.Fields(imports), "testing") {
			t.Errorf("%s, which cmd/quern depends on, imports testing", pkg)
		}
	}
}

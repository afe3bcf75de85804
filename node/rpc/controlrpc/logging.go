package controlrpc

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/quernnet/quern/node/rpc/table"
)

// Logs are the node's loggers, one a subsystem.
type Logs interface {
	Debugging(sys string) bool
	Debug(sys string, on bool)
}

// categories are Core's names of what may be logged, with the subsystem of
// Quern that has it. A subsystem says more while any of its categories is on.
var categories = map[string]string{
	"addrman": "p2p", "bench": "node", "blockstorage": "store", "cmpctblock": "sync", "coindb": "store", "estimatefee": "mempool",
	"http": "rpc", "i2p": "libp2p", "ipc": "node", "kernel": "chain", "leveldb": "store", "mempool": "mempool", "mempoolrej": "mempool",
	"net": "p2p", "privatebroadcast": "p2p", "proxy": "libp2p", "prune": "store", "qt": "node", "rand": "node", "reindex": "store",
	"rpc": "rpc", "scan": "wallet", "selectcoins": "wallet", "tor": "libp2p", "txpackages": "mempool", "txreconciliation": "sync",
	"validation": "chain", "walletdb": "wallet", "zmq": "zmq",
}

// logging is which categories are on. mu guards it.
type logging struct {
	mu sync.Mutex
	on map[string]bool // nil: as the configuration has it
}

func (n *node) loggingMethods() []table.Method {
	return []table.Method{{
		Name: "logging", Category: "control",
		About: "Gets and sets what is logged in detail.\n" +
			"When called without an argument, returns the list of categories with status that are currently being debug logged or not.\n" +
			"When called with arguments, adds or removes categories from debug logging and return the lists above.\n" +
			"The arguments are evaluated in order \"include\", \"exclude\".\n" +
			"If an item is both included and excluded, it will thus end up being excluded.\n" +
			"The valid logging categories are: " + strings.Join(slices.Sorted(maps.Keys(categories)), ", ") + "\n" +
			"In addition, the following are available as category names with special meanings:\n" +
			"  - \"all\",  \"1\" : represent all logging categories.\n" +
			"Several categories belong to one subsystem of Quern, which says more while any of them is on.",
		Args: []table.Arg{
			{Name: "include", Kind: table.Array, About: "The categories to add to debug logging", Fields: []table.Arg{
				{Name: "include_category", Kind: table.Text, About: "the valid logging category"},
			}},
			{Name: "exclude", Kind: table.Array, About: "The categories to remove from debug logging", Fields: []table.Arg{
				{Name: "exclude_category", Kind: table.Text, About: "the valid logging category"},
			}},
		},
		Results: []table.Shape{table.Dict("", "keys are the logging categories, and values indicates its status",
			table.Bool("category", "if being debug logged or not. false:inactive, true:active"))},
		Examples: table.Both("logging", `"[\"all\"]" "[\"http\"]"`, `["all"], ["leveldb"]`),
		Call:     n.setLogging,
	}}
}

func (n *node) setLogging(_ context.Context, a table.Args) (any, error) {
	n.logs.mu.Lock()
	defer n.logs.mu.Unlock()
	if n.logs.on == nil {
		n.logs.on = make(map[string]bool)
		for category, sys := range categories {
			n.logs.on[category] = n.Logs.Debugging(sys)
		}
	}
	for i, on := range []bool{true, false} {
		for _, raw := range a.List(i) {
			if err := n.logs.set(raw, on); err != nil {
				return nil, err
			}
		}
		n.applyLogging(a.Given(i))
	}
	return maps.Clone(n.logs.on), nil
}

// set switches a category, or all. mu is held.
func (l *logging) set(raw json.RawMessage, on bool) error {
	var name string
	if json.Unmarshal(raw, &name) != nil || raw[0] != '"' {
		return table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
	}
	_, known := categories[name]
	switch {
	case name == "all", name == "1", name == "":
		for category := range categories {
			l.on[category] = on
		}
	case known:
		l.on[name] = on
	case name == "libevent": // what bitcoind's HTTP server was made of: it still takes the name, too
	default:
		return table.Errorf(table.CodeInvalid, "unknown logging category %s", name)
	}
	return nil
}

// applyLogging tells the loggers. mu is held.
func (n *node) applyLogging(changed bool) {
	if !changed {
		return
	}
	detailed := make(map[string]bool)
	for category, sys := range categories {
		detailed[sys] = detailed[sys] || n.logs.on[category]
	}
	for sys, on := range detailed {
		n.Logs.Debug(sys, on)
	}
}

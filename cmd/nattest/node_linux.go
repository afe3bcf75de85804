package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quernnet/quern/node/rpc"
	"github.com/quernnet/quern/node/rpc/own"
)

// node is one quern process in a namespace, with the flags that a user would
// type. Its RPC port and cookie are the usual ones: each namespace has a
// loopback of its own.
type node struct {
	at    *namespace
	w     *world
	name  string
	chain string
	swarm string
	dir   string
	args  []string
	web   *http.Client // from inside
	id    string       // peer id, known once it has run

	mu   sync.Mutex
	proc *process // the latest; nil before the first start
}

// rpcPort is the usual one of regtest, and of commons, which has regtest's.
const rpcPort = 18443

// p2pPort is the usual one of regtest.
const p2pPort = 18444

// password of all wallets here.
const password = "nattest"

const (
	startTime = 2 * time.Minute
	closeTime = time.Minute
)

// node prepares a node; nothing runs yet.
func (w *world) node(at *namespace, name, chain string, flags ...string) (*node, error) {
	dir := filepath.Join(w.dir, w.name, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	n := &node{at: at, w: w, name: name, chain: chain, swarm: chain, dir: dir}
	if chain == "regtest" {
		n.swarm = "nattest" // the swarm regtest finds nobody by itself
	}
	n.args = slices.Concat([]string{"--datadir", dir, "--chain", chain, "--swarm", n.swarm}, flags, w.flags)
	n.web = &http.Client{Transport: &http.Transport{DialContext: at.dial, DisableKeepAlives: true}, Timeout: time.Minute}
	w.mu.Lock()
	w.nodes = append(w.nodes, n)
	w.mu.Unlock()
	return n, nil
}

// errKilled is why a start fails when the node is killed meanwhile.
var errKilled = errors.New("killed while starting")

// start runs it and waits until it answers.
func (n *node) start(ctx context.Context) error {
	p, err := n.at.start(ctx, n.name, filepath.Join(n.dir, "log"), n.w.bin, append([]string{"run"}, n.args...)...)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.proc = p
	n.mu.Unlock()
	n.w.say("%s runs as process %d", n.name, p.pid)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		st, err := n.status(ctx)
		if err == nil && st.PeerID != "" {
			n.id = st.PeerID
			return nil
		}
		select {
		case <-p.ended:
			if p.killed.Load() {
				return errKilled
			}
			return fmt.Errorf("%s ended at its start: %w\n%s", n.name, p.err, p.tail(2000))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", n.name, errors.Join(context.Cause(ctx), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// kill ends the process at once, as a power cut would, and tells whether it was
// still running.
func (n *node) kill() bool {
	n.mu.Lock()
	p, ran := n.proc, n.proc.running()
	n.mu.Unlock()
	p.kill()
	return ran
}

// call invokes an RPC method of the running node. The cookie is read each time:
// it is another after each start.
func (n *node) call(ctx context.Context, method string, result any, params ...any) error {
	client := rpc.Client{URL: fmt.Sprintf("http://127.0.0.1:%d", rpcPort), HTTP: n.web}
	if err := client.ReadCookie(filepath.Join(n.dir, n.swarm)); err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}
	if params == nil {
		params = []any{}
	}
	if err := client.Call(ctx, method, params, result); err != nil {
		return fmt.Errorf("%s: %s: %w", n.name, method, err)
	}
	return nil
}

// quern runs a command of the real binary beside the node, as its user would,
// and returns what it prints.
func (n *node) quern(ctx context.Context, args ...string) (out string, err error) {
	args = append([]string{"netns", "exec", n.at.name, "env", "QUERN_WALLET_PASSWORD=" + password, n.w.bin}, append(args, n.args...)...)
	out, err = command(ctx, "", "ip", args...)
	return strings.TrimSpace(out), err
}

func (n *node) status(ctx context.Context) (st own.Status, err error) {
	err = n.call(ctx, "quern.status", &st)
	return st, err
}

// net is what `quern net --json` prints.
func (n *node) net(ctx context.Context) (st own.NetStatus, err error) {
	err = n.call(ctx, "quern.net", &st)
	return st, err
}

// says tells whether the node says of itself that it can be reached in one of
// these ways.
func (n *node) says(ctx context.Context, states ...string) bool {
	st, err := n.net(ctx)
	return err == nil && slices.Contains(states, st.State)
}

// waitsFor tells whether the node has another by relay alone, and waits for a
// direct connection.
func (n *node) waitsFor(ctx context.Context, to *node) bool {
	st, err := n.net(ctx)
	return err == nil && slices.ContainsFunc(st.Waiting, func(w own.NetWaiting) bool { return w.PeerID == to.id })
}

func (n *node) peers(ctx context.Context) (list []peerState, err error) {
	err = n.call(ctx, "getpeerinfo", &list)
	return list, err
}

func (n *node) coins(ctx context.Context) (c coinSet, err error) {
	err = n.call(ctx, "gettxoutsetinfo", &c)
	return c, err
}

// tip is the id of its best block, "" while it does not answer.
func (n *node) tip(ctx context.Context) string {
	var id string
	if err := n.call(ctx, "getbestblockhash", &id); err != nil {
		return ""
	}
	return id
}

// connected tells whether the node has another for a peer.
func (n *node) connected(ctx context.Context, to *node) bool {
	list, err := n.peers(ctx)
	return err == nil && slices.ContainsFunc(list, func(p peerState) bool { return p.PeerID == to.id })
}

// direct tells whether the node is connected to another by a transport and
// through nobody.
func (n *node) direct(ctx context.Context, to *node, transport string) bool {
	list, err := n.peers(ctx)
	return err == nil && slices.ContainsFunc(list, func(p peerState) bool {
		return p.PeerID == to.id && !p.relayed() && p.Transport == transport
	})
}

// link is how the node is connected to another.
func (n *node) link(ctx context.Context, to *node) peerState {
	list, _ := n.peers(ctx) // no link then
	for _, p := range list {
		if p.PeerID == to.id {
			return p
		}
	}
	return peerState{Addr: "nothing", Source: "nothing"}
}

// address makes a fresh address of the wallet.
func (n *node) address(ctx context.Context) (string, error) {
	var a own.WalletAddress
	err := n.call(ctx, "quern.wallet.address", &a)
	return a.Address, err
}

// generate mines blocks paid to an address.
func (n *node) generate(ctx context.Context, blocks int, to string) error {
	var ids []string
	if err := n.call(ctx, "generatetoaddress", &ids, blocks, to); err != nil {
		return err
	}
	if len(ids) != blocks {
		return fmt.Errorf("%s mined %d blocks of %d", n.name, len(ids), blocks)
	}
	return nil
}

// pay sends coins, and returns the transaction's id once the node has taken it on.
func (n *node) pay(ctx context.Context, to string, coins float64) (string, error) {
	var sent own.WalletSent
	err := n.call(ctx, "quern.wallet.send", &sent, to, int64(coins*1e8), 0, false, password)
	return sent.TxID, err
}

// transactions are the ids of all transactions of the active branch.
func (n *node) transactions(ctx context.Context) (map[string]bool, error) {
	on := make(map[string]bool)
	var id string
	if err := n.call(ctx, "getbestblockhash", &id); err != nil {
		return nil, err
	}
	for id != "" {
		var b struct {
			Tx       []string `json:"tx"`
			Previous string   `json:"previousblockhash"`
		}
		if err := n.call(ctx, "getblock", &b, id, 1); err != nil {
			return nil, err
		}
		for _, tx := range b.Tx {
			on[tx] = true
		}
		id = b.Previous
	}
	return on, nil
}

// branches counts the ends of branches besides the active one, and how many
// blocks the longest has of its own.
func (n *node) branches(ctx context.Context) (count, longest int, err error) {
	var tips []struct {
		Length int `json:"branchlen"`
	}
	err = n.call(ctx, "getchaintips", &tips)
	for _, t := range tips {
		if t.Length > 0 {
			count++
			longest = max(longest, t.Length)
		}
	}
	return count, longest, err
}

// metricsAddr is where nodes that are watched serve their metrics.
const metricsAddr = "127.0.0.1:9332"

// metrics reads what the process takes now.
func (n *node) metrics(ctx context.Context) (sample, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+metricsAddr+"/metrics", nil)
	if err != nil {
		return sample{}, err
	}
	res, err := n.web.Do(req)
	if err != nil {
		return sample{}, err
	}
	defer res.Body.Close()
	return readMetrics(res.Body)
}

// mine makes a block as a user would, paid to the node's own wallet, and
// returns its id.
func (n *node) mine(ctx context.Context) (string, error) {
	if _, err := n.quern(ctx, "wallet", "create"); err != nil && !strings.Contains(err.Error(), "wallet.dat") {
		return "", err
	}
	if n.chain == "regtest" {
		return n.quern(ctx, "mine", "--blocks", "1")
	}
	if _, err := n.quern(ctx, "mine", "--workers", "1"); err != nil {
		return "", err
	}
	for {
		st, err := n.status(ctx)
		if err != nil {
			return "", err
		}
		if st.Mining.Blocks > 0 {
			_, err := n.quern(ctx, "mine", "--workers", "0")
			return n.tip(ctx), err
		}
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}

// addr is the node's multiaddr for others, as a user would pass it on.
func (n *node) addr(ip, transport string) string {
	if transport == "tcp" {
		return fmt.Sprintf("/%s/tcp/%d/p2p/%s", ip, p2pPort, n.id)
	}
	return fmt.Sprintf("/%s/udp/%d/%s/p2p/%s", ip, p2pPort, transport, n.id)
}

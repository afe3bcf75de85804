package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quernnet/quern/node/rpc"
)

// node is one quern process in a namespace, with the flags that a user would
// type. Its RPC port and cookie are the usual ones: each namespace has a
// loopback of its own.
type node struct {
	at     *namespace
	w      *world
	name   string
	chain  string
	dir    string
	args   []string
	proc   *process
	client *rpc.Client
	id     string // peer id, known once it runs
}

// rpcPort is the usual one of regtest, and of commons, which has regtest's.
const rpcPort = 18443

// password of all wallets here.
const password = "nattest"

const (
	startTime = 30 * time.Second
	closeTime = time.Minute
)

// node prepares a node; nothing runs yet.
func (w *world) node(at *namespace, name, chain string, flags ...string) (*node, error) {
	dir := filepath.Join(w.dir, w.name, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	n := &node{at: at, w: w, name: name, chain: chain, dir: dir, args: append([]string{"--datadir", dir, "--chain", chain}, flags...)}
	n.client = &rpc.Client{
		URL:  fmt.Sprintf("http://127.0.0.1:%d", rpcPort),
		HTTP: &http.Client{Transport: &http.Transport{DialContext: at.dial}, Timeout: time.Minute},
	}
	w.mu.Lock()
	w.nodes = append(w.nodes, n)
	w.mu.Unlock()
	return n, nil
}

// start runs it and waits until it answers.
func (n *node) start(ctx context.Context) error {
	var err error
	n.proc, err = n.at.start(n.name, filepath.Join(n.dir, "log"), nil, n.w.bin, append([]string{"run"}, n.args...)...)
	if err != nil {
		return err
	}
	n.w.say("%s runs as process %d", n.name, n.proc.pid)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		st, err := n.status(ctx)
		if err == nil && (st.PeerID != "") {
			n.id = st.PeerID
			return nil
		}
		select {
		case <-n.proc.ended:
			return fmt.Errorf("%s ended at its start: %w\n%s", n.name, n.proc.err, n.proc.tail(2000))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", n.name, errors.Join(context.Cause(ctx), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// call invokes an RPC method of the running node.
func (n *node) call(ctx context.Context, method string, result any, params ...any) error {
	if params == nil {
		params = []any{}
	}
	if n.client.Password == "" {
		if err := n.client.ReadCookie(filepath.Join(n.dir, n.chain)); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
	}
	if err := n.client.Call(ctx, method, params, result); err != nil {
		var said *rpc.Error
		if !errors.As(err, &said) {
			n.client.Password = "" // the next start has another cookie
			n.client.HTTP.CloseIdleConnections()
		}
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

func (n *node) status(ctx context.Context) (st rpc.Status, err error) {
	err = n.call(ctx, "quern.status", &st)
	return st, err
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

// mine makes one block, paid to the node's own wallet, and returns its id.
func (n *node) mine(ctx context.Context) (string, error) {
	if _, err := n.quern(ctx, "wallet", "create"); err != nil && !strings.Contains(err.Error(), "wallet.dat") {
		return "", err
	}
	out, err := n.quern(ctx, "mine", "--blocks", "1", "--json")
	if err != nil {
		return "", err
	}
	var ids []string
	if err := json.Unmarshal([]byte(out), &ids); err != nil || len(ids) != 1 {
		return "", fmt.Errorf("quern mine prints %q: %w", out, errors.Join(err, errors.ErrUnsupported))
	}
	return ids[0], nil
}

// at returns the node's multiaddr for others, as a user would pass it on.
func (n *node) addr(ip, transport string) string {
	port := 18444
	switch transport {
	case "tcp":
		return fmt.Sprintf("/%s/tcp/%d/p2p/%s", ip, port, n.id)
	default:
		return fmt.Sprintf("/%s/udp/%d/%s/p2p/%s", ip, port, transport, n.id)
	}
}

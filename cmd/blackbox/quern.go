package blackbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The login of every Quern.
const (
	User     = "user"
	Password = "secret"
)

// Quern is a regtest node in a process of its own.
type Quern struct {
	testing.TB
	RPC                       string // host:port
	RawBlocks, RawTxs, Hashes string // ZeroMQ endpoints
}

// StartQuern runs a node of that program, with further flags.
func StartQuern(t testing.TB, name string, p *Program, flags ...string) *Quern {
	t.Helper()
	q := &Quern{
		TB: t, RPC: FreePort(t),
		RawBlocks: "tcp://" + FreePort(t), RawTxs: "tcp://" + FreePort(t), Hashes: "tcp://" + FreePort(t),
	}
	args := []string{
		"run", "--chain", "regtest", "--datadir", t.TempDir(), "--rpc.listen", q.RPC, "--rpc.user", User, "--rpc.password", Password,
		"--p2p.listen", "/ip4/127.0.0.1/tcp/0", "--p2p.private", "--p2p.mdns=false",
		"--zmq.raw_block", q.RawBlocks, "--zmq.raw_tx", q.RawTxs, "--zmq.hash_block", q.Hashes, "--zmq.hash_tx", q.Hashes, "--zmq.sequence", q.Hashes,
	}
	ready := func(ctx context.Context) error { return q.Try(ctx, nil, "getblockcount") }
	Start(t, name, p, ready, append(args, flags...)...)
	return q
}

// Call runs an RPC method.
func (q *Quern) Call(result any, method string, params ...any) {
	q.Helper()
	if err := q.Try(q.Context(), result, method, params...); err != nil {
		q.Fatalf("%s: %v", method, err)
	}
}

// Try is Call for what may fail.
func (q *Quern) Try(ctx context.Context, result any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"method": method, "params": params})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+q.RPC, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.SetBasicAuth(User, Password)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	var answer struct {
		Result json.RawMessage
		Error  any
	}
	if err := json.NewDecoder(reply.Body).Decode(&answer); err != nil {
		return fmt.Errorf("status %s: %w", reply.Status, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("%v", answer.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

// Mine makes blocks that pay an address, or nobody in particular.
func (q *Quern) Mine(n int, address string) {
	q.Helper()
	if address == "" {
		q.Call(nil, "generatetodescriptor", n, "raw(51)")
		return
	}
	q.Call(nil, "generatetoaddress", n, address)
}

// Height is the tip's.
func (q *Quern) Height() (n uint32) {
	q.Helper()
	q.Call(&n, "getblockcount")
	return n
}

// Address is where another node reaches this one.
func (q *Quern) Address() string {
	q.Helper()
	var net struct {
		PeerID    string `json:"peer_id"`
		Listening []string
	}
	q.Call(&net, "quern.net")
	for _, a := range net.Listening {
		if strings.HasPrefix(a, "/ip4/127.0.0.1/tcp/") {
			return strings.TrimSuffix(a, "/p2p/"+net.PeerID) + "/p2p/" + net.PeerID
		}
	}
	q.Fatalf("it listens nowhere: %v", net.Listening)
	return ""
}

package rest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/mempool"
)

// Chain is what is asked of the chain; *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	Block(id wire.Hash) (*wire.Block, error)
	Spent(id wire.Hash) ([]consensus.Coin, error)
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
}

// Pool is what is asked of the mempool; *mempool.Pool satisfies it.
type Pool interface {
	Get(id wire.Hash) (mempool.Entry, bool)
	Spender(op wire.Outpoint) (wire.Hash, bool)
	Sync(ctx context.Context) error
}

// Txs finds transactions of the chain; *index.Tx satisfies it.
type Txs interface {
	// Find returns nil for one that no block has.
	Find(ctx context.Context, id wire.Hash) (*index.Found, error)
}

// Config is what a handler is built from.
type Config struct {
	Chain   Chain
	Pool    Pool
	Txs     Txs     // nil: there is no index, only what waits is found
	Filters Filters // nil: there are none
	// Wait lets an index of that name reach the tip; false while it is being built.
	Wait   func(ctx context.Context, name string) (bool, error)
	Params *consensus.Params
	// Call runs a method of RPC.
	Call func(ctx context.Context, method string, params ...any) (any, error)
}

// Prefix is where the paths begin.
const Prefix = "/rest/"

// handler answers.
type handler struct{ Config }

// New makes a handler of requests below Prefix.
func New(c Config) http.Handler { return &handler{c} }

// route is one kind of question. Its serve gets what follows the prefix, as
// path and query.
type route struct {
	prefix string
	serve  func(h *handler, r *http.Request, q question) (reply, error)
}

// routes are tried in order.
var routes = []route{
	{"tx/", (*handler).tx},
	{"block/notxdetails/", (*handler).blockIDs},
	{"block/", (*handler).block},
	{"blockpart/", (*handler).blockPart},
	{"blockfilter/", (*handler).filter},
	{"blockfilterheaders/", (*handler).filterHeaders},
	{"chaininfo", (*handler).chainInfo},
	{"mempool/", (*handler).mempool},
	{"headers/", (*handler).headers},
	{"getutxos", (*handler).coins},
	{"deploymentinfo/", (*handler).deployments},
	{"deploymentinfo", (*handler).deployments},
	{"blockhashbyheight/", (*handler).blockID},
	{"spenttxouts/", (*handler).spent},
}

// ServeHTTP finds the route and writes what comes of it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	for _, route := range routes {
		rest, ok := strings.CutPrefix(path, route.prefix)
		if !ok {
			continue
		}
		out, err := route.serve(h, r, parse(rest))
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", out.kind)
		_, _ = w.Write(out.body) // who asked has left
		return
	}
	http.NotFound(w, r)
}

// failure is an error for who asked: with its status.
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

func bad(format string, args ...any) error {
	return &failure{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) error {
	return &failure{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// fail writes an error as Core does.
func fail(w http.ResponseWriter, err error) {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{http.StatusInternalServerError, err.Error()}
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(f.status)
	_, _ = w.Write([]byte(f.text + "\r\n"))
}

// format is how an answer is to be written.
type format string

const (
	asBinary format = "bin"
	asHex    format = "hex"
	asJSON   format = "json"
)

// question is what a path asks: its part without the format's ending.
type question struct {
	param  string
	format format // "" when the ending is none that is known
}

func parse(path string) question {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		switch f := format(path[i+1:]); f {
		case asBinary, asHex, asJSON:
			return question{path[:i], f}
		}
	}
	return question{param: path}
}

// reply is an answer's body and its type.
type reply struct {
	kind string
	body []byte
}

// write makes an answer of bytes, or of what they are in JSON.
func (q question) write(raw func() []byte, value func() (any, error)) (reply, error) {
	switch q.format {
	case asBinary:
		return reply{"application/octet-stream", raw()}, nil
	case asHex:
		return reply{"text/plain", append(hex.AppendEncode(nil, raw()), '\n')}, nil
	case asJSON:
		return encode(value())
	}
	return reply{}, missing("output format not found (available: .bin, .hex, .json)")
}

// onlyJSON makes an answer that has no other form.
func (q question) onlyJSON(value func() (any, error)) (reply, error) {
	if q.format != asJSON {
		return reply{}, missing("output format not found (available: json)")
	}
	return encode(value())
}

func encode(value any, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	body, err := json.Marshal(value)
	return reply{"application/json", append(body, '\n')}, err
}

// hash reads a hash.
func hash(s string) (wire.Hash, error) {
	h, err := wire.ParseHash(s)
	if err != nil {
		return h, bad("Invalid hash: %s", s)
	}
	return h, nil
}

// count reads how many results are wanted: 1 to 2000.
func count(s string) (int, error) {
	const most = 2000
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < 1 || n > most || s[0] == '+' {
		return 0, bad("Header count is invalid or out of acceptable range (1-%d): %s", most, s)
	}
	return int(n), nil
}

// param is a parameter of the query, or what stands for one left out.
func param(r *http.Request, name, def string) string {
	if q := r.URL.Query(); q.Has(name) {
		return q.Get(name)
	}
	return def
}

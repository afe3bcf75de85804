package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/quernnet/quern/node/rest"
	"github.com/quernnet/quern/node/rpc/plainhttp"
	"github.com/quernnet/quern/node/rpc/table"
)

// Limits of what a client may cost. Whoever reaches the port is on this
// machine, but may be a web page in somebody's browser.
const (
	maxBody        = 32 << 20 // bytes
	shortBody      = 64 << 10 // bytes that a client is trusted to send when it says so
	maxHeaders     = 8 << 10  // bytes
	maxBatch       = 10_000   // requests
	maxConnections = 1000
	maxIdle        = 64 // requests that wait for the node, without a worker
	badAuth        = 250 * time.Millisecond
	grace          = 3 * time.Second // for requests that run when the node ends
)

// What Core's options -rpcthreads, -rpcworkqueue and -rpcservertimeout are by
// default.
const (
	DefaultThreads   = 16
	DefaultWorkQueue = 64
	DefaultTimeout   = 30 * time.Second
)

// Config is what a Server is built from.
type Config struct {
	Listen         string   // host:port on loopback; localhost is both of its addresses
	User, Password string   // besides the cookie; both or neither
	Auth           []string // further logins, "user:salt$hmac" each
	Dir            string   // where the cookie file goes, unless
	Cookie         string   // names it
	CookiePerms    string   // who may read it: owner (default), group, all

	Whitelist  []string // what users may call, "user:method,method" each
	OthersNone bool     // whoever has no list may call nothing

	Threads   int           // requests served at a time; 0: DefaultThreads
	WorkQueue int           // requests that wait for that; 0: DefaultWorkQueue
	Timeout   time.Duration // of clients that send or read nothing; 0: DefaultTimeout
	Log       *slog.Logger
}

// Server answers JSON-RPC over HTTP. Until Attach it says that the node is
// starting (error -28).
type Server struct {
	config    Config
	listener  net.Listener
	auth      *auth
	whitelist whitelist
	hosts     []string // names by which clients may call us, lower case

	queue   chan struct{} // a place a waiting or running request
	slots   chan struct{} // a place a running request
	idlers  chan struct{} // a place a request that waits for the node
	idler   table.Idler   // idle
	running running
	warmup  warmup
	attach  attachment
}

// Listen opens the port and writes the cookie file: from here on clients get
// answers, once Run runs. Close or Run releases both.
func Listen(ctx context.Context, c Config) (*Server, error) {
	l, err := listen(ctx, c.Listen, c.Log)
	if err != nil {
		return nil, fmt.Errorf("rpc.listen: %w (another node may be running: give this one another --rpc.listen)", err)
	}
	a, err := newAuth(c)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	c.Threads = cmp.Or(c.Threads, DefaultThreads)
	c.WorkQueue = cmp.Or(c.WorkQueue, DefaultWorkQueue)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	s := &Server{
		config: c, listener: newBounded(l, maxConnections), auth: a, hosts: hostNames(c.Listen),
		whitelist: newWhitelist(c.Whitelist, c.OthersNone),
		queue:     make(chan struct{}, c.Threads+c.WorkQueue), slots: make(chan struct{}, c.Threads),
		idlers: make(chan struct{}, maxIdle),
	}
	s.idler = s.idle
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends, then lets running requests end, for a while.
func (s *Server) Run(ctx context.Context) error {
	defer s.auth.close()
	if err := plainhttp.Serve(ctx, s.listener, plainhttp.Config{
		Handler: s, Timeout: s.config.Timeout, Grace: grace, MaxHeaders: maxHeaders, Log: s.config.Log,
	}); err != nil {
		return fmt.Errorf("rpc: %w", err)
	}
	return nil
}

// Close releases the port and the cookie of a server that will not run.
func (s *Server) Close() error {
	s.auth.close()
	return s.listener.Close()
}

// ServeHTTP checks what costs little, then answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !s.knownHost(r.Host) || r.Header.Get("Origin") != "":
		// A page in a browser, by DNS rebinding or across origins.
		plain(w, http.StatusForbidden, "requests from web pages are refused")
		return
	case strings.HasPrefix(r.URL.Path, rest.Prefix):
		s.serveREST(w, r)
		return
	case !served(r.URL.Path):
		http.NotFound(w, r)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		plain(w, http.StatusMethodNotAllowed, "JSONRPC server handles only POST requests")
		return
	}
	user, ok := s.auth.accepts(r)
	if !ok {
		s.refuse(w, r)
		return
	}
	if err := s.serve(w, r, caller{user, r.URL.Path}); err != nil {
		s.config.Log.Debug("reply not sent", "err", err)
	}
}

// caller is who asks, and on which path.
type caller struct{ user, path string }

// serve reads a body and answers it, as one of those that the workers serve.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := s.take(); err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error())
		return nil
	}
	defer s.leave()
	// The body before the worker: who sends it slowly keeps none waiting.
	body, err := readBody(w, r)
	if err != nil {
		plain(w, http.StatusRequestEntityTooLarge, "request body: "+err.Error())
		return nil
	}
	if err := s.work(r.Context()); err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error())
		return nil
	}
	out := s.newOutput(w)
	defer out.close()
	return s.answer(table.WithIdler(r.Context(), s.idler), c, body, out)
}

// readBody reads a body to its end. A short one of known length, as most are,
// goes into as much memory as it has bytes.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength >= 0 && r.ContentLength <= shortBody {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

// refuse answers a wrong password, slowly enough that guessing is pointless.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		s.config.Log.Warn("wrong user or password", "from", r.RemoteAddr)
		select {
		case <-time.After(badAuth):
		case <-r.Context().Done():
		}
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// enter waits for a worker; only so many may wait. Whoever has one gives it back
// by rest, then goes by leave.
func (s *Server) enter(ctx context.Context) error {
	if err := s.take(); err != nil {
		return err
	}
	if err := s.work(ctx); err != nil {
		s.leave()
		return err
	}
	return nil
}

// take takes a place among those that wait or are served.
func (s *Server) take() error {
	select {
	case s.queue <- struct{}{}:
		return nil
	default:
		return errors.New("Work queue depth exceeded")
	}
}

// leave gives the place back.
func (s *Server) leave() { <-s.queue }

// work waits for a worker to be free.
func (s *Server) work(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rest gives the worker back.
func (s *Server) rest() { <-s.slots }

// idle runs wait for a request that has place and worker, and gives them to others
// meanwhile. When too many wait already, it keeps them: then it counts as busy.
func (s *Server) idle(wait func()) {
	select {
	case s.idlers <- struct{}{}:
	default:
		wait()
		return
	}
	s.rest()
	s.leave()
	wait()
	s.queue <- struct{}{}
	s.slots <- struct{}{}
	<-s.idlers
}

// plain answers in words, without the line's end that http.Error adds: clients
// print them behind their own.
func plain(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, words) // whoever asked may have left
}

// served says whether calls go to a path: the root, or a wallet's name.
func served(path string) bool {
	return path == "/" || path == "" || strings.HasPrefix(path, "/wallet/")
}

func hostNames(listen string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		names = append(names, strings.ToLower(host))
	}
	return names
}

// knownHost compares the Host header with the names we listen on.
func (s *Server) knownHost(host string) bool {
	name := strings.ToLower(host)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	for _, n := range s.hosts {
		if n == name {
			return true
		}
	}
	return name == "" // HTTP/1.0 without one: no browser
}

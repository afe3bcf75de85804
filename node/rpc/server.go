package rpc

import (
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
)

// Limits of what a client may cost. Whoever reaches the port is on this
// machine, but may be a web page in somebody's browser.
const (
	maxBody    = 32 << 20 // bytes
	maxHeaders = 8 << 10  // bytes
	maxBatch   = 10_000   // requests
	workers    = 16       // requests served at a time
	maxQueue   = 64       // requests that wait for a worker (Core's -rpcworkqueue)
	badAuth    = 250 * time.Millisecond
)

// Config is what a Server is built from.
type Config struct {
	Listen         string // host:port on loopback
	User, Password string // besides the cookie; both or neither
	Dir            string // where the cookie file goes
	Log            *slog.Logger
}

// Server answers JSON-RPC over HTTP. Until Attach it says that the node is
// starting (error -28).
type Server struct {
	config   Config
	listener net.Listener
	auth     *auth
	hosts    []string // names by which clients may call us, lower case

	queue  chan struct{} // a place a waiting or running request
	slots  chan struct{} // a place a running request
	attach attachment
}

// Listen opens the port and writes the cookie file: from here on clients get
// answers, once Run runs. Close or Run releases both.
func Listen(ctx context.Context, c Config) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("rpc.listen: %w (another node may be running: give this one another --rpc.listen)", err)
	}
	a, err := newAuth(c)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Server{
		config: c, listener: l, auth: a, hosts: hostNames(c.Listen),
		queue: make(chan struct{}, workers+maxQueue), slots: make(chan struct{}, workers),
	}, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends, then lets running requests end, for a while.
func (s *Server) Run(ctx context.Context) error {
	defer s.auth.close()
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    maxHeaders,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close() // whoever is still connected has had the grace
		}
		close(done)
	})
	err := srv.Serve(s.listener)
	if !stop() {
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("rpc: %w", err)
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
		http.Error(w, "requests from web pages are refused", http.StatusForbidden)
		return
	case strings.HasPrefix(r.URL.Path, rest.Prefix):
		s.serveREST(w, r)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "JSONRPC server handles only POST requests", http.StatusMethodNotAllowed)
		return
	case !s.auth.accepts(r):
		s.refuse(w, r)
		return
	}
	if !served(r.URL.Path) {
		http.NotFound(w, r)
		return
	}
	release, err := s.enter(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer release()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	status, reply := s.answer(r.Context(), r.URL.Path, body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(reply); err != nil {
		s.config.Log.Debug("reply not sent", "err", err)
	}
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

// enter waits for a worker. Only so many may wait.
func (s *Server) enter(ctx context.Context) (release func(), err error) {
	select {
	case s.queue <- struct{}{}:
	default:
		return nil, errors.New("Work queue depth exceeded")
	}
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots; <-s.queue }, nil
	case <-ctx.Done():
		<-s.queue
		return nil, ctx.Err()
	}
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

package rpc

import (
	"net/http"
)

// serveREST answers a question of REST: without a password, but as one of those
// that the workers serve.
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	n := s.attach.node.Load()
	switch {
	case n == nil:
		http.Error(w, "Service temporarily unavailable: Loading block index…", http.StatusServiceUnavailable)
		return
	case n.rest == nil:
		http.NotFound(w, r)
		return
	}
	if err := s.enter(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.leave()
	a := &restAnswer{ResponseWriter: w, s: s}
	defer a.rest()
	n.rest.ServeHTTP(a, r)
}

// restAnswer is an answer of REST on its way. When it is written it is known as a whole: the worker need
// not wait for the client to read it.
type restAnswer struct {
	http.ResponseWriter
	s      *Server
	rested bool // the worker is given back
}

func (a *restAnswer) Write(b []byte) (int, error) {
	a.rest()
	a.s.hurry(a.ResponseWriter)
	return a.ResponseWriter.Write(b)
}

// rest gives the worker back, once.
func (a *restAnswer) rest() {
	if !a.rested {
		a.rested = true
		a.s.rest()
	}
}

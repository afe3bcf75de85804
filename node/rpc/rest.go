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
	defer s.rest()
	n.rest.ServeHTTP(w, r)
}

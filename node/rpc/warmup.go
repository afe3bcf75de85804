package rpc

import "sync/atomic"

// warmup is what the node is doing before it answers.
type warmup struct{ step atomic.Pointer[string] }

// Warm tells clients what the node is doing while it starts, in Core's words
// where it has some: "Verifying blocks…".
func (s *Server) Warm(step string) { s.warmup.step.Store(&step) }

// words are the step's; before the first one the server has just started.
func (w *warmup) words() string {
	if step := w.step.Load(); step != nil {
		return *step
	}
	return "RPC server started"
}

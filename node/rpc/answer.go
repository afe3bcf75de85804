package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/quernnet/quern/node/rpc/table"
)

// answer serves one HTTP body: a call or a batch.
func (s *Server) answer(ctx context.Context, c caller, body []byte, out *output) error {
	if !table.WellFormed(body) {
		return out.fail(&request{id: null}, table.Errorf(table.CodeParse, "Parse error"))
	}
	if s.whitelist.deniesAll(c.user) {
		s.config.Log.Warn("user not allowed to call any methods", "user", c.user)
		return out.end(http.StatusForbidden)
	}
	body = bytes.TrimLeft(body, " \t\r\n")
	switch body[0] {
	case '{':
		return s.answerOne(ctx, c, body, out)
	case '[':
		return s.answerBatch(ctx, c, body, out)
	}
	return out.fail(&request{id: null}, table.Errorf(table.CodeParse, "Top-level object parse error"))
}

func (s *Server) answerOne(ctx context.Context, c caller, body []byte, out *output) error {
	r := &request{path: c.path, user: c.user}
	fail := r.parse(body)
	if fail != nil {
		return out.fail(r, fail)
	}
	if !s.allowed(r) {
		return out.end(http.StatusForbidden)
	}
	result, fail := s.execute(ctx, r)
	switch {
	case r.isNotification():
		return out.end(http.StatusNoContent)
	case fail != nil:
		return out.fail(r, fail)
	}
	out.buf = append(appendReply(out.buf, r, result, nil), '\n')
	return out.end(http.StatusOK)
}

// answerBatch answers call by call, and sends what has gathered whenever it is
// much: a batch of large answers does not have to fit memory.
func (s *Server) answerBatch(ctx context.Context, c caller, body []byte, out *output) error {
	count := 0
	for call := range table.Elements(body) {
		if count++; count > maxBatch {
			return out.fail(&request{id: null}, table.Errorf(table.CodeInvalidRequest, "Batch of more than %d requests, at most %d are served", maxBatch, maxBatch))
		}
		if ok, fail := s.mayBatch(c.user, call); fail != nil {
			return out.fail(&request{id: null}, fail)
		} else if !ok {
			return out.end(http.StatusForbidden)
		}
	}
	answered := 0
	for call := range table.Elements(body) {
		r := &request{path: c.path, user: c.user}
		var result any
		fail := r.parse(call)
		if fail == nil {
			result, fail = s.execute(ctx, r)
		}
		if r.isNotification() {
			continue
		}
		out.buf = append(out.buf, separator(answered))
		answered++
		out.buf = appendReply(out.buf, r, result, fail)
		if err := out.more(); err != nil {
			return err // whoever asked has left
		}
	}
	switch {
	case answered > 0:
		out.buf = append(out.buf, "]\n"...)
	case count > 0:
		return out.end(http.StatusNoContent)
	default:
		out.buf = append(out.buf, "[]\n"...)
	}
	return out.end(http.StatusOK)
}

// mayBatch says whether a user may make a call of a batch.
func (s *Server) mayBatch(user string, call json.RawMessage) (bool, *table.Error) {
	if !s.whitelist.limits(user) {
		return true, nil
	}
	if call[0] != '{' {
		return false, table.Errorf(table.CodeInvalidRequest, "Invalid Request object")
	}
	for key, value := range table.Fields(call) {
		if string(key) == "method" && value[0] == '"' {
			return s.allowed(&request{user: user, method: table.Unquote(value)}), nil
		}
	}
	return false, table.Errorf(table.CodeParse, "JSON value of type null is not of expected type string")
}

// allowed says whether the whitelist lets a request pass.
func (s *Server) allowed(r *request) bool {
	if s.whitelist.allows(r.user, r.method) {
		return true
	}
	s.config.Log.Warn("user not allowed to call method", "user", r.user, "method", r.method)
	return false
}

// execute runs one call. A panic in a method is a defect of ours: the caller
// hears of it, the node goes on.
func (s *Server) execute(ctx context.Context, r *request) (result any, fail *table.Error) {
	n := s.running.begin(r.method)
	defer s.running.end(n)
	defer func() {
		if p := recover(); p != nil {
			s.config.Log.Error("method panicked", "method", r.method, "panic", p, "stack", string(debug.Stack()))
			result, fail = nil, table.Errorf(table.CodeInternal, "internal error in %s, see the node's log", r.method)
		}
	}()
	result, err := s.dispatch(ctx, r)
	if err == nil {
		return result, nil
	}
	if !errors.As(err, &fail) {
		s.config.Log.Debug("method failed", "method", r.method, "err", err)
		fail = table.Errorf(table.CodeMisc, "%v", err)
	}
	return nil, fail
}

// separator is what goes before an answer of a batch.
func separator(answered int) byte {
	if answered == 0 {
		return '['
	}
	return ','
}

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

// request is one call, of either dialect.
type request struct {
	id     json.RawMessage // nil: none was given
	v2     bool
	method string
	params json.RawMessage // an array or object; nil: none
	path   string          // of the HTTP request
}

// isNotification says that no answer is wanted: JSON-RPC 2.0 without an id.
func (r *request) isNotification() bool { return r.v2 && r.id == nil }

// parseRequest reads one call. What could be read of a broken one is
// returned with the error, so that the answer carries its id and dialect.
func parseRequest(raw json.RawMessage) (*request, *table.Error) {
	r := new(request)
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return r, table.Errorf(table.CodeInvalidRequest, "Invalid Request object")
	}
	r.id = fields["id"]
	if v, ok := fields["jsonrpc"]; ok && !table.IsNull(v) {
		var version string
		if json.Unmarshal(v, &version) != nil {
			return r, table.Errorf(table.CodeInvalidRequest, "jsonrpc field must be a string")
		}
		switch version {
		case "1.0", "1.1":
		case "2.0":
			r.v2 = true
		default:
			return r, table.Errorf(table.CodeInvalidRequest, "JSON-RPC version not supported")
		}
	}
	method, ok := fields["method"]
	if !ok || table.IsNull(method) {
		return r, table.Errorf(table.CodeInvalidRequest, "Missing method")
	}
	if json.Unmarshal(method, &r.method) != nil {
		return r, table.Errorf(table.CodeInvalidRequest, "Method must be a string")
	}
	if p, ok := fields["params"]; ok && !table.IsNull(p) {
		if first := bytes.TrimLeft(p, " \t\r\n")[0]; first != '[' && first != '{' {
			return r, table.Errorf(table.CodeInvalidRequest, "Params must be an array or object")
		}
		r.params = p
	}
	return r, nil
}

// answer serves one HTTP body: a call or a batch.
func (s *Server) answer(ctx context.Context, path string, body []byte) (status int, reply []byte) {
	if !json.Valid(body) {
		return http.StatusInternalServerError, encodeReply(&request{}, nil, table.Errorf(table.CodeParse, "Parse error"))
	}
	switch bytes.TrimLeft(body, " \t\r\n")[0] {
	case '{':
		return s.answerOne(ctx, path, body)
	case '[':
		return s.answerBatch(ctx, path, body)
	}
	return http.StatusInternalServerError, encodeReply(&request{}, nil, table.Errorf(table.CodeParse, "Top-level object parse error"))
}

func (s *Server) answerOne(ctx context.Context, path string, body []byte) (int, []byte) {
	r, result, fail := s.execute(ctx, path, body)
	switch {
	case r.isNotification():
		return http.StatusNoContent, nil
	case r.v2 || fail == nil:
		return http.StatusOK, encodeReply(r, result, fail)
	}
	status := http.StatusInternalServerError
	switch fail.Code {
	case table.CodeInvalidRequest:
		status = http.StatusBadRequest
	case table.CodeNoMethod:
		status = http.StatusNotFound
	}
	return status, encodeReply(r, nil, fail)
}

func (s *Server) answerBatch(ctx context.Context, path string, body []byte) (int, []byte) {
	var calls []json.RawMessage
	if err := json.Unmarshal(body, &calls); err != nil {
		return http.StatusInternalServerError, encodeReply(&request{}, nil, table.Errorf(table.CodeParse, "Parse error"))
	}
	if len(calls) > maxBatch {
		return http.StatusInternalServerError, encodeReply(&request{}, nil,
			table.Errorf(table.CodeInvalidRequest, "Batch of %d requests, at most %d are served", len(calls), maxBatch))
	}
	out := []byte{'['}
	silent := 0
	for _, call := range calls {
		r, result, fail := s.execute(ctx, path, call)
		if r.isNotification() {
			silent++
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, bytes.TrimSuffix(encodeReply(r, result, fail), []byte("\n"))...)
	}
	if silent > 0 && silent == len(calls) {
		return http.StatusNoContent, nil
	}
	return http.StatusOK, append(out, "]\n"...)
}

// execute runs one call. A panic in a method is a defect of ours: the caller
// hears of it, the node goes on.
func (s *Server) execute(ctx context.Context, path string, raw json.RawMessage) (r *request, result any, fail *table.Error) {
	r, fail = parseRequest(raw)
	if fail != nil {
		return r, nil, fail
	}
	r.path = path
	defer func() {
		if p := recover(); p != nil {
			s.config.Log.Error("method panicked", "method", r.method, "panic", p, "stack", string(debug.Stack()))
			result, fail = nil, table.Errorf(table.CodeInternal, "internal error in %s, see the node's log", r.method)
		}
	}()
	result, err := s.dispatch(ctx, r)
	if err == nil {
		return r, result, nil
	}
	if !errors.As(err, &fail) {
		s.config.Log.Debug("method failed", "method", r.method, "err", err)
		fail = table.Errorf(table.CodeMisc, "%v", err)
	}
	return r, nil, fail
}

// encodeReply writes an answer in its request's dialect.
func encodeReply(r *request, result any, fail *table.Error) []byte {
	id := r.id
	if id == nil {
		id = json.RawMessage("null")
	}
	var reply any
	switch {
	case r.v2 && fail != nil:
		reply = struct {
			Version string          `json:"jsonrpc"`
			Error   *table.Error    `json:"error"`
			ID      json.RawMessage `json:"id"`
		}{"2.0", fail, id}
	case r.v2:
		reply = struct {
			Version string          `json:"jsonrpc"`
			Result  any             `json:"result"`
			ID      json.RawMessage `json:"id"`
		}{"2.0", result, id}
	default:
		reply = struct {
			Result any             `json:"result"`
			Error  *table.Error    `json:"error"`
			ID     json.RawMessage `json:"id"`
		}{result, fail, id}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(reply); err != nil {
		return encodeReply(r, nil, table.Errorf(table.CodeInternal, "answer of %s: %v", r.method, err))
	}
	return buf.Bytes()
}

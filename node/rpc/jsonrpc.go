package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// Codes of bitcoind's errors (rpc/protocol.h).
const (
	codeInvalidRequest = -32600
	codeNoMethod       = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603
	codeParse          = -32700

	codeMisc            = -1
	codeType            = -3
	codeWallet          = -4
	codeNotFound        = -5 // RPC_INVALID_ADDRESS_OR_KEY
	codeNoFunds         = -6
	codeInvalid         = -8 // RPC_INVALID_PARAMETER
	codeNotConnected    = -9
	codeInitialDownload = -10
	codeBadPassword     = -14
	codeNoWallet        = -18
	codeDatabase        = -20
	codeDecode          = -22
	CodeNodeAdded       = -23 // exported for commands: what they wanted is so already
	codeNodeNotAdded    = -24 // RPC_CLIENT_NODE_NOT_ADDED
	codeVerify          = -25
	codeRejected        = -26
	codeInChain         = -27
	codeWarmup          = -28
	codeNodeUnknown     = -29 // RPC_CLIENT_NODE_NOT_CONNECTED
	codeInvalidSubnet   = -30 // RPC_CLIENT_INVALID_IP_OR_SUBNET
	codeP2POff          = -31
)

// errorf makes a method's error.
func errorf(code int, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// request is one call, of either dialect.
type request struct {
	id     json.RawMessage // nil: none was given
	v2     bool
	method string
	params json.RawMessage // an array or object; nil: none
	wallet string
}

// isNotification says that no answer is wanted: JSON-RPC 2.0 without an id.
func (r *request) isNotification() bool { return r.v2 && r.id == nil }

// parseRequest reads one call. What could be read of a broken one is
// returned with the error, so that the answer carries its id and dialect.
func parseRequest(raw json.RawMessage) (*request, *Error) {
	r := new(request)
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return r, errorf(codeInvalidRequest, "Invalid Request object")
	}
	r.id = fields["id"]
	if v, ok := fields["jsonrpc"]; ok && !isNull(v) {
		var version string
		if json.Unmarshal(v, &version) != nil {
			return r, errorf(codeInvalidRequest, "jsonrpc field must be a string")
		}
		switch version {
		case "1.0", "1.1":
		case "2.0":
			r.v2 = true
		default:
			return r, errorf(codeInvalidRequest, "JSON-RPC version not supported")
		}
	}
	method, ok := fields["method"]
	if !ok || isNull(method) {
		return r, errorf(codeInvalidRequest, "Missing method")
	}
	if json.Unmarshal(method, &r.method) != nil {
		return r, errorf(codeInvalidRequest, "Method must be a string")
	}
	if p, ok := fields["params"]; ok && !isNull(p) {
		if first := bytes.TrimLeft(p, " \t\r\n")[0]; first != '[' && first != '{' {
			return r, errorf(codeInvalidRequest, "Params must be an array or object")
		}
		r.params = p
	}
	return r, nil
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// answer serves one HTTP body: a call or a batch.
func (s *Server) answer(ctx context.Context, wallet string, body []byte) (status int, reply []byte) {
	if !json.Valid(body) {
		return http.StatusInternalServerError, encodeReply(&request{}, nil, errorf(codeParse, "Parse error"))
	}
	switch bytes.TrimLeft(body, " \t\r\n")[0] {
	case '{':
		return s.answerOne(ctx, wallet, body)
	case '[':
		return s.answerBatch(ctx, wallet, body)
	}
	return http.StatusInternalServerError, encodeReply(&request{}, nil, errorf(codeParse, "Top-level object parse error"))
}

func (s *Server) answerOne(ctx context.Context, wallet string, body []byte) (int, []byte) {
	r, result, fail := s.execute(ctx, wallet, body)
	switch {
	case r.isNotification():
		return http.StatusNoContent, nil
	case r.v2 || fail == nil:
		return http.StatusOK, encodeReply(r, result, fail)
	}
	status := http.StatusInternalServerError
	switch fail.Code {
	case codeInvalidRequest:
		status = http.StatusBadRequest
	case codeNoMethod:
		status = http.StatusNotFound
	}
	return status, encodeReply(r, nil, fail)
}

func (s *Server) answerBatch(ctx context.Context, wallet string, body []byte) (int, []byte) {
	var calls []json.RawMessage
	if err := json.Unmarshal(body, &calls); err != nil {
		return http.StatusInternalServerError, encodeReply(&request{}, nil, errorf(codeParse, "Parse error"))
	}
	if len(calls) > maxBatch {
		return http.StatusInternalServerError, encodeReply(&request{}, nil,
			errorf(codeInvalidRequest, "Batch of %d requests, at most %d are served", len(calls), maxBatch))
	}
	out := []byte{'['}
	silent := 0
	for _, call := range calls {
		r, result, fail := s.execute(ctx, wallet, call)
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
func (s *Server) execute(ctx context.Context, wallet string, raw json.RawMessage) (r *request, result any, fail *Error) {
	r, fail = parseRequest(raw)
	if fail != nil {
		return r, nil, fail
	}
	r.wallet = wallet
	defer func() {
		if p := recover(); p != nil {
			s.config.Log.Error("method panicked", "method", r.method, "panic", p, "stack", string(debug.Stack()))
			result, fail = nil, errorf(codeInternal, "internal error in %s, see the node's log", r.method)
		}
	}()
	result, err := s.dispatch(ctx, r)
	if err == nil {
		return r, result, nil
	}
	if !errors.As(err, &fail) {
		s.config.Log.Debug("method failed", "method", r.method, "err", err)
		fail = errorf(codeMisc, "%v", err)
	}
	return r, nil, fail
}

// encodeReply writes an answer in its request's dialect.
func encodeReply(r *request, result any, fail *Error) []byte {
	id := r.id
	if id == nil {
		id = json.RawMessage("null")
	}
	var reply any
	switch {
	case r.v2 && fail != nil:
		reply = struct {
			Version string          `json:"jsonrpc"`
			Error   *Error          `json:"error"`
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
			Error  *Error          `json:"error"`
			ID     json.RawMessage `json:"id"`
		}{result, fail, id}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(reply); err != nil {
		return encodeReply(r, nil, errorf(codeInternal, "answer of %s: %v", r.method, err))
	}
	return buf.Bytes()
}

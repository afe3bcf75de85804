package rpc

import (
	"encoding/json"

	"github.com/quernnet/quern/node/rpc/table"
)

// request is one call, of either dialect.
type request struct {
	id     json.RawMessage // nil: none was given
	v2     bool
	method string
	params json.RawMessage // an array or object; nil: none
	path   string          // of the HTTP request
	user   string          // who calls
}

// null is the id of an answer to what could not be read.
var null = json.RawMessage("null")

// isNotification says that no answer is wanted: JSON-RPC 2.0 without an id.
func (r *request) isNotification() bool { return r.v2 && r.id == nil }

// parse reads one call out of well formed JSON. What could be read of a broken
// one stays in r, so that the answer carries its id and dialect.
func (r *request) parse(raw json.RawMessage) *table.Error {
	r.id = null
	if raw[0] != '{' {
		return table.Errorf(table.CodeInvalidRequest, "Invalid Request object")
	}
	r.id = nil
	var version, method, params json.RawMessage
	for key, value := range table.Fields(raw) {
		var to *json.RawMessage
		switch string(key) {
		case "id":
			to = &r.id
		case "jsonrpc":
			to = &version
		case "method":
			to = &method
		case "params":
			to = &params
		}
		if to != nil && *to == nil { // of a key given twice the first counts, as in Core
			*to = value
		}
	}
	if fail := r.dialect(version); fail != nil {
		return fail
	}
	switch {
	case method == nil || table.IsNull(method):
		return table.Errorf(table.CodeInvalidRequest, "Missing method")
	case method[0] != '"':
		return table.Errorf(table.CodeInvalidRequest, "Method must be a string")
	}
	r.method = table.Unquote(method)
	if params != nil && !table.IsNull(params) {
		if params[0] != '[' && params[0] != '{' {
			return table.Errorf(table.CodeInvalidRequest, "Params must be an array or object")
		}
		r.params = params
	}
	return nil
}

// dialect reads the key "jsonrpc". It was added by version 2.0; that 1.0 and
// 1.1 write it, too, is a custom of some clients.
func (r *request) dialect(version json.RawMessage) *table.Error {
	if version == nil || table.IsNull(version) {
		return nil
	}
	if version[0] != '"' {
		return table.Errorf(table.CodeInvalidRequest, "jsonrpc field must be a string")
	}
	switch table.Unquote(version) {
	case "1.0", "1.1":
	case "2.0":
		r.v2 = true
	default:
		return table.Errorf(table.CodeInvalidRequest, "JSON-RPC version not supported")
	}
	return nil
}

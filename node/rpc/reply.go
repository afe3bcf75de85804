package rpc

import (
	"bytes"
	"encoding/json"

	"github.com/quernnet/quern/node/rpc/table"
)

// appendReply writes an answer in its request's dialect.
func appendReply(b []byte, r *request, result any, fail *table.Error) []byte {
	start := len(b)
	b = append(b, '{')
	if r.v2 {
		b = append(b, `"jsonrpc":"2.0",`...)
	}
	if fail == nil {
		b = append(b, `"result":`...)
		var err error
		if b, err = appendJSON(b, result); err != nil {
			return appendReply(b[:start], r, nil, table.Errorf(table.CodeInternal, "answer of %s: %v", r.method, err))
		}
		if !r.v2 {
			b = append(b, `,"error":null`...)
		}
	} else {
		if !r.v2 {
			b = append(b, `"result":null,`...)
		}
		b = append(b, `"error":`...)
		b, _ = appendJSON(b, fail) // a number and a text
	}
	if r.id != nil {
		b = append(append(b, `,"id":`...), r.id...)
	}
	return append(b, '}')
}

// appendJSON encodes a result. One that writes itself is taken at its word;
// the others are found out by reflection.
func appendJSON(b []byte, result any) ([]byte, error) {
	switch v := result.(type) {
	case nil:
		return append(b, "null"...), nil
	case table.Appender:
		return v.AppendJSON(b), nil
	}
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(result); err != nil {
		return b, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

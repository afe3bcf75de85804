package rpc

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
)

const (
	sendAt = 1 << 20  // bytes of a batch's answers that are sent before the rest is known
	keepAt = 16 << 20 // bytes of a buffer that is used again
)

// Headers of all answers; net/http copies them.
var jsonType = []string{"application/json"}

var outputs = sync.Pool{New: func() any { return new(output) }}

// output is an answer on its way: gathered, then sent at once, with its length;
// that of a long batch in parts.
type output struct {
	s      *Server
	w      http.ResponseWriter
	buf    []byte
	began  bool
	rested bool // the worker is given back
}

// newOutput is one for a request that has a worker.
func (s *Server) newOutput(w http.ResponseWriter) *output {
	o := outputs.Get().(*output)
	*o = output{s: s, w: w, buf: o.buf[:0]}
	return o
}

// close ends it, however far it came.
func (o *output) close() {
	o.rest()
	if cap(o.buf) <= keepAt {
		o.s, o.w = nil, nil
		outputs.Put(o)
	}
}

// rest gives the worker back, once.
func (o *output) rest() {
	if !o.rested {
		o.rested = true
		o.s.rest()
	}
}

// fail ends with an error, in its request's dialect: version 2.0 knows no HTTP
// errors but for what it could not read.
func (o *output) fail(r *request, fail *table.Error) error {
	status := http.StatusInternalServerError
	switch {
	case r.v2:
		status = http.StatusOK
	case fail.Code == table.CodeInvalidRequest:
		status = http.StatusBadRequest
	case fail.Code == table.CodeNoMethod:
		status = http.StatusNotFound
	}
	o.buf = append(appendReply(o.buf[:0], r, nil, fail), '\n')
	return o.end(status)
}

// more sends what has gathered, once that is much.
func (o *output) more() error {
	if len(o.buf) < sendAt {
		return nil
	}
	if !o.began {
		o.began = true
		o.w.Header()["Content-Type"] = jsonType
		o.w.WriteHeader(http.StatusOK)
	}
	return o.write()
}

// end sends the rest. The worker need not wait for the client to read it.
func (o *output) end(status int) error {
	o.rest()
	if !o.began {
		h := o.w.Header()
		if len(o.buf) > 0 {
			h["Content-Type"] = jsonType
			h.Set("Content-Length", strconv.Itoa(len(o.buf)))
		}
		o.w.WriteHeader(status)
	}
	if len(o.buf) == 0 {
		return nil
	}
	return o.write()
}

func (o *output) write() error {
	o.s.hurry(o.w)
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

// hurry gives a client its time to read what is written next.
func (s *Server) hurry(w http.ResponseWriter) {
	// A recorder has no deadlines; a connection has.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.config.Timeout))
}

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

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// output is an answer on its way: gathered, then sent at once, with its length;
// that of a long batch in parts.
type output struct {
	w        http.ResponseWriter
	patience time.Duration // for a client that does not read
	release  func()        // gives the worker back
	lease    *[]byte
	buf      []byte
	began    bool
}

func newOutput(w http.ResponseWriter, patience time.Duration, release func()) *output {
	lease := buffers.Get().(*[]byte)
	return &output{w: w, patience: patience, release: release, lease: lease, buf: (*lease)[:0]}
}

// close gives the buffer back.
func (o *output) close() {
	if cap(o.buf) <= keepAt {
		*o.lease = o.buf
		buffers.Put(o.lease)
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
		o.w.Header().Set("Content-Type", "application/json")
		o.w.WriteHeader(http.StatusOK)
	}
	return o.write()
}

// end sends the rest. The worker need not wait for the client to read it.
func (o *output) end(status int) error {
	o.release()
	if !o.began {
		h := o.w.Header()
		if len(o.buf) > 0 {
			h.Set("Content-Type", "application/json")
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
	// A recorder has no deadlines; a connection has.
	_ = http.NewResponseController(o.w).SetWriteDeadline(time.Now().Add(o.patience))
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

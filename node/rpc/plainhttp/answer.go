package plainhttp

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	gather = 2 << 10  // bytes of an answer of unknown length that wait for its end, as in net/http
	atOnce = 64 << 10 // bytes that are copied to be sent in one piece
)

// buffers are what an answer is put together in.
type buffers struct {
	out  []byte // to be sent next
	body []byte // to be sent when it is known how long it is
}

var pool = sync.Pool{New: func() any { return new(buffers) }}

// answer is the http.ResponseWriter of a connection's requests, one after the
// other. It does what handlers of ours ask for: neither statuses below 200, nor
// trailers, flushing, hijacking, or an encoding of transfer of one's own.
type answer struct {
	s      *server
	nc     net.Conn
	header http.Header
	*buffers

	status   int   // 0: not told
	length   int64 // bytes of the body, as told; -1: not told
	written  int64 // bytes
	last     bool  // the connection closes behind it
	typed    bool  // the handler has told what the body is
	dated    bool  // and the date
	opened   bool  // the head is in out, or sent
	chunked  bool
	deadline bool  // the handler has set one for writing
	err      error // of the connection

	second int64 // of date, since 1970
	date   []byte
}

// begin makes it that of a new request, which may be its connection's last.
func (a *answer) begin(last bool) {
	clear(a.header)
	a.buffers = pool.Get().(*buffers)
	a.status, a.length, a.written, a.err = 0, -1, 0, nil
	a.last, a.opened, a.chunked, a.deadline = last, false, false, false
}

// Header, WriteHeader and Write are those of http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		a.s.Log.Debug("a status too many", "first", a.status, "then", status)
		return
	}
	if status < 200 || status > 999 {
		panic(fmt.Sprintf("status %d ends no request", status))
	}
	a.status = status
	if told := a.header.Get("Content-Length"); told != "" && a.hasBody() {
		n, err := strconv.ParseInt(told, 10, 64)
		if err == nil && n >= 0 {
			a.length = n
		}
	}
	a.typed = a.header["Content-Type"] != nil || a.header.Get("Content-Encoding") != ""
	a.dated = a.header["Date"] != nil
	a.last = a.last || a.header.Get("Connection") == "close"
	a.out = appendStatus(a.out, status)
	a.out = a.appendFields(a.out)
}

// hasBody says whether answers of this status have one.
func (a *answer) hasBody() bool {
	return a.status != http.StatusNoContent && a.status != http.StatusNotModified
}

func appendStatus(b []byte, status int) []byte {
	b = strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(status), 10)
	if text := http.StatusText(status); text != "" {
		return append(append(append(b, ' '), text...), "\r\n"...)
	}
	return append(strconv.AppendInt(append(b, " status code "...), int64(status), 10), "\r\n"...)
}

// ours are headers that open writes, by what it knows.
var ours = []string{"Connection", "Content-Length", "Transfer-Encoding"}

// appendFields writes the handler's headers as they are now.
func (a *answer) appendFields(b []byte) []byte {
	var room [8]string
	names := room[:0]
	for name := range a.header {
		if name != "" && !slices.Contains(ours, name) && only(name, "!#$%&'*+-.^_`|~") && (name != "Content-Type" || a.status != http.StatusNotModified) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range a.header[name] {
			b = append(append(b, name...), ": "...)
			b = append(append(b, oneLine.Replace(strings.Trim(value, " \t\r\n"))...), "\r\n"...)
		}
	}
	return b
}

// oneLine keeps a header from becoming two.
var oneLine = strings.NewReplacer("\n", " ", "\r", " ")

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case !a.hasBody():
		return 0, http.ErrBodyNotAllowed
	}
	a.written += int64(len(p))
	switch {
	case a.length < 0:
		if a.body = append(a.body, p...); len(a.body) > gather {
			a.chunk()
		}
	case a.written > a.length:
		return 0, http.ErrContentLength
	default:
		a.open(p)
		a.push(p)
	}
	if a.err != nil {
		return 0, a.err
	}
	return len(p), nil
}

// SetWriteDeadline is for http.ResponseController. Without it each write has the
// server's Timeout.
func (a *answer) SetWriteDeadline(t time.Time) error {
	a.deadline = true
	return a.nc.SetWriteDeadline(t)
}

// open completes the head, once, when the body's first bytes are known.
func (a *answer) open(first []byte) {
	if a.opened {
		return
	}
	a.opened = true
	b := a.out
	if a.hasBody() && len(first) > 0 && !a.typed {
		b = append(append(append(b, "Content-Type: "...), http.DetectContentType(first)...), "\r\n"...)
	}
	if !a.dated {
		b = append(append(append(b, "Date: "...), a.today()...), "\r\n"...)
	}
	switch {
	case a.chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case a.hasBody():
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), a.length, 10), "\r\n"...)
	}
	if a.last = a.last || a.s.ending.Load(); a.last {
		b = append(b, "Connection: close\r\n"...)
	}
	a.out = append(b, "\r\n"...)
}

// today is the time in words, which last for a second.
func (a *answer) today() []byte {
	if now := time.Now(); now.Unix() != a.second {
		a.second = now.Unix()
		a.date = now.UTC().AppendFormat(a.date[:0], http.TimeFormat)
	}
	return a.date
}

// chunk sends what has gathered of a body whose length is not known.
func (a *answer) chunk() {
	a.chunked = true
	a.open(a.body)
	a.out = append(strconv.AppendInt(a.out, int64(len(a.body)), 16), "\r\n"...)
	a.push(a.body)
	a.out = append(a.out, "\r\n"...)
	a.body = a.body[:0]
}

// push sends bytes behind those in out, soon if they are few.
func (a *answer) push(p []byte) {
	if len(a.out)+len(p) <= atOnce {
		a.out = append(a.out, p...)
		return
	}
	a.flush()
	a.send(p)
}

func (a *answer) flush() {
	a.send(a.out)
	a.out = a.out[:0]
}

func (a *answer) send(p []byte) {
	if a.err != nil || len(p) == 0 {
		return
	}
	if !a.deadline {
		_ = a.nc.SetWriteDeadline(time.Now().Add(a.s.Timeout)) // a closed connection is noticed when it is written
	}
	_, a.err = a.nc.Write(p)
}

// end sends what is left, and says whether the connection can be used again.
func (a *answer) end() (more bool) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case a.chunked:
		if len(a.body) > 0 {
			a.chunk()
		}
		a.out = append(a.out, "0\r\n\r\n"...)
	case a.length < 0 && a.hasBody():
		a.length = a.written
		a.open(a.body)
		a.push(a.body)
	default:
		a.open(nil)
	}
	a.flush()
	if b := a.buffers; cap(b.out) <= 2*atOnce && cap(b.body) <= 2*atOnce {
		b.body = b.body[:0]
		pool.Put(b)
	}
	a.buffers = nil
	short := a.hasBody() && !a.chunked && a.written != a.length
	return !a.last && !short && a.err == nil
}

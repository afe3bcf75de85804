package plainhttp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// ServeHTTP notes all that a handler can see, and answers as the path's last
// part says.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	var body []byte
	var err error
	if kind != "unread" {
		body, err = io.ReadAll(r.Body)
	}
	saw := fmt.Sprintf("%s %q %q %q %s %d.%d host %q length %d %q close %v body %q %v headers %q",
		r.Method, r.RequestURI, r.URL, r.URL.RawQuery, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Host, r.ContentLength, r.TransferEncoding, r.Close, body, err, r.Header)
	s.mu.Lock()
	s.saw[r.RemoteAddr] = append(s.saw[r.RemoteAddr], saw)
	s.mu.Unlock()
	answerAs(kind, w, body)
}

// answerAs does what handlers may.
func answerAs(kind string, w http.ResponseWriter, body []byte) {
	h := w.Header()
	write := func(text string) {
		if n, err := io.WriteString(w, text); err == nil && n != len(text) {
			panic("a short write")
		}
	}
	switch kind {
	case "told":
		h["Content-Type"], h["Content-Length"] = []string{"application/json"}, []string{"12"}
		w.WriteHeader(http.StatusInternalServerError)
		write("twelve")
		write(" bytes")
	case "large":
		h.Set("Content-Length", "200000")
		write(strings.Repeat("x", 100_000))
		write(strings.Repeat("y", 100_000))
	case "parts":
		for i := range 5 {
			write(strings.Repeat(string(rune('a'+i)), 1500*i))
		}
	case "exact":
		write(strings.Repeat("x", gather))
	case "none":
		h.Set("Content-Length", "5")
		w.WriteHeader(http.StatusNoContent)
		write("five.")
	case "same":
		h.Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusNotModified)
	case "few":
		h.Set("Content-Length", "10")
		write("nine bytes"[:9])
	case "many":
		h.Set("Content-Length", "3")
		write("abc")
		write("d")
	case "late":
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		h.Set("X-Late", "yes")
		h.Set("Content-Type", "no/no")
		write("<html>")
	case "odd":
		h["X-Two"], h["X bad"], h["X-Lines"] = []string{"a", " b "}, []string{"no"}, []string{"a\r\nX-Not: b"}
		w.WriteHeader(799)
	case "last":
		h.Set("Connection", "close")
		write("good bye")
	case "encoded":
		h.Set("Content-Encoding", "br")
		write("?")
	case "panic":
		panic("as asked")
	case "abort":
		write("not sent")
		panic(http.ErrAbortHandler)
	case "silent":
	default:
		write("echo: ")
		_, _ = w.Write(body)
	}
}

// answers reads a stream of answers. Date and the order of headers may differ.
func answers(raw []byte) (out []string) {
	in := bufio.NewReader(bytes.NewReader(raw))
	for {
		if _, err := in.Peek(1); err != nil {
			return out
		}
		res, err := http.ReadResponse(in, &http.Request{Method: http.MethodPost})
		if err != nil {
			return append(out, err.Error())
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close() // of a buffer
		if d := res.Header.Get("Date"); d != "" {
			res.Header.Set("Date", http.TimeFormat)
		}
		out = append(out, fmt.Sprintf("%s %s %d %q close %v %q %q %v", res.Proto, res.Status, res.ContentLength, res.TransferEncoding, res.Close, res.Header, body, err))
	}
}

// same sends bytes to both servers: as a whole, one by one, and twice in a row.
func same(t *testing.T, here, there *stage, raw []byte) {
	t.Helper()
	var bits [][]byte
	for i := range raw[:min(len(raw), 4000)] {
		bits = append(bits, raw[i:i+1])
	}
	bits = append(bits, raw[len(bits):])
	half := len(raw) / 2
	for name, pieces := range map[string][][]byte{
		"whole": {raw}, "byte by byte": bits, "twice": {raw, raw}, "twice at once": {append(bytes.Clone(raw), raw...)},
		"in halves": {raw[:half], raw[half:]}, "halves of two": {raw[:half], append(bytes.Clone(raw[half:]), raw[:half]...), raw[half:]},
	} {
		got, saw := here.play(pieces...)
		want, wantSaw := there.play(pieces...)
		if !slices.Equal(saw, wantSaw) {
			t.Fatalf("%s %q\nsaw  %q\nwant %q", name, raw[:min(len(raw), 2000)], saw, wantSaw)
		}
		if a, b := answers(got), answers(want); !slices.Equal(a, b) {
			t.Fatalf("%s %q\nanswered %.3000q\nwant     %.3000q", name, raw[:min(len(raw), 2000)], a, b)
		}
	}
}

const auth = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n"

// requests are what clients send, or should not.
func requests() map[string]string {
	out := map[string]string{
		"nothing":          "",
		"half a line":      "POST / HT",
		"few bytes":        "PO",
		"half a head":      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Le",
		"half a body":      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf",
		"curl":             "POST / HTTP/1.1\r\nHost: 127.0.0.1:8332\r\n" + auth + "User-Agent: curl/8.5.0\r\nAccept: */*\r\ncontent-type: text/plain;\r\nContent-Length: 4\r\n\r\nbody",
		"bitcoin-cli":      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n" + auth + "Content-Length: 4\r\n\r\nbody",
		"keep-alive":       "POST / HTTP/1.1\r\nhost: [::1]:8332\r\nCONNECTION: Keep-Alive\r\nContent-Length: 4\r\n\r\nbody",
		"no body":          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"no length":        "POST / HTTP/1.1\r\nHost: a\r\n\r\nbody",
		"two lengths":      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody.",
		"length twice":     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
		"length list":      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nbody",
		"length signed":    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nbody",
		"length negative":  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\nbody",
		"length padded":    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:   004  \r\n\r\nbody",
		"length hex":       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nbody",
		"length large":     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nbody",
		"length empty":     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\nbody",
		"length and a tab": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t4\r\n\r\nbody",
		"chunked":          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
		"both":             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"spaced name":      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nbody",
		"hidden chunked":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding : chunked\r\n\r\nbody",
		"folded":           "POST / HTTP/1.1\r\nHost: a\r\nAccept: x\r\n y\r\nContent-Length: 4\r\n\r\nbody",
		"bare line feeds":  "POST / HTTP/1.1\nHost: a\nContent-Length: 4\n\nbody",
		"one of them":      "POST / HTTP/1.1\r\nHost: a\nContent-Length: 4\r\n\r\nbody",
		"at the end":       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\n\nbody",
		"bare returns":     "POST / HTTP/1.1\r\nHost: a\rContent-Length: 4\r\n\r\nbody",
		"return too many":  "POST / HTTP/1.1\r\nHost: a\r\nAccept: b\r\r\nContent-Length: 4\r\n\r\nbody",
		"expects":          "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
		"expects more":     "POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 4\r\n\r\nbody",
		"upgrade":          "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\nbody",
		"connection list":  "POST / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\nContent-Length: 4\r\n\r\nbody",
		"no host":          "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody",
		"empty host":       "POST / HTTP/1.1\r\nHost: \r\nContent-Length: 4\r\n\r\nbody",
		"two hosts":        "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 4\r\n\r\nbody",
		"bad host":         "POST / HTTP/1.1\r\nHost: a b\r\nContent-Length: 4\r\n\r\nbody",
		"host in the line": "POST http://b/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"two slashes":      "POST //b/c HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"dots":             "POST /a/../b/./c HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"escapes":          "POST /wallet/my%20wallet HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"bad escapes":      "POST /wallet/%zz HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"query":            "POST /wallet/?a=b#c HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"two spaces":       "POST  / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"space behind":     "POST / HTTP/1.1 \r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"no version":       "POST /\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"version 1.0":      "POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody",
		"1.0 stays":        "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody",
		"version 1.2":      "POST / HTTP/1.2\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"version 3":        "POST / HTTP/3.0\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"small letters":    "post / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"HTTP/2":           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00",
		"TLS":              "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"GET":              "GET /rest/chaininfo.json HTTP/1.1\r\nHost: a\r\n\r\n",
		"HEAD":             "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS":          "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST *":           "POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"origin":           "POST / HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\nReferer: https://evil.example/x?y\r\nSec-Fetch-Mode: cors\r\nContent-Length: 4\r\n\r\nbody",
		"pragma":           "POST / HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\nContent-Length: 4\r\n\r\nbody",
		"unknown header":   "POST / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: b\r\nContent-Length: 4\r\n\r\nbody",
		"header twice":     "POST / HTTP/1.1\r\nHost: a\r\nAccept: b\r\nAccept: c\r\nContent-Length: 4\r\n\r\nbody",
		"no colon":         "POST / HTTP/1.1\r\nHost: a\r\nAccept\r\nContent-Length: 4\r\n\r\nbody",
		"no name":          "POST / HTTP/1.1\r\nHost: a\r\n: b\r\nContent-Length: 4\r\n\r\nbody",
		"empty value":      "POST / HTTP/1.1\r\nHost: a\r\nAccept:\r\nUser-Agent:   \r\nContent-Length: 4\r\n\r\nbody",
		"colons":           "POST / HTTP/1.1\r\nHost: a:1\r\nAccept: :b: c:\r\nContent-Length: 4\r\n\r\nbody",
		"Latin":            "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: caf\xe9\r\nContent-Length: 4\r\n\r\nbody",
		"Kelvin":           "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: a\r\nSec-Fetch-Mode: \u212a\r\nContent-Length: 4\r\n\r\nbody",
		"zero byte":        "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: a\x00b\r\nContent-Length: 4\r\n\r\nbody",
		"delete":           "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: a\x7fb\r\nContent-Length: 4\r\n\r\nbody",
		"line ends before": "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
		"line ends behind": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody\r\n",
		"four of them":     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody\r\n\n\r",
		"more of them":     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody\r\n\r\n\r\n",
		"rubbish behind":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGE",
		"body of requests": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 46\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"large body":       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" + strings.Repeat("x", 30_000),
		"larger body":      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" + strings.Repeat("x", 90_000),
		"unread, large":    "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" + strings.Repeat("x", 30_000),
		"long head":        "POST / HTTP/1.1\r\nHost: a\r\nAccept: " + strings.Repeat("x", 8000) + "\r\nContent-Length: 4\r\n\r\nbody",
		"longer head":      "POST / HTTP/1.1\r\nHost: a\r\nAccept: " + strings.Repeat("x", 10_000) + "\r\nContent-Length: 4\r\n\r\nbody",
		"endless head":     "POST / HTTP/1.1\r\nHost: a\r\nAccept: " + strings.Repeat("x", 20_000),
		"long path":        "POST /" + strings.Repeat("x", 9000) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
	}
	for _, kind := range []string{"unread", "told", "large", "parts", "exact", "none", "same", "few", "many", "late", "odd", "last", "encoded", "panic", "abort", "silent"} {
		out[kind] = "POST /wallet/" + kind + " HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
		out[kind+", then no more"] = "POST /wallet/" + kind + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"
		out[kind+" and another"] = out[kind] + out["curl"] + out["GET"]
	}
	return out
}

// Whatever a client sends, it is answered, and the handler sees it, as with
// net/http alone.
func TestSameAsNetHTTP(t *testing.T) {
	here, there := here(t), there(t)
	for name, raw := range requests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // net/http waits for half a second now and then
			same(t, here, there, []byte(raw))
		})
	}
}

func FuzzSameAsNetHTTP(f *testing.F) {
	for _, raw := range requests() {
		if len(raw) < 4000 {
			f.Add([]byte(raw))
		}
	}
	here, there := here(f), there(f)
	f.Fuzz(func(t *testing.T, raw []byte) { same(t, here, there, raw) })
}

package plainhttp

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// head is what a plain request says before its body. It is immutable: a client
// that sends the same again gets the same head.
type head struct {
	raw    []byte // as it was sent
	url    *url.URL
	host   string
	header http.Header // but for Host, as net/http has it
	length int         // bytes of the body
	last   bool        // the client wants the connection closed
}

const (
	begin = "POST /"
	end   = " HTTP/1.1"
)

// canonical names the headers of plain requests: none of them changes where a
// request ends or how it is answered, but for those that parse looks at.
var canonical = map[string]string{}

func init() {
	for _, name := range []string{
		"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization", "Connection", "Content-Length",
		"Content-Type", "Host", "Origin", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "User-Agent",
	} {
		canonical[name], canonical[strings.ToLower(name)] = name, name
	}
}

// parse reads a head, which ends with an empty line; nil when it is not plain.
func parse(raw []byte) *head {
	if !printable(raw) {
		return nil
	}
	h := &head{raw: bytes.Clone(raw), header: make(http.Header, 8), length: -1}
	text := string(raw)
	line, text, _ := strings.Cut(text, "\r\n")
	path, ok := strings.CutSuffix(strings.TrimPrefix(line, begin[:len(begin)-1]), end)
	if !ok || !plainPath(path) {
		return nil
	}
	h.url = &url.URL{Path: path}
	values := make([]string, 0, 8)
	for {
		line, text, _ = strings.Cut(text, "\r\n")
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		key := canonical[name]
		if key == "" {
			key = canonical[strings.ToLower(name)]
		}
		if !ok || key == "" || h.header[key] != nil {
			return nil // no header, unknown, or there twice
		}
		values = append(values, strings.Trim(value, " "))
		n := len(values)
		h.header[key] = values[n-1 : n : n]
	}
	if !h.understand() {
		return nil
	}
	return h
}

// understand reads the headers that matter to the transport.
func (h *head) understand() bool {
	h.host = h.header.Get("Host")
	delete(h.header, "Host")
	if h.length = digits(h.header.Get("Content-Length")); h.length < 0 || !plainHost(h.host) {
		return false
	}
	c := h.header["Connection"]
	h.last = c != nil && strings.EqualFold(c[0], "close")
	return c == nil || h.last || strings.EqualFold(c[0], "keep-alive")
}

// printable says whether lines are of visible ASCII and spaces.
func printable(raw []byte) bool {
	for _, c := range raw {
		if (c < ' ' || c > '~') && c != '\r' && c != '\n' {
			return false
		}
	}
	// Lines end in both; endOfHead has looked at one half of that.
	return bytes.Count(raw, []byte{'\r'}) == bytes.Count(raw, []byte{'\n'})
}

// plainPath says whether a path means itself: nothing in it is escaped, or asks.
func plainPath(s string) bool {
	return s != "" && !strings.HasPrefix(s, "//") && only(s, "/-._~")
}

func plainHost(s string) bool { return s != "" && only(s, "-.:[]") }

// only says whether a text has letters, digits and these.
func only(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

// digits reads a length as it is usually written; -1 for all else.
func digits(s string) int {
	if s == "" || len(s) > 8 || len(s) > 1 && s[0] == '0' {
		return -1
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// endOfHead looks for the empty line that ends a head, in what came behind the
// first from bytes, which have none. It returns how long the head is, 0 when it
// has not ended yet, and whether its lines end as they should.
func endOfHead(b []byte, from int) (n int, plain bool) {
	for i := from; ; i++ {
		next := bytes.IndexByte(b[i:], '\n')
		if next < 0 {
			return 0, true
		}
		i += next
		if i == 0 || b[i-1] != '\r' {
			return 0, false
		}
		if i >= 3 && b[i-2] == '\n' {
			return i + 1, true
		}
	}
}

package rpcload

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// client is one connection and what came of it. It writes requests and reads
// answers by itself: net/http's transport hands each to goroutines, and its
// reader builds what nobody looks at, which takes as much of the cores that
// client and node share as a node's small answer does.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	unwatch func() bool // of the context that ends what the connection waits for
	head    string      // of every request, up to its length
	request []byte

	times  []time.Duration
	failed int
	bytes  int64
	words  string // of the first failure
}

// connect opens the connection, unless it is open.
func (c *client) connect(ctx context.Context, to *Config) error {
	if c.conn != nil {
		return nil
	}
	host := strings.TrimSuffix(strings.TrimPrefix(to.URL, "http://"), "/")
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return err
	}
	c.conn, c.in = conn, bufio.NewReaderSize(conn, 64<<10)
	c.unwatch = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	c.head = "POST / HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nAuthorization: Basic " +
		base64.StdEncoding.EncodeToString([]byte(to.Login)) + "\r\nContent-Length: "
	return nil
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.unwatch()
		_ = c.conn.Close() // everything was read
		c.conn = nil
	}
}

// ask sends one question and reads the answer to its end.
func (c *client) ask(ctx context.Context, to *Config, call string) error {
	if err := c.connect(ctx, to); err != nil {
		return err
	}
	c.request = strconv.AppendInt(append(c.request[:0], c.head...), int64(len(call)), 10)
	c.request = append(append(c.request, "\r\n\r\n"...), call...)
	start := time.Now()
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	a, err := readHead(c.in)
	if err != nil {
		return err
	}
	if a.last {
		defer c.hangUp()
	}
	if a.status == http.StatusOK {
		n, err := c.in.Discard(a.length)
		c.times, c.bytes = append(c.times, time.Since(start)), c.bytes+int64(n)
		return err
	}
	words, err := io.ReadAll(io.LimitReader(c.in, int64(a.length)))
	if c.failed++; c.words == "" {
		c.words = fmt.Sprintf("%d %s: %s", a.status, http.StatusText(a.status), bytes.TrimSpace(words[:min(len(words), 200)]))
	}
	return err
}

// head is what of an answer's headers matters here.
type head struct {
	status int
	length int  // bytes of the body
	last   bool // the server closes the connection behind it
}

// readHead reads an answer up to its body, which must have its length told: so
// have all answers to single calls, bitcoind's and ours.
func readHead(in *bufio.Reader) (head, error) {
	a := head{length: -1}
	line, err := in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	status, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(status) < 3 {
		return a, fmt.Errorf("no answer of HTTP/1.1: %.40q", line)
	}
	a.status = number(status[:3])
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return a, err
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case !ok && a.length < 0:
			return a, errors.New("an answer does not tell its length")
		case !ok:
			return a, nil
		case bytes.EqualFold(name, []byte("Content-Length")):
			a.length = number(value)
		case bytes.EqualFold(name, []byte("Connection")):
			a.last = bytes.EqualFold(value, []byte("close"))
		}
	}
}

// number reads digits; -1 for what has others, or is too long to be a length.
func number(digits []byte) int {
	if len(digits) == 0 || len(digits) > 12 {
		return -1
	}
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' {
			return -1
		}
		n = n*10 + int(d-'0')
	}
	return n
}

package rpcload

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// client is one connection and what came of it. It writes requests by itself:
// net/http's transport hands each to goroutines, which takes as much of the
// cores that client and node share as a node's small answer does.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	head    string // of every request, up to its length
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
	c.head = "POST / HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nAuthorization: Basic " +
		base64.StdEncoding.EncodeToString([]byte(to.Login)) + "\r\nContent-Length: "
	return nil
}

func (c *client) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close() // everything was read
		c.conn = nil
	}
}

// ask sends one question and reads the answer to its end.
func (c *client) ask(ctx context.Context, to *Config, call string) error {
	if err := c.connect(ctx, to); err != nil {
		return err
	}
	conn := c.conn
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	c.request = strconv.AppendInt(append(c.request[:0], c.head...), int64(len(call)), 10)
	c.request = append(append(c.request, "\r\n\r\n"...), call...)
	start := time.Now()
	if _, err := conn.Write(c.request); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.Close {
		defer c.hangUp()
	}
	if res.StatusCode == http.StatusOK {
		n, err := io.Copy(io.Discard, res.Body)
		c.times, c.bytes = append(c.times, time.Since(start)), c.bytes+n
		return err
	}
	words, err := io.ReadAll(res.Body)
	if c.failed++; c.words == "" {
		c.words = fmt.Sprintf("%s: %s", res.Status, bytes.TrimSpace(words[:min(len(words), 200)]))
	}
	return err
}

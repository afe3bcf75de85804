package rpc

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// A small call over one connection that stays open: what a call costs besides
// its method. The client's side of it costs no allocation.
func BenchmarkSmallCall(b *testing.B) {
	f := newFixture(b, 3)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.server.Run(ctx) }()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", f.server.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	call := fmt.Sprintf(`{"jsonrpc":"1.0","id":1,"method":"getblockheader","params":[%q]}`, f.vars["tip"])
	request := fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s",
		base64.StdEncoding.EncodeToString([]byte("alice:secret")), len(call), call)
	in := bufio.NewReader(conn)
	ask := func(read func() error) {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
	ask(func() error {
		res, err := http.ReadResponse(in, nil)
		if err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("%v, %w", res, err)
		}
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		return err
	})
	answer := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		ask(func() error { _, err := conn.Read(answer); return err })
	}
	_ = conn.Close()
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

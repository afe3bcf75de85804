package rpc

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

// What HTTP and the two dialects answer, whatever the method.
func TestDialects(t *testing.T) {
	f := newFixture(t, 0)
	for _, c := range []struct {
		name, body string
		status     int
		reply      string
	}{
		{"1.x result", `{"id":7,"method":"getblockcount"}`, 200, `{"result":0,"error":null,"id":7}`},
		{"1.1 result", `{"jsonrpc":"1.1","id":"a","method":"getblockcount","params":null}`, 200, `{"result":0,"error":null,"id":"a"}`},
		{"1.x error", `{"id":1,"method":"getblockhash","params":[9]}`, 500, `{"result":null,"error":{"code":-8,"message":"Block height out of range"},"id":1}`},
		{"1.x no method", `{"id":1,"method":"getinfo"}`, 404, `{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"1.x missing method", `{"id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"1.x method is no string", `{"id":1,"method":5}`, 400, `{"result":null,"error":{"code":-32600,"message":"Method must be a string"},"id":1}`},
		{"1.x bad params", `{"id":1,"method":"help","params":"x"}`, 400, `{"result":null,"error":{"code":-32600,"message":"Params must be an array or object"},"id":1}`},
		{"1.x without id", `{"method":"getblockcount"}`, 200, `{"result":0,"error":null}`},
		{"1.x null id", `{"id":null,"method":"getblockcount"}`, 200, `{"result":0,"error":null,"id":null}`},
		{"1.x first of two", `{"id":1,"id":2,"method":"getblockcount","method":"x"}`, 200, `{"result":0,"error":null,"id":1}`},
		{"2.0 result", `{"jsonrpc":"2.0","id":7,"method":"getblockcount"}`, 200, `{"jsonrpc":"2.0","result":0,"id":7}`},
		{"2.0 error", `{"jsonrpc":"2.0","id":7,"method":"nosuch"}`, 200, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":7}`},
		{"2.0 notification", `{"jsonrpc":"2.0","method":"getblockcount"}`, 204, ``},
		{"3.0", `{"jsonrpc":"3.0","id":1,"method":"getblockcount"}`, 400, `{"result":null,"error":{"code":-32600,"message":"JSON-RPC version not supported"},"id":1}`},
		{"2.0 null id", `{"jsonrpc":"2.0","id":null,"method":"nosuch"}`, 200, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":null}`},
		{"2.0 error in a notification", `{"jsonrpc":"2.0","method":"getblockhash","params":[9]}`, 204, ``},
		{"2.0 missing method", `{"jsonrpc":"2.0","id":1}`, 200, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"version is no string", `{"jsonrpc":2,"method":"getblockcount"}`, 400, `{"result":null,"error":{"code":-32600,"message":"jsonrpc field must be a string"}}`},
		{"escaped key", `{"\u0069d":"a\nb","method":"getblockcount"}`, 200, `{"result":0,"error":null,"id":"a\nb"}`},
		{"nothing", ``, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"no UTF-8", "{\"id\":\"\xff\"}", 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"too deep", strings.Repeat("[", 513) + strings.Repeat("]", 513), 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"no JSON", `{"id":`, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"neither call nor batch", `7`, 500, `{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}`},
		{"empty batch", `[]`, 200, `[]`},
		{"batch", `[{"id":1,"method":"getblockcount"},{"jsonrpc":"2.0","id":2,"method":"nosuch"},{"jsonrpc":"2.0","method":"getblockcount"},5]`, 200,
			`[{"result":0,"error":null,"id":1},{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":2},{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}]`},
		{"batch of notifications", `[{"jsonrpc":"2.0","method":"getblockcount"}]`, 204, ``},
	} {
		status, reply := f.post(c.body)
		if status != c.status || strings.TrimSpace(reply) != c.reply {
			t.Errorf("%s: %d %s\nwant %d %s", c.name, status, reply, c.status, c.reply)
		}
	}
}

func TestBeforeAttach(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	for _, method := range []string{"getblockcount", "help", "stop", "nosuch"} {
		status, reply := post(s, "/", `{"id":1,"method":"`+method+`"}`)
		if status != 500 || !strings.Contains(reply, `"code":-28`) {
			t.Errorf("%s: %d %s", method, status, reply)
		}
	}
}

func TestWalletPath(t *testing.T) {
	f := newFixture(t, 0)
	for _, c := range []struct {
		path, method string
		status       int
		part         string
	}{
		{"/wallet/", "quern.wallet.balance", 500, `"code":-18`}, // ours, but it has no keys
		{"/wallet/savings", "quern.wallet.balance", 500, `Requested wallet does not exist or is not loaded`},
		{"/wallet/savings", "getblockcount", 200, `"result":0`},
		{"/elsewhere", "getblockcount", 404, "not found"},
	} {
		status, reply := post(f.server, c.path, `{"id":1,"method":"`+c.method+`"}`)
		if status != c.status || !strings.Contains(reply, c.part) {
			t.Errorf("%s %s: %d %s", c.path, c.method, status, reply)
		}
	}
}

// What is not there is told before how it must be asked for.
func TestNoSuchPath(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	for path, want := range map[string]int{"/": 405, "/wallet/savings": 405, "/elsewhere": 404, "/favicon.ico": 404} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
		if w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
	}
}

// Who may not even ask.
func TestDoor(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	cookie, err := os.ReadFile(CookieFile(s.config.Dir))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(CookieFile(s.config.Dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("cookie's mode %v, %v", info.Mode(), err)
	}
	basic := func(login string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(login)) }
	for _, c := range []struct {
		name, method, login, host, origin string
		status                            int
	}{
		{"password", "POST", basic("alice:secret"), "localhost:8332", "", 500},
		{"cookie", "POST", basic(string(cookie)), "127.0.0.1:8332", "", 500},
		{"IPv6", "POST", basic("alice:secret"), "[::1]:8332", "", 500},
		{"wrong password", "POST", basic("alice:secrets"), "localhost", "", 401},
		{"cookie's user, another's password", "POST", basic("__cookie__:secret"), "localhost", "", 401},
		{"no password", "POST", "", "localhost", "", 401},
		{"GET", "GET", basic("alice:secret"), "localhost", "", 405},
		{"rebound name", "POST", basic("alice:secret"), "evil.example:8332", "", 403},
		{"another origin", "POST", basic("alice:secret"), "localhost", "https://evil.example", 403},
	} {
		r := httptest.NewRequest(c.method, "http://localhost/", strings.NewReader(`{"id":1,"method":"help"}`))
		r.Host = c.host
		if c.login != "" {
			r.Header.Set("Authorization", c.login)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d (%s)", c.name, w.Code, c.status, w.Body)
		}
	}
}

func TestBodyTooLarge(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	if status, _ := post(s, "/", `{"id":"`+strings.Repeat("x", maxBody)+`"}`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", status)
	}
	batch := "[" + strings.TrimSuffix(strings.Repeat("1,", maxBatch+1), ",") + "]"
	if status, reply := post(s, "/", batch); status != 400 || !strings.Contains(reply, "at most 10000") {
		t.Errorf("long batch: %d %.200s", status, reply)
	}
}

// When all places are taken, the next caller hears of it at once.
func TestQueueFull(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	for range cap(s.queue) {
		s.queue <- struct{}{}
	}
	if status, reply := post(s, "/", `{}`); status != http.StatusServiceUnavailable || !strings.Contains(reply, "Work queue depth exceeded") {
		t.Errorf("%d %s", status, reply)
	}
	for range cap(s.queue) {
		<-s.queue
	}
	if status, _ := post(s, "/", `{"id":1,"method":"help"}`); status != 500 {
		t.Errorf("after the queue emptied: %d", status)
	}
}

// A long batch is sent in parts; none is held longer than it must be.
func TestLongBatch(t *testing.T) {
	f := newFixture(t, 3)
	f.methods()["large"] = &table.Method{Name: "large", Call: func(context.Context, table.Args) (any, error) {
		return strings.Repeat("x", 100_000), nil
	}}
	calls := make([]string, 100)
	for i := range calls {
		calls[i] = fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"large"}`, i)
	}
	w := &parts{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader("["+strings.Join(calls, ",")+"]"))
	r.SetBasicAuth("alice", "secret")
	f.server.ServeHTTP(w, r)
	var replies []struct{ ID int }
	if err := json.Unmarshal(w.Body.Bytes(), &replies); err != nil || len(replies) != 100 || replies[99].ID != 99 {
		t.Errorf("%d replies, %v", len(replies), err)
	}
	if w.longest > sendAt+200_000 {
		t.Errorf("%d bytes were held", w.longest)
	}
}

// parts measures what is written at once.
type parts struct {
	*httptest.ResponseRecorder
	longest int
}

func (p *parts) Write(b []byte) (int, error) {
	p.longest = max(p.longest, len(b))
	return p.ResponseRecorder.Write(b)
}

// Steps of a start are told to whoever asks meanwhile.
func TestWarmup(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	for _, step := range []string{"RPC server started", "Loading block index…", "Loading wallet…"} {
		if step != "RPC server started" {
			s.Warm(step)
		}
		if status, reply := post(s, "/", `{"id":1,"method":"getblockcount"}`); status != 500 || !strings.Contains(reply, `"code":-28,"message":"`+step+`"`) {
			t.Errorf("%s: %d %s", step, status, reply)
		}
	}
}

// The real port: a client by cookie, and an end that leaves nothing behind.
func TestServe(t *testing.T) {
	f := newFixture(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.server.Run(ctx) }()
	c := &Client{URL: "http://" + f.server.Addr().String()}
	if err := c.ReadCookie(f.server.config.Dir); err != nil {
		t.Fatal(err)
	}
	var st own.Status
	if err := c.Call(t.Context(), "quern.status", nil, &st); err != nil || st.Chain != "regtest" || st.Swarm != "test" {
		t.Errorf("status %+v, %v", st, err)
	}
	var fail *table.Error
	if err := c.Call(t.Context(), "getblockhash", map[string]any{"height": 5}, nil); !errors.As(err, &fail) || fail.Code != table.CodeInvalid {
		t.Errorf("error %v", err)
	}
	// Headers beyond the limit end the connection, not the server.
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", f.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(append([]byte("POST / HTTP/1.1\r\nX: "), bytes.Repeat([]byte("x"), 64<<10)...)); err == nil {
		answer, _ := io.ReadAll(conn) // may be reset: the rest was not read
		if len(answer) > 0 && !bytes.Contains(answer, []byte("431")) {
			t.Errorf("long headers: %s", answer)
		}
	}
	_ = conn.Close()
	if err := c.Call(t.Context(), "getblockcount", nil, nil); err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(CookieFile(f.server.config.Dir)); !os.IsNotExist(err) {
		t.Errorf("the cookie is left: %v", err)
	}
}

package rpc

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// as sends a body with a login.
func as(s *Server, user, password, body string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(body))
	r.SetBasicAuth(user, password)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// The lines are those of Core's rpc_users.py.
func TestAuthLines(t *testing.T) {
	c := testConfig(t)
	c.Auth = []string{
		"rt:93648e835a54c573682c2eb19f882535$7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144",
		"rt2:f8607b1a88861fac29dfccf9b52ff9f$ff36a0c23c8c62b4846112e50fa888416e94c17bfd4c42f88fd8f55ec6a3137e",
	}
	c.Cookie, c.CookiePerms = filepath.Join(t.TempDir(), "login"), "group"
	s, err := Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if info, err := os.Stat(c.Cookie); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("cookie %v, %v", info, err)
	}
	const rt, rt2 = "cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=", "8/F3uMDw4KSEbw96U3CA1C4X05dkHDN2BPFjTgZW4KI="
	for _, c := range []struct {
		user, password string
		status         int
	}{{"rt", rt, 500}, {"rt2", rt2, 500}, {"rt", rt2, 401}, {"rt2", rt, 401}, {"alice", "secret", 500}, {"nobody", rt, 401}, {"rt", "", 401}} {
		if status, reply := as(s, c.user, c.password, `{"id":1,"method":"help"}`); status != c.status {
			t.Errorf("%s %s: %d %s", c.user, c.password, status, reply)
		}
	}
}

func TestBadAuthLines(t *testing.T) {
	for _, line := range []string{"", "foo", "foo:bar", "foo:bar:baz", "foo$bar:baz", "foo:bar$baz$bat", "foo:a$b:c"} {
		if err := CheckAuth(line); err == nil {
			t.Errorf("%q is accepted", line)
		}
	}
}

// What users may call, as in Core's rpc_whitelist.py.
func TestWhitelist(t *testing.T) {
	lines := []string{
		"user1:getbestblockhash,getblockcount,", "user2:getblockcount", "user3: getbestblockhash , getblockcount",
		"user4:getblockcount,getnetworkinfo", "user4:getblockcount", "user5", "user6:",
	}
	for _, others := range []bool{true, false} {
		w := newWhitelist(lines, others)
		for _, c := range []struct {
			user, method string
			want         bool
		}{
			{"user1", "getbestblockhash", true}, {"user1", "getnetworkinfo", false}, {"user2", "getblockcount", true}, {"user2", "getbestblockhash", false},
			{"user3", "getblockcount", true}, {"user4", "getblockcount", true}, {"user4", "getnetworkinfo", false},
			{"user5", "getblockcount", false}, {"user6", "getblockcount", false}, {"other", "getblockcount", !others},
		} {
			if got := w.allows(c.user, c.method); got != c.want {
				t.Errorf("%s %s: %v", c.user, c.method, got)
			}
		}
	}
}

func TestForbidden(t *testing.T) {
	f := newFixture(t, 0)
	f.server.whitelist = newWhitelist([]string{"alice:getblockcount,uptime"}, false)
	for _, c := range []struct {
		body   string
		status int
		part   string
	}{
		{`{"id":1,"method":"getblockcount"}`, 200, `"result":0`},
		{`{"id":1,"method":"getbestblockhash"}`, 403, ""},
		{`{"jsonrpc":"2.0","id":1,"method":"getbestblockhash"}`, 403, ""},
		{`[{"id":1,"method":"getblockcount"}]`, 200, `"result":0`},
		{`[{"id":1,"method":"getblockcount"},{"id":2,"method":"stop"}]`, 403, ""},
		{`[5]`, 400, "Invalid Request object"},
		{`[{"id":1}]`, 500, "JSON value of type null is not of expected type string"},
	} {
		if status, reply := f.post(c.body); status != c.status || !strings.Contains(reply, c.part) || c.status == 403 && reply != "" {
			t.Errorf("%s: %d %s", c.body, status, reply)
		}
	}
	f.server.whitelist = newWhitelist([]string{"bob:getblockcount"}, true)
	if status, reply := f.post(`{"id":1,"method":"getblockcount"}`); status != 403 || reply != "" {
		t.Errorf("a user without a list: %d %s", status, reply)
	}
}

// A login that has just been right opens for itself alone.
func TestLoginSeenBefore(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	const unknown = `{"id":1,"method":"nosuch"}`
	for _, c := range []struct {
		user, password string
		status         int
	}{
		{"alice", "secret", http.StatusInternalServerError}, // it gets in, and the node is starting
		{"alice", "secret", http.StatusInternalServerError},
		{"alice", "secret2", http.StatusUnauthorized},
		{"alice", "", http.StatusUnauthorized},
		{cookieUser, "secret", http.StatusUnauthorized},
		{"", "", http.StatusUnauthorized},
		{"alice", "secret", http.StatusInternalServerError},
	} {
		if status, _ := as(s, c.user, c.password, unknown); status != c.status {
			t.Errorf("%s:%s: %d, want %d", c.user, c.password, status, c.status)
		}
	}
}

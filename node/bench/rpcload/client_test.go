package rpcload

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// Each question is answered once, by whatever answer, and its connection is used
// again unless the server closes it.
func TestRunReadsAnswers(t *testing.T) {
	var asked, opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if user, password, _ := r.BasicAuth(); err != nil || user != "alice" || password != "secret" {
			t.Errorf("asked by %s:%s, %v", user, password, err)
		}
		switch asked.Add(1); string(body) {
		case "large":
			_, _ = io.WriteString(w, strings.Repeat("x", 2000))
		case "last":
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, "y")
		case "wrong":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "no such thing")
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := Config{URL: s.URL, Login: "alice:secret", Clients: 1}
	calls := []string{"large", "last", "wrong", "large", "wrong", "last", "large"}
	f, err := c.Run(t.Context(), "answers", calls, true)
	if err != nil {
		t.Fatal(err)
	}
	if int(asked.Load()) != len(calls) || f.Calls != len(calls) || f.Failed != 2 || f.Error != "500 Internal Server Error: no such thing" {
		t.Errorf("%d asked, %+v", asked.Load(), f)
	}
	if opened.Load() != 3 {
		t.Errorf("%d connections", opened.Load())
	}
}

func TestRunRefusesWhatIsNoAnswer(t *testing.T) {
	for name, answer := range map[string]string{
		"not HTTP":            "SSH-2.0-server\r\n\r\n",
		"length is not told":  "HTTP/1.1 200 OK\r\n\r\n{}",
		"length is no length": "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
		"too short":           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
	} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				_, _ = io.WriteString(conn, answer) // who asked may have left
				err = conn.(*net.TCPConn).CloseWrite()
			}
			if err == nil {
				_, _ = io.Copy(io.Discard, conn) // all of the question, lest the answer be lost
				err = conn.Close()
			}
			done <- err
		}()
		c := Config{URL: "http://" + l.Addr().String(), Login: "alice:secret", Clients: 1}
		if f, err := c.Run(t.Context(), name, []string{"{}"}, true); err == nil {
			t.Errorf("%s: %+v", name, f)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = l.Close()
	}
}

package rpc

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/rest"
)

// REST's transcript: a line "> GET path" or "> POST path body" is sent, what
// follows is the answer: status and type, then the body, bytes as hex. See TestTranscripts.
func TestRESTTranscript(t *testing.T) {
	for file, indexed := range map[string]bool{"rest": false, "indexed": true} {
		t.Run(file, func(t *testing.T) {
			f := newFixtureWith(t, 101, indexed)
			f.serveREST()
			f.payments()
			path := "testdata/rest/" + file + ".txt"
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := f.replayREST(want)
			if os.Getenv("QUERN_UPDATE") == "1" {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, string(got), string(want))
		})
	}
}

// serveREST switches REST on.
func (f *fixture) serveREST() {
	p := &f.parts
	p.REST = func(call Call) http.Handler {
		c := rest.Config{Chain: p.Chain, Pool: p.Pool, Wait: p.Indexes.Wait, Params: p.Params, Call: call}
		if p.Indexes.Tx != nil {
			c.Txs, c.Filters = p.Indexes.Tx, p.Indexes.Filters
		}
		return rest.New(c)
	}
	f.server.Attach(*p)
}

// payments brings a payment into a block, and one of its change into the
// mempool.
func (f *fixture) payments() {
	f.t.Helper()
	for _, name := range []string{"pay", "child"} {
		if _, fail := f.call("sendrawtransaction", []any{f.vars[name], 0}); fail != nil {
			f.t.Fatal(fail)
		}
		if name == "pay" {
			ids, err := f.parts.Assembler.Generate(f.t.Context(), 1, f.script, 0)
			if err != nil {
				f.t.Fatal(err)
			}
			f.vars["tip"] = ids[0].String()
		}
	}
}

func (f *fixture) replayREST(script []byte) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(script)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			fmt.Fprintf(&out, "%s\n", line)
		}
		request, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue
		}
		fmt.Fprintf(&out, "%s\n", line)
		request = variable.ReplaceAllStringFunc(request, func(name string) string { return f.vars[name[1:]] })
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		r := httptest.NewRequestWithContext(f.t.Context(), method, "http://localhost"+path, strings.NewReader(body))
		w := httptest.NewRecorder()
		f.server.ServeHTTP(w, r)
		answer := w.Body.String()
		kind := w.Header().Get("Content-Type")
		if kind == "application/octet-stream" {
			answer = hex.EncodeToString([]byte(answer))
		}
		fmt.Fprintf(&out, "%d %s\n%s\n\n", w.Code, kind, strings.TrimSpace(answer))
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// Until the node is there REST says so; where it is off there is none.
func TestRESTOff(t *testing.T) {
	s := newServer(t)
	defer s.Close()
	ask := func() int {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/rest/chaininfo.json", nil))
		return w.Code
	}
	if code := ask(); code != http.StatusServiceUnavailable {
		t.Errorf("status %d before there is a node", code)
	}
	f := newFixture(t, 0)
	s.Attach(f.parts)
	if code := ask(); code != http.StatusNotFound {
		t.Errorf("status %d where REST is off", code)
	}
}

// A block whose body was pruned is not there, and REST says why.
func TestRESTOfAPrunedNode(t *testing.T) {
	params, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	f := newFixtureOf(t, 400, false, datastore.Config{Params: params, Backend: "memory", BlockFile: 8 << 10}, -1)
	f.serveREST()
	f.must("pruneblockchain", nil, 100)
	id := f.vars["block1"]
	for path, want := range map[string]string{
		"/rest/block/" + id + ".bin":       id + " not available (pruned data)",
		"/rest/spenttxouts/" + id + ".bin": id + " undo not available",
	} {
		w := httptest.NewRecorder()
		f.server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil))
		if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusNotFound || got != want {
			t.Errorf("%s: %d %s", path, w.Code, got)
		}
	}
}

// Clients that do not read what they asked for keep no worker from others, and have only so much time.
func TestRESTOfSlowReaders(t *testing.T) {
	f := newFixture(t, 1)
	f.serveREST()
	ask := func(w http.ResponseWriter) {
		f.server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/rest/chaininfo.json", nil))
	}
	var all sync.WaitGroup
	slow := make([]*unread, cap(f.server.slots))
	for i := range slow {
		slow[i] = &unread{ResponseRecorder: httptest.NewRecorder(), begun: make(chan struct{}), read: make(chan struct{})}
		all.Go(func() { ask(slow[i]) })
	}
	for _, w := range slow {
		<-w.begun
	}
	if w := httptest.NewRecorder(); len(f.server.slots) == 0 {
		ask(w)
		if w.Code != http.StatusOK {
			t.Errorf("beside readers that are slow: status %d", w.Code)
		}
	} else {
		t.Errorf("%d workers wait for slow readers", len(f.server.slots))
	}
	for _, w := range slow {
		close(w.read)
	}
	all.Wait()
	for _, w := range slow {
		if w.deadline.IsZero() {
			t.Error("a slow reader has all the time in the world")
		}
	}
}

// unread is an answer that is not read until read is closed.
type unread struct {
	*httptest.ResponseRecorder
	begun, read chan struct{}
	deadline    time.Time
}

func (u *unread) Write(b []byte) (int, error) {
	close(u.begun)
	<-u.read
	return u.ResponseRecorder.Write(b)
}

func (u *unread) SetWriteDeadline(t time.Time) error {
	u.deadline = t
	return nil
}

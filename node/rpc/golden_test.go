package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Transcripts: a line "> method params" is sent, what follows up to an empty
// line is the answer: HTTP status, then the result or error. $name stands for
// one of the fixture's values, "=> name" behind a request keeps its result as another, "=> name.field" a part of it;
// method@wallet goes to the path of that wallet. QUERN_UPDATE=1 writes the answers anew, to be
// read before they are committed.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := newFixtureWith(t, 101, strings.HasPrefix(filepath.Base(file), "indexes"))
			if filepath.Base(file) == "network.txt" {
				f.connect()
			}
			got := f.replay(want)
			if os.Getenv("QUERN_UPDATE") == "1" {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, string(got), string(want))
		})
	}
}

// compare reports the first line that differs, with its request.
func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	request := ""
	for i := range max(len(g), len(w)) {
		a, b := "(end)", "(end)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if strings.HasPrefix(b, "> ") {
			request = b
		}
		if a != b {
			t.Fatalf("line %d, after %s\n got %s\nwant %s", i+1, request, a, b)
		}
	}
}

var variable = regexp.MustCompile(`\$[a-z][a-z0-9]*`)

// replay sends a transcript's requests and writes it with the answers that came.
func (f *fixture) replay(script []byte) []byte {
	var out bytes.Buffer
	for _, line := range strings.Split(string(script), "\n") {
		if strings.HasPrefix(line, "#") {
			fmt.Fprintf(&out, "%s\n", line)
		}
		request, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue
		}
		fmt.Fprintf(&out, "%s\n", line)
		request, kept, keep := strings.Cut(request, " => ")
		method, params, _ := strings.Cut(request, " ")
		method, wallet, named := strings.Cut(method, "@")
		params = variable.ReplaceAllStringFunc(params, func(name string) string {
			value, ok := f.vars[name[1:]]
			if !ok {
				f.t.Fatalf("%s: no variable %s", line, name)
			}
			return value
		})
		path := "/"
		if named {
			path = "/wallet/" + wallet
		}
		status, reply := post(f.server, path, fmt.Sprintf(`{"id":1,"method":%q,"params":%s}`, method, params))
		f.schema(method, reply)
		if keep {
			f.keep(kept, reply)
		}
		fmt.Fprintf(&out, "%d %s\n\n", status, f.steady(method, f.answer(reply)))
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// keep names a result that is a text, or a field of one as in "sent.txid", for the
// requests that follow.
func (f *fixture) keep(name, reply string) {
	var r struct{ Result json.RawMessage }
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		f.t.Fatalf("%s: %v in %s", name, err, reply)
	}
	name, field, ok := strings.Cut(name, ".")
	if ok {
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(r.Result, &fields)
		r.Result = fields[field]
	}
	var text string
	if err := json.Unmarshal(r.Result, &text); err != nil {
		f.t.Fatalf("%s: %v in %s", name, err, reply)
	}
	f.vars[name] = text
}

// answer is the result or error in a reply, indented, with field order and
// numbers as they came; the folder of the wallets, which is another in each run, by its name.
func (f *fixture) answer(reply string) string {
	var r struct {
		Result, Error json.RawMessage
	}
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		f.t.Fatalf("%v in %s", err, reply)
	}
	raw := r.Result
	if string(r.Error) != "null" {
		raw = r.Error
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", " "); err != nil {
		f.t.Fatal(err)
	}
	told := strings.ReplaceAll(b.String(), f.vars["wallets"], "$wallets")
	return strings.ReplaceAll(told, f.vars["folder"], "$folder")
}

// schema compares what a method returned with what it declares.
func (f *fixture) schema(method, reply string) {
	f.t.Helper()
	var r struct{ Result, Error json.RawMessage }
	m := f.methods()[method]
	if m == nil || json.Unmarshal([]byte(reply), &r) != nil || string(r.Error) != "null" {
		return
	}
	if err := m.Match(r.Result); err != nil {
		f.t.Errorf("the result is not as declared: %v", err)
	}
}

// untold lists methods that still have no transcript.
var untold = []string{
	"quern.wallet.history", "quern.wallet.restore",
}

// Every method has a transcript in which it succeeds at least once.
func TestEveryMethodHasTranscript(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	told := make(map[string]bool)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if request, ok := strings.CutPrefix(strings.TrimSpace(line), "> "); ok {
				name, _, _ := strings.Cut(request, " ")
				name, _, _ = strings.Cut(name, "@")
				told[name] = true
			}
		}
	}
	for name := range newFixture(t, 0).methods() {
		if !told[name] && !slices.Contains(untold, name) {
			t.Errorf("%s has no transcript: write requests into a file of testdata, and QUERN_UPDATE=1 go test -run Transcripts fills in the answers", name)
		}
		if told[name] && slices.Contains(untold, name) {
			t.Errorf("%s has a transcript: take it off the list of those that have none", name)
		}
	}
}

// volatile is what differs from run to run, by method.
var volatile = map[string]*regexp.Regexp{
	"uptime":        regexp.MustCompile(`[0-9]+`),
	"getrpcinfo":    regexp.MustCompile(`[0-9]+`),
	"getmemoryinfo": regexp.MustCompile(`[0-9]{2,}`),
	"getnettotals":  regexp.MustCompile(`[0-9]{4,}`),
	"quern.status":  regexp.MustCompile(`"uptime": [0-9]+`),
	"quern.net":     regexp.MustCompile(`[0-9]{4,}|"why": ".*"`),
	"listbanned":    regexp.MustCompile(`[0-9]{2,}`),
}

// steady takes out of an answer what differs from run to run.
func (f *fixture) steady(method, answer string) string {
	if f.parts.Net != nil {
		answer = strings.ReplaceAll(answer, f.parts.Net.ID().String(), "$self")
		answer = regexp.MustCompile(`/tcp/[0-9]+|"port": [0-9]+`).ReplaceAllString(answer, "$port")
	}
	if r := volatile[method]; r != nil {
		answer = r.ReplaceAllString(answer, "…")
	}
	return answer
}

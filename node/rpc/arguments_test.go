package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/rpc/table"
)

// sample is a value of an argument's type that a method may well refuse, but reads.
func sample(a *table.Arg) string {
	switch a.Kind {
	case table.Integer, table.Long, table.Number, table.Range:
		return "1"
	case table.Boolean:
		return "true"
	case table.Object, table.Options, table.Keys:
		return "{}"
	case table.Array:
		return "[]"
	case table.Text, table.HexText:
		return `"x"`
	}
	return "0"
}

var strange = []string{
	`""`, `"x"`, "0", "-1", "1.5", "1e400", "99999999999999999999", "true", "null", "[]", "{}", `[[]]`, `[null]`, `{"a":{}}`,
	`"` + strings.Repeat("00", 200) + `"`, `"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"`,
}

// skipped would end the test's node or wait, as they should.
var skipped = []string{"stop"}

// Every method refuses what its declaration does, and panics at nothing.
func TestWrongArguments(t *testing.T) {
	t.Chdir(t.TempDir()) // some write a file where they are told to
	f := newFixture(t, 3)
	methods := f.methods()
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		m := methods[name]
		if slices.Contains(skipped, name) {
			continue
		}
		good := make([]string, len(m.Args))
		for i := range m.Args {
			good[i] = sample(&m.Args[i])
		}
		tooMany := "[" + strings.Join(append(slices.Clone(good), "1"), ",") + "]"
		f.expect(name, tooMany, table.CodeMisc, m.Usage())
		f.expect(name, `{"nosuchargument":1}`, table.CodeInvalid, "Unknown named parameter nosuchargument")
		if least := m.Least(); least > 0 {
			f.expect(name, "["+strings.Join(good[:least-1], ",")+"]", table.CodeMisc, m.Usage())
		}
		for i := range m.Args {
			for _, odd := range strange {
				params := slices.Clone(good)
				params[i] = odd
				f.odd(m, i, params)
			}
		}
	}
}

// odd sends one strange argument.
func (f *fixture) odd(m *table.Method, i int, params []string) {
	list := "[" + strings.Join(params, ",") + "]"
	a := &m.Args[i]
	want := a.Kind.JSONType()
	value := json.RawMessage(params[i])
	if want != "" && !a.Loose && table.TypeName(value) != want && (a.Need || params[i] != "null") {
		f.expect(m.Name, list, table.CodeType, fmt.Sprintf("Position %d (%s)", i+1, a.Name))
		return
	}
	if m.Name == "generatetoaddress" || m.Name == "setmocktime" {
		return // would mine or stop the clock for real
	}
	if _, fail := f.call(m.Name, json.RawMessage(list)); fail != nil && fail.Code == table.CodeInternal {
		f.t.Errorf("%s %s: %s", m.Name, list, fail.Message)
	}
}

func (f *fixture) expect(method, params string, code int, part string) {
	f.t.Helper()
	_, fail := f.call(method, json.RawMessage(params))
	if fail == nil || fail.Code != code || !strings.Contains(fail.Message, part) {
		f.t.Errorf("%s %s: %+v, want code %d with %q", method, params, fail, code, part)
	}
}

// Every method has a category, help and a handler; defaults are of their kind.
func TestTable(t *testing.T) {
	for name, m := range newFixture(t, 0).methods() {
		if m.Category == "" || m.About == "" || m.Results == nil || m.Call == nil || m.Name != name {
			t.Errorf("%s: incomplete %+v", name, m)
		}
		for _, a := range m.Args {
			if a.Def == "" {
				continue
			}
			if want := a.Kind.JSONType(); want != "" && table.TypeName(json.RawMessage(a.Def)) != want {
				t.Errorf("%s: default %s of %s is no %s", name, a.Def, a.Name, want)
			}
		}
	}
}

// No body makes the decoder panic, and every answer is JSON.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"method":"m","params":[1,"a",{"x":1}]}`, `{"jsonrpc":"2.0","method":"m","params":{"a":1,"args":[2]}}`, `[]`, `[1]`, `{"params":{"a":1,"a":2},"method":"m"}`,
		`{"method":"m","params":{"x":1,"amount":1e5}}`, `{"method":"m","params":[ 1 , null ]}`,
	} {
		f.Add([]byte(seed))
	}
	m := &table.Method{Name: "m", About: "m", Args: []table.Arg{
		{Name: "a|alpha", Kind: table.Integer, Need: true}, {Name: "b", Kind: table.Text, Def: `"x"`}, {Name: "o", Kind: table.Options, Fields: []table.Arg{{Name: "x"}}}, {Name: "amount", Kind: table.Amount},
	}}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !table.WellFormed(body) {
			return
		}
		r := new(request)
		fail := r.parse(bytes.TrimSpace(body))
		reply := appendReply(nil, r, nil, table.Errorf(table.CodeMisc, "x"))
		if !json.Valid(reply) {
			t.Fatalf("reply %s", reply)
		}
		if fail != nil {
			return
		}
		a, err := m.Bind(r.params, "/")
		if err != nil {
			return
		}
		if len(a.Values) != len(m.Args) {
			t.Fatalf("%d arguments", len(a.Values))
		}
		_, _ = a.Integer(0), a.Text(1)
		if a.Given(3) {
			_, _ = table.ParseAmount(a.Raw(3))
		}
	})
}

package rpc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// sample is a value of a kind that a method may well refuse, but reads.
func (k kind) sample() string {
	switch k.jsonType() {
	case "number":
		return "1"
	case "bool":
		return "true"
	case "object":
		return "{}"
	case "array":
		return "[]"
	case "string":
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
	f := newFixture(t, 3)
	for name, m := range methods() {
		if slices.Contains(skipped, name) {
			continue
		}
		good := make([]string, len(m.args))
		for i := range m.args {
			good[i] = m.args[i].kind.sample()
		}
		tooMany := "[" + strings.Join(append(slices.Clone(good), "1"), ",") + "]"
		f.expect(name, tooMany, codeMisc, m.usage())
		f.expect(name, `{"nosuchargument":1}`, codeInvalid, "Unknown named parameter nosuchargument")
		if least := m.least(); least > 0 {
			f.expect(name, "["+strings.Join(good[:least-1], ",")+"]", codeMisc, m.usage())
		}
		for i := range m.args {
			for _, odd := range strange {
				params := slices.Clone(good)
				params[i] = odd
				f.odd(m, i, params)
			}
		}
	}
}

// odd sends one strange argument.
func (f *fixture) odd(m *method, i int, params []string) {
	list := "[" + strings.Join(params, ",") + "]"
	a := &m.args[i]
	want := a.kind.jsonType()
	value := json.RawMessage(params[i])
	if want != "" && !a.loose && typeName(value) != want && (a.need || params[i] != "null") {
		f.expect(m.name, list, codeType, fmt.Sprintf("Position %d (%s)", i+1, a.name))
		return
	}
	if m.name == "generatetoaddress" || m.name == "setmocktime" {
		return // would mine or stop the clock for real
	}
	if _, fail := f.call(m.name, json.RawMessage(list)); fail != nil && fail.Code == codeInternal {
		f.t.Errorf("%s %s: %s", m.name, list, fail.Message)
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
	for name, m := range methods() {
		if m.category == "" || m.about == "" || m.result == "" || m.call == nil || m.name != name {
			t.Errorf("%s: incomplete %+v", name, m)
		}
		for _, a := range m.args {
			if a.def == "" {
				continue
			}
			if want := a.kind.jsonType(); want != "" && typeName(json.RawMessage(a.def)) != want {
				t.Errorf("%s: default %s of %s is no %s", name, a.def, a.name, want)
			}
		}
	}
}

func TestNamedArguments(t *testing.T) {
	m := &method{name: "m", args: []arg{
		{name: "a|alpha", kind: integer, need: true}, {name: "b", kind: integer}, {name: "o", kind: options, fields: []arg{{name: "x"}, {name: "y"}}},
	}}
	for _, c := range []struct{ in, out, fail string }{
		{`{"a":1}`, `[1]`, ""},
		{`{"alpha":1,"b":2}`, `[1,2]`, ""},
		{`{"b":2}`, `[null,2]`, ""},
		{`{"a":1,"x":5,"y":6}`, `[1,null,{"x":5,"y":6}]`, ""},
		{`{"args":[1],"y":6}`, `[1,null,{"y":6}]`, ""},
		{`{"args":[1,2]}`, `[1,2]`, ""},
		{`{"args":[1,2],"b":3}`, "", "Parameter b specified twice both as positional and named argument"},
		{`{"a":1,"a":2}`, "", "Parameter a specified multiple times"},
		{`{"x":1,"o":{}}`, "", "Parameter o conflicts with parameter x"},
		{`{"a":1,"c":2}`, "", "Unknown named parameter c"},
		{`{"args":5}`, "", "Unknown named parameter args"},
	} {
		values, err := m.positional(json.RawMessage(c.in))
		if c.fail != "" {
			if err == nil || err.Error() != c.fail {
				t.Errorf("%s: %v, want %q", c.in, err, c.fail)
			}
			continue
		}
		if got, _ := json.Marshal(values); err != nil || string(got) != c.out {
			t.Errorf("%s: %s, %v, want %s", c.in, got, err, c.out)
		}
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1e8, "0.1": 1e7, "0.00000001": 1, "1e-8": 1, "20999999.99999999": 2099999999999999, `"0.5"`: 5e7, "0.10000000000": 1e7, "1E1": 1e9,
	} {
		if got, err := parseAmount(json.RawMessage(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0.000000001", "-1", "21000001", `"x"`, `""`, `" 1"`, `"1 "`, "true", "1e-9", "1e999999999", `".5"`, `"01"`} {
		if got, err := parseAmount(json.RawMessage(text)); err == nil {
			t.Errorf("%s: %d", text, got)
		}
	}
	for value, want := range map[coins]string{0: "0.00000000", 1: "0.00000001", -1: "-0.00000001", 5e9: "50.00000000", 123456789: "1.23456789"} {
		if got, _ := json.Marshal(value); string(got) != want {
			t.Errorf("%d: %s, want %s", int64(value), got, want)
		}
	}
	for value, want := range map[double]string{1: "1", 0.5: "0.5", 4.656542373906925e-10: "4.656542373906925e-10", 1e15: "1000000000000000", 1e16: "1e+16", 0.0001: "0.0001", 0.00001: "1e-05"} {
		if got, _ := json.Marshal(value); string(got) != want {
			t.Errorf("%g: %s, want %s", float64(value), got, want)
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
	m := &method{name: "m", about: "m", args: []arg{
		{name: "a|alpha", kind: integer, need: true}, {name: "b", kind: text, def: `"x"`}, {name: "o", kind: options, fields: []arg{{name: "x"}}}, {name: "amount", kind: amount},
	}}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, fail := parseRequest(body)
		reply := encodeReply(r, nil, errorf(codeMisc, "x"))
		if !json.Valid(reply) {
			t.Fatalf("reply %s", reply)
		}
		if fail != nil {
			return
		}
		a, err := m.bind(r)
		if err != nil {
			return
		}
		if len(a.values) != len(m.args) {
			t.Fatalf("%d arguments", len(a.values))
		}
		_, _ = a.integer(0), a.text(1)
		if a.given(3) {
			_, _ = parseAmount(a.raw(3))
		}
	})
}

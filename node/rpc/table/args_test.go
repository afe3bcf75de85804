package table

import (
	"encoding/json"
	"testing"
)

func TestNamedArguments(t *testing.T) {
	m := &Method{Name: "m", Args: []Arg{
		{Name: "a|alpha", Kind: Integer, Need: true}, {Name: "b", Kind: Integer}, {Name: "o", Kind: Options, Fields: []Arg{{Name: "x"}, {Name: "y"}}},
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
		if got, err := ParseAmount(json.RawMessage(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0.000000001", "-1", "21000001", `"x"`, `""`, `" 1"`, `"1 "`, "true", "1e-9", "1e999999999", `".5"`, `"01"`} {
		if got, err := ParseAmount(json.RawMessage(text)); err == nil {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func BenchmarkBind(b *testing.B) {
	m := &Method{Name: "m", Args: []Arg{{Name: "height", Kind: Integer, Need: true}}}
	for b.Loop() {
		if _, err := m.Bind(json.RawMessage(`[1]`), "/"); err != nil {
			b.Fatal(err)
		}
	}
}

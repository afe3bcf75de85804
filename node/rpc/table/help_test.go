package table

import (
	"encoding/json"
	"strings"
	"testing"
)

// sample has an argument and a result of every kind.
var sample = Method{
	Name: "sample", Category: "control", About: "Does nothing.\nTwice.\n",
	Args: []Arg{
		{Name: "txid|id", Kind: HexText, Need: true, About: "The id"},
		{Name: "outputs", Kind: Array, Need: true, About: "The outputs", Fields: []Arg{
			{Name: "", Kind: Keys, Hint: "none", Fields: []Arg{{Name: "address", Kind: Amount, Need: true, About: "A pair.\n  The value too"}}},
			{Name: "", Kind: Object, Fields: []Arg{{Name: "data", Kind: HexText, Need: true}, {Name: "n", Kind: Range, Types: [2]string{"n or [n,n]", "numeric or array"}}}},
		}},
		{Name: "height", Kind: Integer, Hint: "the tip", Oneline: "height"},
		{Name: "options", Kind: Options, Fields: []Arg{
			{Name: "replaceable", Kind: Boolean, Def: "true", About: "Yes"},
			{Name: "list", Kind: Array, Fields: []Arg{{Name: "x", Kind: Text}}},
		}},
		{Name: "secret", Kind: Integer, Hidden: true},
	},
	Results: []Shape{
		Null("Nothing").When("for null"),
		Obj("", "",
			Str("s", "A text"), Num("n", "").Maybe(), Coins("fee", "The fee"), Time("time", "When"),
			Arr("list", "", Hex("", "An id")), Tuple("pair", "", Num("", ""), Bool("", "")),
			Dict("by", "", Obj("id", "", Num("x", ""))), Obj("empty", ""), Str("deep", "").Hide(), Str("rest", "").Elide("And so on"),
		).When("for verbose = true"),
		Any("", ""),
	},
	Examples: Both("sample", `"aa" 1`, `"aa", 1`) + CLINamed("sample", Pair{"s", `"a b"`}, Pair{"n", "1"}) + CurlNamed("sample", Pair{"n", "1"}),
}

// Laid out as Core's RPCMethod::ToString does it.
func TestHelp(t *testing.T) {
	const want = `sample "txid" [{"address":amount,...},{"data":"hex","n":n or [n,n]},...] ( height {"replaceable":bool,"list":["x",...],...} )

Does nothing.
Twice.

Arguments:
1. txid                        (string, required) The id
2. outputs                     (json array, required) The outputs
     [
       {                       (json object, optional, default=none)
         "address": amount,    (numeric or string, required) A pair.
                               The value too
         ...
       },
       {                       (json object)
         "data": "hex",        (string, required)
         "n": n or [n,n],      (numeric or array, optional)
       },
       ...
     ]
3. height                      (numeric, optional, default=the tip)
4. options                     (json object, optional) Options object that can be used to pass named arguments, listed below.

Named Arguments:
replaceable    (boolean, optional, default=true) Yes
list           (json array, optional)
     [
       "x",    (string)
       ...
     ]

Result (for null):
null    (json null) Nothing

Result (for verbose = true):
{                  (json object)
  "s" : "str",     (string) A text
  "n" : n,         (numeric, optional)
  "fee" : n,       (numeric) The fee
  "time" : xxx,    (numeric) When
  "list" : [       (json array)
    "hex",         (string) An id
    ...
  ],
  "pair" : [       (json array)
    n,             (numeric)
    true|false     (boolean)
  ],
  "by" : {         (json object)
    "id" : {       (json object)
      "x" : n      (numeric)
    },
    ...
  },
  "empty" : {}     (empty JSON object)
  ...              And so on
}

Examples:
> bitcoin-cli sample "aa" 1
> curl --user myusername --data-binary '{"jsonrpc": "2.0", "id": "curltest", "method": "sample", "params": ["aa", 1]}' -H 'content-type: application/json' http://127.0.0.1:8332/
> bitcoin-cli -named sample s='a b' n=1
> curl --user myusername --data-binary '{"jsonrpc": "2.0", "id": "curltest", "method": "sample", "params": {"n":1}}' -H 'content-type: application/json' http://127.0.0.1:8332/
`
	got := sample.Help()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("line %d\n got %q\nwant %q", i+1, g[i], w[i])
		}
	}
	if got != want {
		t.Errorf("%d lines, want %d", len(g), len(w))
	}
	list := New([]Method{sample, {Name: "b", Category: "blockchain"}, {Name: "h", Category: "hidden"}}).Help("")
	if want := "== Blockchain ==\nb\n\n== Control ==\n" + sample.Usage(); list != want {
		t.Errorf("list %q, want %q", list, want)
	}
}

func TestMatch(t *testing.T) {
	const good = `{"s":"x","n":1,"fee":0.1,"time":5,"list":["0a"],"pair":[1,true],"by":{"k":{"x":1}},"empty":{},"deep":"","rest":""}`
	m := sample
	m.Results = m.Results[:2]
	for _, c := range []struct{ old, new, fail string }{
		{"", "", ""},
		{`"n":1,`, ``, ""},
		{`"s":"x",`, ``, "key s is missing"},
		{`"s":"x"`, `"s":1`, "result.s: returned type is number"},
		{`"s":"x"`, `"s":"x","t":1`, "key t was returned"},
		{`"0a"`, `"0a",5`, "result.list[1]: returned type is number"},
		{`"0a"`, `"0A"`, "not lower case hex"},
		{`[1,true]`, `[1]`, "1 elements, but 2 declared"},
		{`{"x":1}`, `{}`, "result.by.k: key x is missing"},
		{`"empty":{}`, `"empty":{"a":1}`, "key a was returned"},
	} {
		err := m.Match(json.RawMessage(strings.Replace(good, c.old, c.new, 1)))
		if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%s: %v, want %q", c.new, err, c.fail)
		}
	}
	if err := m.Match(json.RawMessage("null")); err != nil {
		t.Error(err)
	}
}

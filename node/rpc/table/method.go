package table

import (
	"context"
	"encoding/json"
	"strings"
)

// Method is one line of the table: everything that is known of a method.
type Method struct {
	Name, Category string
	About          string // for help: sentences
	Args           []Arg
	Results        []Shape // what comes back: one shape, or several with their conditions
	Examples       string  // lines made by CLI and Curl, and words between them
	Wallet         bool    // concerns the wallet that the request's path names: see Args.Wallet
	Pool           bool    // sees the mempool, which must have followed the chain to its tip
	Call           Handler
}

// Handler runs a method. The result is encoded as JSON; an error that is no
// *Error is answered with code -1.
type Handler func(ctx context.Context, a Args) (any, error)

// Arg declares an argument, or a field or element of one.
type Arg struct {
	Name    string // "verbosity|verbose": the first is the name, the others are understood
	Kind    Kind
	Need    bool   // must be given
	Def     string // JSON that stands for an argument left out; "" for none
	Hint    string // what happens without it, in words, where Def is ""
	About   string
	Loose   bool      // the handler looks at the type itself (Core's skip_type_check)
	Fields  []Arg     // of an object, or an array's elements; those of Options may also be given by their own names
	Oneline string    // replaces what the usage line says of it
	Types   [2]string // replaces the words for its type: in the sketch of an object, and in the description
	Hidden  bool      // not told in help
	Both    bool      // a field of Options that is also an argument (Core's also_positional)
}

// Kind is an argument's type, by which it is checked before the method runs.
type Kind int

// What an argument may be.
const (
	Text    Kind = iota // a string
	HexText             // a string of hex digits; the handler reads them
	Integer             // a number without fraction that fits 32 bits
	Long                // one that fits 64 bits
	Number              // any number
	Boolean
	Object
	Options // an object whose fields may stand for themselves
	Keys    // an object whose keys the caller chooses
	Array
	Amount // number or string; the handler reads it
	Range  // a number or a pair of them; the handler reads it
)

// JSONType is univalue's name of a kind's type, "" for any.
func (k Kind) JSONType() string {
	switch k {
	case Text, HexText:
		return "string"
	case Integer, Long, Number:
		return "number"
	case Boolean:
		return "bool"
	case Object, Options, Keys:
		return "object"
	case Array:
		return "array"
	default:
		return ""
	}
}

// Names are the argument's name and its aliases.
func (a *Arg) Names() []string { return strings.Split(a.Name, "|") }

// Least is how many arguments must be given by position.
func (m *Method) Least() int {
	for i := len(m.Args); i > 0; i-- {
		if m.Args[i-1].Need {
			return i
		}
	}
	return 0
}

// Table finds methods by name.
type Table map[string]*Method

// New puts methods in a table. Of two of one name the later is kept.
func New(methods ...[]Method) Table {
	t := make(Table)
	for _, list := range methods {
		for i := range list {
			t[list[i].Name] = &list[i]
		}
	}
	return t
}

// TypeName is univalue's name of a JSON value's type.
func TypeName(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

// Appender is a result that writes its own JSON, well formed, behind b: for
// results that are too large or too frequent for reflection.
type Appender interface{ AppendJSON(b []byte) []byte }

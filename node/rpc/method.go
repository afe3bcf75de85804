package rpc

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// method is one line of the table: everything that is known of a method.
type method struct {
	name, category string
	about          string // for help: sentences
	args           []arg
	result         string // for help: what comes back
	wallet         bool   // concerns the wallet that the request's path names
	pool           bool   // sees the mempool, which must have followed the chain to its tip
	call           func(ctx context.Context, n *node, a args) (any, error)
}

// arg declares an argument.
type arg struct {
	name   string // "verbosity|verbose": the first is the name, the others are understood
	kind   kind
	need   bool   // must be given
	def    string // JSON that stands for an argument left out; "" for none
	hint   string // what happens without it, in words, where def is ""
	about  string
	loose  bool  // the handler looks at the type itself
	fields []arg // of an options object: may also be given by their own names
}

// kind is an argument's type, by which it is checked before the method runs.
type kind int

const (
	text    kind = iota // a string
	hexText             // a string of hex digits; the handler reads them
	integer             // a number without fraction that fits 32 bits
	long                // one that fits 64 bits
	number              // any number
	boolean
	object
	options // an object whose fields may stand for themselves
	array
	amount // number or string; the handler reads it
)

// jsonType is univalue's name of a kind's type, "" for any.
func (k kind) jsonType() string {
	switch k {
	case text, hexText:
		return "string"
	case integer, long, number:
		return "number"
	case boolean:
		return "bool"
	case object, options:
		return "object"
	case array:
		return "array"
	default:
		return ""
	}
}

// words names a kind in help texts.
func (k kind) words() string {
	switch k {
	case integer, long, number:
		return "numeric"
	case boolean:
		return "boolean"
	case object, options:
		return "json object"
	case array:
		return "json array"
	case amount:
		return "numeric or string"
	default:
		return "string"
	}
}

// names are the argument's name and its aliases.
func (a *arg) names() []string { return strings.Split(a.name, "|") }

// least is how many arguments must be given by position.
func (m *method) least() int {
	for i := len(m.args); i > 0; i-- {
		if m.args[i-1].need {
			return i
		}
	}
	return 0
}

// table finds methods by name.
type table map[string]*method

// methods is the whole dialect, put together of the rooms' lists.
func methods() table {
	t := make(table)
	for _, m := range slices.Concat(
		controlMethods(), chainMethods(), blockMethods(), mempoolMethods(), rawTxMethods(), sendMethods(), quernMethods(), netMethods(), inviteMethods(), peerMethods(), networkMethods(), banMethods(), miningMethods(),
		chainInfoMethods(), coinMethods(), scanMethods(), submitMethods(), templateMethods(), addressMethods(),
	) {
		t[m.name] = &m
	}
	return t
}

// typeName is univalue's name of a JSON value's type.
func typeName(raw json.RawMessage) string {
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

package table

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
)

// positional lists a request's arguments by position. An object's are put in
// their places (Core's transformNamedArguments).
func (m *Method) positional(params json.RawMessage) ([]json.RawMessage, error) {
	params = bytes.TrimSpace(params)
	if len(params) == 0 {
		return nil, nil
	}
	if params[0] == '[' {
		return slices.Collect(Elements(params)), nil
	}
	given, err := namedValues(params)
	if err != nil {
		return nil, err
	}
	return m.arrange(given)
}

// named is one argument given by name.
type named struct {
	name  string
	value json.RawMessage
}

// namedValues reads an object in order, and refuses a name given twice.
func namedValues(object json.RawMessage) ([]named, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	var out []named
	if _, err := d.Token(); err != nil {
		return nil, Errorf(CodeInvalidRequest, "Params must be an array or object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil && err != io.EOF {
			return nil, Errorf(CodeParse, "Parse error")
		}
		name, _ := key.(string)
		if slices.ContainsFunc(out, func(n named) bool { return n.name == name }) {
			return nil, Errorf(CodeInvalid, "Parameter %s specified multiple times", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, Errorf(CodeParse, "Parse error")
		}
		out = append(out, named{name, value})
	}
	return out, nil
}

// take removes the first of the names that is there.
func take(given *[]named, names []string) (named, bool) {
	for _, name := range names {
		if i := slices.IndexFunc(*given, func(n named) bool { return n.name == name }); i >= 0 {
			n := (*given)[i]
			*given = slices.Delete(*given, i, i+1)
			return n, true
		}
	}
	return named{}, false
}

// arrange puts named arguments in their places, after those in "args".
func (m *Method) arrange(given []named) ([]json.RawMessage, error) {
	var out []json.RawMessage
	first := len(m.Args) // the first place that was given by name
	for i := range m.Args {
		a := &m.Args[i]
		opts := takeOptions(&given, a)
		n, ok := take(&given, a.Names())
		if ok && opts != nil {
			return nil, Errorf(CodeInvalid, "Parameter %s conflicts with parameter %s", n.name, opts[0].name)
		}
		if opts != nil {
			n.value, ok = encodeOptions(opts), true
		}
		if !ok {
			continue
		}
		for len(out) < i {
			out = append(out, json.RawMessage("null"))
		}
		first = min(first, i)
		out = append(out, n.value)
	}
	if rest, ok := take(&given, []string{"args"}); ok {
		var places []json.RawMessage
		if json.Unmarshal(rest.value, &places) != nil {
			return nil, Errorf(CodeInvalid, "Unknown named parameter args")
		}
		if first < len(m.Args) && len(places) > first {
			return nil, Errorf(CodeInvalid, "Parameter %s specified twice both as positional and named argument", m.Args[first].Name)
		}
		if len(out) > len(places) {
			places = append(places, out[len(places):]...)
		}
		out = places
	}
	if len(given) > 0 {
		return nil, Errorf(CodeInvalid, "Unknown named parameter %s", given[0].name)
	}
	return out, nil
}

// takeOptions removes the fields of an options argument given by their own names.
func takeOptions(given *[]named, a *Arg) (out []named) {
	if a.Kind != Options {
		return nil
	}
	for i := range a.Fields {
		if n, ok := take(given, a.Fields[i].Names()); ok {
			out = append(out, n)
		}
	}
	return out
}

func encodeOptions(fields []named) json.RawMessage {
	out := []byte{'{'}
	for i, f := range fields {
		if i > 0 {
			out = append(out, ',')
		}
		key, _ := json.Marshal(f.name) // a string always encodes
		out = append(append(append(out, key...), ':'), f.value...)
	}
	return append(out, '}')
}

package table

import (
	"encoding/json"
	"maps"
	"slices"
)

// Conversion tells a client that has nothing but text whether an argument is a
// string, or JSON to be read first: method, place, name, and "is a string".
type Conversion struct {
	Method string
	Place  int
	Name   string
	IsText bool
}

// MarshalJSON writes a conversion as bitcoind lists them.
func (c Conversion) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{c.Method, c.Place, c.Name, c.IsText})
}

// Conversions lists all arguments of all methods by all their names. Fields of
// options, which may stand for themselves, have the place of the options.
func (t Table) Conversions() []Conversion {
	var out []Conversion
	for _, name := range slices.Sorted(maps.Keys(t)) {
		for place := range t[name].Args {
			a := &t[name].Args[place]
			out = append(out, a.conversions(name, place)...)
			if a.Kind != Options {
				continue
			}
			for j := range a.Fields {
				out = append(out, a.Fields[j].conversions(name, place)...)
			}
		}
	}
	return out
}

func (a *Arg) conversions(method string, place int) (out []Conversion) {
	for _, name := range a.Names() {
		out = append(out, Conversion{method, place, name, a.Kind == Text || a.Kind == HexText})
	}
	return out
}

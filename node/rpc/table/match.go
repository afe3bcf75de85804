package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Match compares a result, as JSON, with the method's schema: it must be of
// one of the declared shapes. The error lists every difference.
func (m *Method) Match(result json.RawMessage) error {
	var errs []error
	for i := range m.Results {
		err := m.Results[i].Match(result)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	if errs == nil {
		return fmt.Errorf("%s declares no result", m.Name)
	}
	return fmt.Errorf("%s: %w", m.Name, errors.Join(errs...))
}

// Match compares a value with its schema (Core's MatchesType).
func (s *Shape) Match(value json.RawMessage) error { return s.match(bytes.TrimSpace(value), "result") }

func (s *Shape) match(value json.RawMessage, where string) error {
	want := s.Type.jsonType()
	if s.Loose || want == "" {
		return nil
	}
	if len(value) == 0 {
		return fmt.Errorf("%s is no JSON", where)
	}
	if got := TypeName(value); got != want {
		return fmt.Errorf("%s: returned type is %s, but declared as %s", where, got, want)
	}
	switch s.Type {
	case TypeArray, TypeTuple:
		return s.matchArray(value, where)
	case TypeDict:
		return s.matchDict(value, where)
	case TypeObject:
		return s.matchObject(value, where)
	case TypeHex:
		if i := bytes.IndexFunc(bytes.Trim(value, `"`), func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }); i >= 0 {
			return fmt.Errorf("%s: %.80s is not lower case hex", where, value)
		}
	}
	return nil
}

// matchArray compares elements with the shapes in their order, further ones
// with the last.
func (s *Shape) matchArray(value json.RawMessage, where string) error {
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	var errs []error
	if s.Type == TypeTuple && (len(list) > len(s.Fields) || len(list) < s.least()) {
		errs = append(errs, fmt.Errorf("%s: %d elements, but %d declared", where, len(list), len(s.Fields)))
	}
	for i, v := range list {
		errs = append(errs, s.Fields[min(i, len(s.Fields)-1)].match(v, fmt.Sprintf("%s[%d]", where, i)))
	}
	return errors.Join(errs...)
}

// least is how many elements a tuple has without optional ones at its end.
func (s *Shape) least() int {
	n := len(s.Fields)
	for n > 0 && s.Fields[n-1].Optional {
		n--
	}
	return n
}

func (s *Shape) matchDict(value json.RawMessage, where string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(value, &fields); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	var errs []error
	for key, v := range fields {
		errs = append(errs, s.Fields[0].match(v, where+"."+key))
	}
	return errors.Join(errs...)
}

func (s *Shape) matchObject(value json.RawMessage, where string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(value, &fields); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	var errs []error
	for i := range s.Fields {
		f := &s.Fields[i]
		v, ok := fields[f.Key]
		delete(fields, f.Key)
		if ok {
			errs = append(errs, f.match(v, where+"."+f.Key))
		} else if !f.Optional {
			errs = append(errs, fmt.Errorf("%s: key %s is missing, but declared as not optional", where, f.Key))
		}
	}
	for key := range fields {
		errs = append(errs, fmt.Errorf("%s: key %s was returned, but not declared", where, key))
	}
	return errors.Join(errs...)
}

// jsonType is univalue's name of what a type is in JSON, "" for any.
func (t Type) jsonType() string {
	switch t {
	case TypeNull:
		return "null"
	case TypeString, TypeHex:
		return "string"
	case TypeAmount, TypeNumber, TypeTime:
		return "number"
	case TypeBool:
		return "bool"
	case TypeObject, TypeDict:
		return "object"
	case TypeArray, TypeTuple:
		return "array"
	default:
		return ""
	}
}

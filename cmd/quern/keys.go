package main

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/quernnet/quern/node"
)

// key is one setting: a leaf of node.Config, found by its struct tags.
type key struct {
	name  string // dotted, as in TOML and on the command line
	help  string
	index []int // of the field, for reflect
	kind  reflect.Type
}

// keys lists every setting in the order of the struct.
var keys = listKeys(reflect.TypeFor[node.Config](), "", nil)

func listKeys(t reflect.Type, prefix string, index []int) []key {
	var out []key
	for i := range t.NumField() {
		f := t.Field(i)
		name := prefix + f.Tag.Get("key")
		at := append(append([]int(nil), index...), i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, listKeys(f.Type, name+".", at)...)
			continue
		}
		out = append(out, key{name: name, help: f.Tag.Get("help"), index: at, kind: f.Type})
	}
	return out
}

// env is the environment variable of the setting.
func (k key) env() string {
	return "QUERN_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_"))
}

func (k key) field(c *node.Config) reflect.Value {
	return reflect.ValueOf(c).Elem().FieldByIndex(k.index)
}

// set stores v, a string (flag, environment) or a TOML value, in c.
func (k key) set(c *node.Config, v any) error {
	f := k.field(c)
	if u, ok := f.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(fmt.Sprint(v)))
	}
	switch f.Interface().(type) {
	case string:
		return assign(f, v, func(s string) (any, error) { return s, nil })
	case bool:
		return assign(f, v, func(s string) (any, error) {
			b, err := strconv.ParseBool(s)
			return b, plain(err, s, "true or false")
		})
	case time.Duration:
		return assign(f, v, func(s string) (any, error) {
			d, err := time.ParseDuration(s)
			return d, plain(err, s, "a time like 90s or 336h")
		})
	case int, int64:
		return assign(f, v, func(s string) (any, error) {
			n, err := strconv.ParseInt(s, 10, 64)
			return n, plain(err, s, "a whole number")
		})
	case []string:
		return setList(f, v)
	case map[string]string:
		return setMap(f, v)
	}
	panic("key " + k.name + " has a type that settings do not know: " + f.Type().String())
}

// assign stores v when it has the field's type, or what parse makes of a string.
func assign(f reflect.Value, v any, parse func(string) (any, error)) error {
	if s, ok := v.(string); ok {
		parsed, err := parse(s)
		if err != nil {
			return err
		}
		v = parsed
	}
	got := reflect.ValueOf(v)
	if got.Kind() != f.Kind() && !(got.CanInt() && f.CanInt()) {
		return fmt.Errorf("%v is not a %s", v, f.Kind())
	}
	if got.CanInt() && f.OverflowInt(got.Int()) {
		return fmt.Errorf("%v is too large", v)
	}
	f.Set(got.Convert(f.Type()))
	return nil
}

func plain(err error, s, want string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q is not %s", s, want)
}

func setList(f reflect.Value, v any) error {
	var list []string
	var err error
	switch v := v.(type) {
	case string:
		list, err = splitList(v)
	case []any:
		list, err = itemsOf(v)
	default:
		err = fmt.Errorf("%v is not a list of strings", v)
	}
	if err != nil {
		return err
	}
	f.Set(reflect.ValueOf(list))
	return nil
}

// splitList reads items with commas between them, or, where items have commas in
// them, a list as in the file.
func splitList(text string) ([]string, error) {
	if strings.HasPrefix(text, "[") {
		var items struct{ V []any }
		if err := toml.Unmarshal([]byte("V = "+text), &items); err != nil {
			return nil, fmt.Errorf("%q is not a list: %w", text, err)
		}
		return itemsOf(items.V)
	}
	list := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list, nil
}

func itemsOf(v []any) ([]string, error) {
	list := make([]string, 0, len(v))
	for _, item := range v {
		s, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%v is not a string", item)
		}
		list = append(list, s)
	}
	return list, nil
}

func setMap(f reflect.Value, v any) error {
	m := map[string]string{}
	switch v := v.(type) {
	case string:
		for item := range strings.SplitSeq(v, ",") {
			if strings.TrimSpace(item) == "" {
				continue
			}
			name, value, ok := strings.Cut(item, "=")
			if !ok {
				return fmt.Errorf("%q is not name=value", item)
			}
			m[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	case map[string]any:
		for name, value := range v {
			s, ok := value.(string)
			if !ok {
				return fmt.Errorf("%s: %v is not a string", name, value)
			}
			m[name] = s
		}
	default:
		return fmt.Errorf("%v is not a table of strings", v)
	}
	f.Set(reflect.ValueOf(m))
	return nil
}

// nearest is the setting whose name is most like s.
func nearest(s string) string {
	best, least := "", len(s)
	for _, k := range keys {
		if d := distance(s, k.name); d < least {
			best, least = k.name, d
		}
	}
	return best
}

// distance counts the letters to change, add, drop or swap with a neighbour
// (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

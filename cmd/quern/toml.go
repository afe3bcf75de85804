package main

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quernnet/quern/node"
)

// writeTOML writes c with each key's help above it: what `quern init` leaves
// and config.example.toml holds.
func writeTOML(c node.Config) string {
	return "# Configuration of Quern. A flag (--rpc.listen) beats the environment\n" +
		"# (QUERN_RPC_LISTEN), which beats this file, which beats the defaults shown here.\n" +
		tomlOf(c, func(string) bool { return true })
}

// tomlOf writes the keys of c that are wanted, each with its help above it.
func tomlOf(c node.Config, wanted func(name string) bool) string {
	var b strings.Builder
	table := ""
	for _, k := range keys {
		if !wanted(k.name) {
			continue
		}
		name := k.name
		if i := strings.LastIndex(name, "."); i >= 0 {
			if name[:i] != table {
				table = name[:i]
				fmt.Fprintf(&b, "\n[%s]\n", table)
			}
			name = name[i+1:]
		} else {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "# %s\n%s = %s\n", k.help, name, tomlText(k.field(&c).Interface()))
	}
	return b.String()
}

// tomlText is a value as TOML.
func tomlText(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case time.Duration:
		return strconv.Quote(shortDuration(v))
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			panic(err) // a default that cannot be written is a programmer's error
		}
		return strconv.Quote(string(text))
	case []string:
		quoted := make([]string, len(v))
		for i := range v {
			quoted[i] = strconv.Quote(v[i])
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case map[string]string:
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, name+" = "+strconv.Quote(v[name]))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	default:
		return fmt.Sprint(reflect.ValueOf(v))
	}
}

// shortDuration drops Duration.String's zero minutes and seconds.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

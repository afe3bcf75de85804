package rpc

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// usage is the first line of a method's help: name and arguments, those that
// may be left out in parentheses.
func (m *method) usage() string {
	var b strings.Builder
	b.WriteString(m.name)
	open := false
	for i := range m.args {
		a := &m.args[i]
		switch {
		case !a.need && !open:
			b.WriteString(" (")
		case a.need && open:
			b.WriteString(" )")
		}
		open = !a.need
		b.WriteString(" " + a.usage())
	}
	if open {
		b.WriteString(" )")
	}
	return b.String()
}

func (a *arg) usage() string {
	name := a.names()[0]
	switch a.kind {
	case text, hexText:
		return `"` + name + `"`
	case array:
		return "[" + name + ",...]"
	case object, options:
		return "{" + name + "}"
	default:
		return name
	}
}

// help is all that is known of a method, laid out as Core does. It is also
// the error that a wrong number of arguments gets.
func (m *method) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.usage(), m.about)
	var left, right []string
	for i := range m.args {
		a := &m.args[i]
		left = append(left, fmt.Sprintf("%d. %s", i+1, a.names()[0]))
		right = append(right, a.describe())
		for j := range a.fields {
			left = append(left, "   - "+a.fields[j].names()[0])
			right = append(right, a.fields[j].describe())
		}
	}
	if left != nil {
		b.WriteString("\nArguments:\n")
	}
	width := 0
	for _, l := range left {
		width = max(width, len(l))
	}
	for i, l := range left {
		fmt.Fprintf(&b, "%-*s    %s\n", width, l, right[i])
	}
	if m.result != "" {
		fmt.Fprintf(&b, "\nResult:\n%s\n", m.result)
	}
	return b.String()
}

func (a *arg) describe() string {
	s := "(" + a.kind.words()
	switch {
	case a.need:
		s += ", required"
	case a.def != "":
		s += ", optional, default=" + a.def
	case a.hint != "":
		s += ", optional, default=" + a.hint
	default:
		s += ", optional"
	}
	return strings.TrimSpace(s + ") " + a.about)
}

// help lists all methods by category, or one method's help.
func (t table) help(name string) string {
	if name != "" {
		m, ok := t[name]
		if !ok {
			return "help: unknown command: " + name
		}
		return strings.TrimSuffix(m.help(), "\n")
	}
	list := slices.SortedFunc(maps.Values(t), func(a, b *method) int {
		return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.name, b.name))
	})
	var b strings.Builder
	category := ""
	for _, m := range list {
		if m.category == "hidden" {
			continue
		}
		if m.category != category {
			if category != "" {
				b.WriteString("\n")
			}
			category = m.category
			fmt.Fprintf(&b, "== %s ==\n", strings.ToUpper(category[:1])+category[1:])
		}
		b.WriteString(m.usage() + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

package table

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Usage is the first line of a method's help: name and arguments, those that
// may be left out in parentheses.
func (m *Method) Usage() string {
	var b strings.Builder
	b.WriteString(m.Name)
	open := false
	for i := range m.Args {
		a := &m.Args[i]
		switch {
		case !a.Need && !open:
			b.WriteString(" (")
		case a.Need && open:
			b.WriteString(" )")
		}
		open = !a.Need
		b.WriteString(" " + a.usage())
	}
	if open {
		b.WriteString(" )")
	}
	return b.String()
}

func (a *Arg) usage() string {
	name := a.Names()[0]
	switch a.Kind {
	case Text, HexText:
		return `"` + name + `"`
	case Array:
		return "[" + name + ",...]"
	case Object, Options:
		return "{" + name + "}"
	default:
		return name
	}
}

// Help is all that is known of a method, laid out as Core does. It is also
// the error that a wrong number of arguments gets.
func (m *Method) Help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.Usage(), m.About)
	var left, right []string
	for i := range m.Args {
		a := &m.Args[i]
		left = append(left, fmt.Sprintf("%d. %s", i+1, a.Names()[0]))
		right = append(right, a.describe())
		for j := range a.Fields {
			left = append(left, "   - "+a.Fields[j].Names()[0])
			right = append(right, a.Fields[j].describe())
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
	if m.Result != "" {
		fmt.Fprintf(&b, "\nResult:\n%s\n", m.Result)
	}
	return b.String()
}

func (a *Arg) describe() string {
	s := "(" + a.Kind.words()
	switch {
	case a.Need:
		s += ", required"
	case a.Def != "":
		s += ", optional, default=" + a.Def
	case a.Hint != "":
		s += ", optional, default=" + a.Hint
	default:
		s += ", optional"
	}
	return strings.TrimSpace(s + ") " + a.About)
}

// Help lists all methods by category, or one method's help.
func (t Table) Help(name string) string {
	if name != "" {
		m, ok := t[name]
		if !ok {
			return "help: unknown command: " + name
		}
		return strings.TrimSuffix(m.Help(), "\n")
	}
	list := slices.SortedFunc(maps.Values(t), func(a, b *Method) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Name, b.Name))
	})
	var b strings.Builder
	category := ""
	for _, m := range list {
		if m.Category == "hidden" {
			continue
		}
		if m.Category != category {
			if category != "" {
				b.WriteString("\n")
			}
			category = m.Category
			fmt.Fprintf(&b, "== %s ==\n", strings.ToUpper(category[:1])+category[1:])
		}
		b.WriteString(m.Usage() + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// words names a kind in help texts.
func (k Kind) words() string {
	switch k {
	case Integer, Long, Number:
		return "numeric"
	case Boolean:
		return "boolean"
	case Object, Options, Keys:
		return "json object"
	case Array:
		return "json array"
	case Amount:
		return "numeric or string"
	case Range:
		return "numeric or array"
	default:
		return "string"
	}
}

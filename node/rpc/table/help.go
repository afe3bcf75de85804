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
		if a.Hidden {
			break
		}
		b.WriteByte(' ')
		switch {
		case !a.Need && !open:
			b.WriteString("( ")
		case a.Need && open:
			b.WriteString(") ")
		}
		open = !a.Need
		b.WriteString(a.sketch(true))
	}
	if open {
		b.WriteString(" )")
	}
	return b.String()
}

// Help is all that is known of a method, laid out as Core does. It is also
// the error that a wrong number of arguments gets.
func (m *Method) Help() string {
	var args, named sections
	for i := range m.Args {
		a := &m.Args[i]
		if a.Hidden {
			break
		}
		args.add(fmt.Sprintf("%d. %s", i+1, a.Names()[0]), a.describe(true))
		args.argument(a, 5, inNone)
		if a.Kind != Options {
			continue
		}
		for j := range a.Fields {
			named.add(a.Fields[j].Names()[0], a.Fields[j].describe(true))
			named.argument(&a.Fields[j], 5, inNone)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.Usage(), strings.TrimSpace(m.About))
	b.WriteString(args.titled("\nArguments:\n"))
	b.WriteString(named.titled("\nNamed Arguments:\n"))
	b.WriteString(m.results())
	if m.Examples != "" {
		b.WriteString("\nExamples:\n" + m.Examples)
	}
	return b.String()
}

// results are the sketches of what may come back.
func (m *Method) results() string {
	var b strings.Builder
	for i := range m.Results {
		r := &m.Results[i]
		if r.Type == TypeAny {
			continue // there is nothing to say of it
		}
		title := "\nResult:\n"
		if r.Cond != "" {
			title = "\nResult (" + r.Cond + "):\n"
		}
		var s sections
		s.result(r, 0, inNone)
		b.WriteString(s.titled(title))
	}
	return b.String()
}

// Help lists all methods by category, or tells one method's help.
func (t Table) Help(name string) string {
	if name != "" {
		m, ok := t[name]
		if !ok {
			return "help: unknown command: " + name
		}
		return m.Help()
	}
	list := slices.SortedFunc(maps.Values(t), func(a, b *Method) int {
		return cmp.Compare(a.Category+a.Name, b.Category+b.Name)
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

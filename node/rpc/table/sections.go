package table

import "strings"

// sections are lines of two columns; the right one begins where the longest
// left one allows (Core's Sections).
type sections struct {
	lines []section
	width int
}

type section struct{ left, right string }

// outer is what a value lies in: an object's fields show their names.
type outer int

const (
	inNone outer = iota
	inArray
	inObject
)

func (s *sections) add(left, right string) {
	s.width = max(s.width, len(left))
	s.lines = append(s.lines, section{left, right})
}

// dropComma takes the comma off the last line, where JSON has none.
func (s *sections) dropComma() {
	last := &s.lines[len(s.lines)-1]
	last.left = last.left[:len(last.left)-1]
}

// titled is the text of the lines below a title; nothing when there are none.
func (s *sections) titled(title string) string {
	if len(s.lines) == 0 {
		return ""
	}
	pad := s.width + 4
	var b strings.Builder
	b.WriteString(title)
	for _, l := range s.lines {
		b.WriteString(l.left)
		if l.right != "" {
			b.WriteString(strings.Repeat(" ", pad-len(l.left)))
			for i, line := range strings.Split(l.right, "\n") {
				if i > 0 {
					line = strings.TrimLeft(line, " ")
					b.WriteString("\n" + strings.Repeat(" ", pad))
				}
				b.WriteString(line)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// argument adds what lies in an argument, by an indented sketch.
func (s *sections) argument(a *Arg, indent int, in outer) {
	margin, key, comma, right := strings.Repeat(" ", indent), "", ",", ""
	if in == inObject {
		key = `"` + a.Names()[0] + `": `
	}
	if in == inNone {
		comma = ""
	} else {
		right = a.describe(in == inObject)
	}
	switch a.Kind {
	case Object, Keys:
		s.add(margin+key+"{", right)
		for i := range a.Fields {
			s.argument(&a.Fields[i], indent+2, inObject)
		}
		if a.Kind == Keys {
			s.add(margin+"  ...", "")
		}
		s.add(margin+"}"+comma, "")
	case Array:
		s.add(margin+key+"[", right)
		for i := range a.Fields {
			s.argument(&a.Fields[i], indent+2, inArray)
		}
		s.add(margin+"  ...", "")
		s.add(margin+"]"+comma, "")
	default:
		if in == inNone {
			return // its own line says all
		}
		left := a.sketch(false)
		switch {
		case in == inObject && a.Types[0] != "":
			left = key + a.Types[0]
		case in == inObject:
			left = a.field(false)
		}
		s.add(margin+left+",", right)
	}
}

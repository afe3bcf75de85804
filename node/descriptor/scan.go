package descriptor

import "strings"

// What follows cuts text as Core's parser does, so that what it takes and what
// it refuses, and with which words, is the same.

// take cuts a prefix off.
func take(s *string, prefix string) bool {
	rest, ok := strings.CutPrefix(*s, prefix)
	if ok {
		*s = rest
	}
	return ok
}

// call leaves of "name(inner)" the inner text.
func call(s *string, name string) bool {
	t := *s
	if len(t) < len(name)+2 || t[len(name)] != '(' || t[len(t)-1] != ')' || t[:len(name)] != name {
		return false
	}
	*s = t[len(name)+1 : len(t)-1]
	return true
}

// expression cuts off what comes before the next comma or closing bracket that
// no bracket of its own surrounds.
func expression(s *string) string {
	level, end := 0, len(*s)
loop:
	for i := range len(*s) {
		switch c := (*s)[i]; {
		case c == '(' || c == '{':
			level++
		case level > 0 && (c == ')' || c == '}'):
			level--
		case level == 0 && (c == ')' || c == '}' || c == ','):
			end = i
			break loop
		}
	}
	e := (*s)[:end]
	*s = (*s)[end:]
	return e
}

// space says whether Core trims a character.
func space(c byte) bool { return strings.IndexByte(" \f\n\r\t\v", c) >= 0 }

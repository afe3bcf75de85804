package table

import "strings"

// sketch shows an argument's form: in the usage line, where words may stand
// for it, or in the list of arguments.
func (a *Arg) sketch(usage bool) string {
	if usage && a.Oneline != "" {
		return a.Oneline
	}
	name := a.Names()[0]
	switch a.Kind {
	case Text, HexText:
		return `"` + name + `"`
	case Object, Options, Keys:
		fields := make([]string, len(a.Fields))
		for i := range a.Fields {
			fields[i] = a.Fields[i].field(usage)
		}
		if a.Kind != Object {
			return "{" + strings.Join(fields, ",") + ",...}"
		}
		return "{" + strings.Join(fields, ",") + "}"
	case Array:
		return a.elements(usage)
	default:
		return name
	}
}

// field is the sketch of an object's field.
func (a *Arg) field(usage bool) string {
	key := `"` + a.Names()[0] + `": `
	if usage {
		key = strings.TrimSuffix(key, " ")
	}
	switch a.Kind {
	case Text:
		return key + `"str"`
	case HexText:
		return key + `"hex"`
	case Integer, Long, Number:
		return key + "n"
	case Range:
		return key + "n or [n,n]"
	case Amount:
		return key + "amount"
	case Boolean:
		return key + "bool"
	case Array:
		return key + a.elements(usage)
	default:
		return key + a.sketch(usage)
	}
}

func (a *Arg) elements(usage bool) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range a.Fields {
		b.WriteString(a.Fields[i].sketch(usage) + ",")
	}
	b.WriteString("...]")
	return b.String()
}

// describe says of which type an argument is, what happens without it, and
// what it is for. An element of an array has no name; that it need not be
// there goes without saying.
func (a *Arg) describe(named bool) string {
	var b strings.Builder
	b.WriteString("(")
	if a.Types[1] != "" {
		b.WriteString(a.Types[1])
	} else {
		b.WriteString(a.Kind.words())
	}
	switch {
	case a.Need:
		b.WriteString(", required")
	case a.Def != "":
		b.WriteString(", optional, default=" + a.Def)
	case a.Hint != "":
		b.WriteString(", optional, default=" + a.Hint)
	case named:
		b.WriteString(", optional")
	}
	b.WriteString(")")
	if a.Kind == Options {
		b.WriteString(" Options object that can be used to pass named arguments, listed below.")
	}
	if a.About != "" {
		b.WriteString(" " + a.About)
	}
	return b.String()
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

// result adds the sketch of a result.
func (s *sections) result(r *Shape, indent int, in outer) {
	margin, key, comma := strings.Repeat(" ", indent), "", ","
	if in == inNone {
		comma = ""
	}
	switch {
	case r.Elided:
		s.add(margin+"..."+comma, r.Instead)
		return
	case r.Hidden:
		return
	case in == inObject:
		key = `"` + r.Key + `" : `
	}
	switch r.Type {
	case TypeArray, TypeTuple:
		s.add(margin+key+"[", r.describe("json array"))
		for i := range r.Fields {
			s.result(&r.Fields[i], indent+2, inArray)
		}
		if last := len(r.Fields) - 1; r.Type == TypeArray && !r.Fields[last].Elided {
			s.add(margin+"  ...", "")
		} else {
			s.dropComma()
		}
		s.add(margin+"]"+comma, "")
	case TypeObject, TypeDict:
		s.object(r, margin, key, comma, indent)
	default:
		value, word := r.Type.sketch()
		s.add(margin+key+value+comma, r.describe(word))
	}
}

func (s *sections) object(r *Shape, margin, key, comma string, indent int) {
	if len(r.Fields) == 0 {
		s.add(margin+key+"{}", r.describe("empty JSON object"))
		return
	}
	s.add(margin+key+"{", r.describe("json object"))
	for i := range r.Fields {
		s.result(&r.Fields[i], indent+2, inObject)
	}
	if r.Type == TypeDict {
		s.add(margin+"  ...", "")
	} else {
		s.dropComma()
	}
	s.add(margin+"}"+comma, "")
}

// sketch is a value that stands for all of a type, and the type's word.
func (t Type) sketch() (value, word string) {
	switch t {
	case TypeNull:
		return "null", "json null"
	case TypeString:
		return `"str"`, "string"
	case TypeHex:
		return `"hex"`, "string"
	case TypeTime:
		return "xxx", "numeric"
	case TypeBool:
		return "true|false", "boolean"
	case TypeAny:
		return "any", "any"
	default:
		return "n", "numeric"
	}
}

func (s *Shape) describe(word string) string {
	if s.Optional {
		word += ", optional"
	}
	if s.About == "" {
		return "(" + word + ")"
	}
	return "(" + word + ") " + s.About
}

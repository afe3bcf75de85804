package table

import "slices"

// Shape is the schema of a result, or of a part of one (Core's RPCResult).
type Shape struct {
	Type     Type
	Key      string // of a field of an object; what a key is, in a dictionary
	About    string
	Cond     string  // of one of several results: when it is this one
	Fields   []Shape // of an object or tuple; an array's elements
	Optional bool    // a field that may be missing
	Loose    bool    // what comes is not compared with the schema
	Hidden   bool    // not told in help
	Elided   bool    // told in help by dots instead, and Instead
	Instead  string
}

// Type is what a result is.
type Type int

// What a result may be.
const (
	TypeNull   Type = iota
	TypeString      // any text
	TypeHex         // text of hex digits
	TypeAmount      // a number of coins
	TypeNumber
	TypeTime // a number: Unix seconds
	TypeBool
	TypeObject
	TypeDict // an object whose keys are values of their own
	TypeArray
	TypeTuple // an array of as many elements as there are fields
	TypeAny   // whatever it is
)

// Null is no result.
func Null(about string) Shape { return Shape{Type: TypeNull, About: about} }

// Str is text.
func Str(key, about string) Shape { return Shape{Type: TypeString, Key: key, About: about} }

// Hex is text of hex digits.
func Hex(key, about string) Shape { return Shape{Type: TypeHex, Key: key, About: about} }

// Coins is an amount, a number in coins.
func Coins(key, about string) Shape { return Shape{Type: TypeAmount, Key: key, About: about} }

// Num is a number.
func Num(key, about string) Shape { return Shape{Type: TypeNumber, Key: key, About: about} }

// Time is a number of Unix seconds.
func Time(key, about string) Shape { return Shape{Type: TypeTime, Key: key, About: about} }

// Bool is true or false.
func Bool(key, about string) Shape { return Shape{Type: TypeBool, Key: key, About: about} }

// Any is a value that no schema describes.
func Any(key, about string) Shape { return Shape{Type: TypeAny, Key: key, About: about} }

// Obj is an object with the given fields.
func Obj(key, about string, fields ...Shape) Shape {
	return Shape{Type: TypeObject, Key: key, About: about, Fields: fields}
}

// Dict is an object with keys that are values; fields[0] is one of them, with
// Key saying what a key is.
func Dict(key, about string, fields ...Shape) Shape {
	return Shape{Type: TypeDict, Key: key, About: about, Fields: fields}
}

// Arr is an array; every element is of one of the given shapes.
func Arr(key, about string, elements ...Shape) Shape {
	return Shape{Type: TypeArray, Key: key, About: about, Fields: elements}
}

// Tuple is an array of just these elements.
func Tuple(key, about string, elements ...Shape) Shape {
	return Shape{Type: TypeTuple, Key: key, About: about, Fields: elements}
}

// Maybe is s as a field that may be missing.
func (s Shape) Maybe() Shape { s.Optional = true; return s }

// When is s as one of several results: cond says when it is this one.
func (s Shape) When(cond string) Shape { s.Cond = cond; return s }

// Unchecked is s, not compared with what comes.
func (s Shape) Unchecked() Shape { s.Loose = true; return s }

// Hide is s, left out of help.
func (s Shape) Hide() Shape { s.Hidden = true; return s }

// Elide is s, told in help by words that stand for it and what it holds.
func (s Shape) Elide(words string) Shape { s.Elided, s.Instead = true, words; return s }

// Elided are fields that help has told already: dots stand for them.
func Elided(fields ...Shape) []Shape {
	for i := range fields {
		fields[i] = fields[i].Hide()
	}
	fields[0] = fields[0].Elide("")
	return fields
}

// Told are fields that words stand for in help.
func Told(words string, fields ...Shape) []Shape {
	out := slices.Clone(fields)
	for i := range out {
		out[i] = out[i].Hide()
	}
	out[0] = out[0].Elide(words)
	return out
}

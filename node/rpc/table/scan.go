package table

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// maxDepth is how deep values may lie in each other (univalue's).
const maxDepth = 512

// What follows reads JSON where it lies. But for WellFormed it counts on being
// given what WellFormed has seen, or a part of that.

// WellFormed says whether a body is JSON as Core reads it: of valid UTF-8, not
// too deep.
func WellFormed(body []byte) bool {
	return utf8.Valid(body) && json.Valid(body) && depth(body) <= maxDepth
}

// depth is how deep the values of JSON lie in each other.
func depth(body []byte) (deepest int) {
	d := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = stringEnd(body, i)
		case '{', '[':
			d++
			deepest = max(deepest, d)
		case '}', ']':
			d--
		}
	}
	return deepest
}

// stringEnd is where the string that begins at i has its closing quote.
func stringEnd(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

// valueEnd is where the value that begins at i ends.
func valueEnd(b []byte, i int) int {
	d := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case '{', '[':
			d++
		case '}', ']':
			if d == 0 {
				return i
			}
			d--
		case ',', ':', ' ', '\t', '\r', '\n':
			if d == 0 {
				return i
			}
			continue
		}
		if d == 0 && (b[i] == '"' || b[i] == '}' || b[i] == ']') {
			return i + 1
		}
	}
	return i
}

// skip is the first place from i on that is neither space nor one of the given.
func skip(b []byte, i int, also byte) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n' || b[i] == also) {
		i++
	}
	return i
}

// Elements lists the values of a well formed array, without copying them.
func Elements(array []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for i := skip(array, skip(array, 0, ' ')+1, ','); i < len(array) && array[i] != ']'; {
			end := valueEnd(array, i)
			if !yield(array[i:end:end]) {
				return
			}
			i = skip(array, end, ',')
		}
	}
}

// Fields lists the keys and values of a well formed object, without copying
// them, unless a key has escapes.
func Fields(object []byte) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		for i := skip(object, skip(object, 0, ' ')+1, ','); i < len(object) && object[i] == '"'; {
			end := stringEnd(object, i) + 1
			key := object[i+1 : end-1]
			if bytes.IndexByte(key, '\\') >= 0 {
				key = []byte(Unquote(object[i:end]))
			}
			i = skip(object, end, ':')
			end = valueEnd(object, i)
			if !yield(key, object[i:end:end]) {
				return
			}
			i = skip(object, end, ',')
		}
	}
}

// Unquote reads a string.
func Unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return unescape(raw)
	}
	return string(raw[1 : len(raw)-1])
}

func unescape(raw []byte) (s string) {
	_ = json.Unmarshal(raw, &s) // well formed
	return s
}

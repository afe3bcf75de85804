package table

import (
	"reflect"
	"strings"
)

// ShapeOf is the schema that a Go value's JSON has, for methods whose results
// are declared types: Quern's own. about tells what the whole is.
func ShapeOf[T any](about string) Shape {
	s := shapeOf(reflect.TypeFor[T]())
	s.About = about
	return s
}

func shapeOf(t reflect.Type) Shape {
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Bool:
		return Bool("", "")
	case reflect.String:
		return Str("", "")
	case reflect.Slice, reflect.Array:
		return Arr("", "", shapeOf(t.Elem()))
	case reflect.Map:
		value := shapeOf(t.Elem())
		value.Key = "name"
		return Dict("", "", value)
	case reflect.Struct:
		return Obj("", "", shapeFields(t)...)
	default:
		return Num("", "")
	}
}

func shapeFields(t reflect.Type) (out []Shape) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" || key == "-" {
			continue
		}
		s := shapeOf(f.Type)
		s.Key, s.Optional = key, options == "omitempty"
		out = append(out, s)
	}
	return out
}

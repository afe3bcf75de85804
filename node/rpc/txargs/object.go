package txargs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

// Field is one field of an object.
type Field struct {
	Key   string
	Value json.RawMessage
}

// Object is a JSON object's fields in the order in which they came, of which two
// may have one key.
type Object []Field

// ReadObject reads an object; another type is an error (Core's get_obj).
func ReadObject(raw json.RawMessage) (Object, error) {
	if table.TypeName(raw) != "object" {
		return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "object"))
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	_, _ = d.Token() // the brace
	var o Object
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, table.Errorf(table.CodeParse, "Parse error")
		}
		f := Field{}
		f.Key, _ = key.(string)
		if err := d.Decode(&f.Value); err != nil {
			return nil, table.Errorf(table.CodeParse, "Parse error")
		}
		o = append(o, f)
	}
	return o, nil
}

// ReadList reads an array; another type is an error (Core's get_array).
func ReadList(raw json.RawMessage) (list []json.RawMessage, err error) {
	if table.TypeName(raw) != "array" {
		return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "array"))
	}
	return list, json.Unmarshal(raw, &list)
}

// ReadText reads a string; another type is an error (Core's get_str).
func ReadText(raw json.RawMessage) (s string, err error) {
	if table.TypeName(raw) != "string" {
		return "", table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
	}
	return s, json.Unmarshal(raw, &s)
}

// Get is the first value of a key, null when there is none.
func (o Object) Get(key string) json.RawMessage {
	for _, f := range o {
		if f.Key == key {
			return f.Value
		}
	}
	return json.RawMessage("null")
}

// Has says whether a key is there and not null.
func (o Object) Has(key string) bool { return !table.IsNull(o.Get(key)) }

// Hash reads a hash (Core's ParseHashO).
func (o Object) Hash(key string) (h wire.Hash, err error) {
	s, err := ReadText(o.Get(key))
	if err != nil {
		return h, err
	}
	return table.ParseHash(s, key)
}

// Hex reads bytes (Core's ParseHexO): anything but a string of hex is an error.
func (o Object) Hex(key string) ([]byte, error) { return readHex(o.Get(key), key) }

func readHex(raw json.RawMessage, name string) ([]byte, error) {
	s := ""
	if table.TypeName(raw) == "string" {
		_ = json.Unmarshal(raw, &s)
	}
	b, err := hex.DecodeString(s)
	if err != nil || s == "" {
		return nil, table.Errorf(table.CodeInvalid, "%s must be hexadecimal string (not '%s')", name, s)
	}
	return b, nil
}

// Want compares fields' types with what they must be (Core's RPCTypeCheckObj). It
// looks at them by name, as Core does. With optional they may be missing.
func (o Object) Want(optional bool, fields ...Field) error {
	for _, f := range fields {
		v, want := o.Get(f.Key), string(f.Value)
		switch {
		case table.IsNull(v) && optional:
		case table.IsNull(v):
			return table.Errorf(table.CodeType, "Missing %s", f.Key)
		case want != "" && table.TypeName(v) != want:
			return table.Errorf(table.CodeType, "JSON value of type %s for field %s is not of expected type %s", table.TypeName(v), f.Key, want)
		}
	}
	return nil
}

// Only refuses keys beside these (what Core's RPCTypeCheckObj calls strict).
func (o Object) Only(keys ...string) error {
	for _, f := range o {
		if !slices.Contains(keys, f.Key) {
			return table.Errorf(table.CodeType, "Unexpected key %s", f.Key)
		}
	}
	return nil
}

// Of is a field with the type that Want wants.
func Of(key, kind string) Field { return Field{key, json.RawMessage(kind)} }

// Strict is Want of fields that may be missing; a field of another name is an error,
// too.
func (o Object) Strict(fields ...Field) error {
	if err := o.Want(true, fields...); err != nil {
		return err
	}
	for _, f := range o {
		if !slices.ContainsFunc(fields, func(want Field) bool { return want.Key == f.Key }) {
			return table.Errorf(table.CodeType, "Unexpected key %s", f.Key)
		}
	}
	return nil
}

// Set adds a field; a value that was left out is null.
func (o *Object) Set(key string, v json.RawMessage) {
	if v == nil {
		v = json.RawMessage("null")
	}
	*o = append(*o, Field{key, v})
}

package txargs

import (
	"encoding/json"

	"github.com/quernnet/quern/node/rpc/table"
)

var hashTypes = map[string]uint32{
	"DEFAULT": 0, "ALL": 1, "NONE": 2, "SINGLE": 3,
	"ALL|ANYONECANPAY": 0x81, "NONE|ANYONECANPAY": 0x82, "SINGLE|ANYONECANPAY": 0x83,
}

// Sighash reads a hash type by its name; nil when none is given.
func Sighash(raw json.RawMessage) (*uint32, error) {
	if raw == nil || table.IsNull(raw) {
		return nil, nil
	}
	name, err := ReadText(raw)
	if err != nil {
		return nil, err
	}
	t, ok := hashTypes[name]
	if !ok {
		return nil, table.Errorf(table.CodeInvalid, "'%s' is not a valid sighash parameter.", name)
	}
	return &t, nil
}

// SighashName names a hash type; an undefined one has no name.
func SighashName(t byte) string {
	for name, v := range hashTypes {
		if v == uint32(t) && t != 0 {
			return name
		}
	}
	return ""
}

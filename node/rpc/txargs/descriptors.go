package txargs

import (
	"encoding/json"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/signing"
)

// DescriptorArg is descriptors with ranges.
func DescriptorArg(need bool) table.Arg {
	return table.Arg{Name: "descriptors", Kind: table.Array, Need: need, About: "Descriptors, as text or as objects", Fields: []table.Arg{
		{Kind: table.Text, About: "A descriptor"},
		{Kind: table.Object, About: "A descriptor and more", Fields: []table.Arg{
			{Name: "desc", Kind: table.Text, Need: true, About: "A descriptor"},
			{Name: "range", Kind: table.Range, Def: "1000", About: "Up to which index, or from which to which, it is derived"},
		}},
	}}
}

// defaultRange is how far descriptors are derived when nobody says.
const defaultRange = 1000

// Descriptors derives what descriptors stand for and puts it on a ring, private keys too when
// they are wanted (Core's EvalDescriptorStringOrObject).
func Descriptors(list []json.RawMessage, private bool, p *consensus.Params) (*signing.Keyring, error) {
	ring := new(signing.Keyring)
	for _, item := range list {
		text, low, high, err := readDescriptor(item)
		if err != nil {
			return nil, err
		}
		ds, err := descriptor.Parse(text, p)
		if err != nil {
			return nil, table.Errorf(table.CodeNotFound, "%v", err)
		}
		if !ds[0].Ranged() {
			low, high = 0, 0
		}
		for i := low; i <= high; i++ {
			for _, d := range ds {
				e, err := d.Expand(uint32(i))
				if err != nil {
					return nil, table.Errorf(table.CodeNotFound, "Cannot derive script without private keys: '%s'", text)
				}
				ring.Merge(&e.Ring)
				if private {
					d.ExpandPrivate(uint32(i), ring)
				}
			}
		}
	}
	return ring, nil
}

func readDescriptor(raw json.RawMessage) (text string, low, high int64, err error) {
	high = defaultRange
	switch table.TypeName(raw) {
	case "string":
		text, err = ReadText(raw)
		return text, low, high, err
	case "object":
	default:
		return "", 0, 0, table.Errorf(table.CodeInvalid, "Scan object needs to be either a string or an object")
	}
	o, err := ReadObject(raw)
	if err != nil {
		return "", 0, 0, err
	}
	if !o.Has("desc") {
		return "", 0, 0, table.Errorf(table.CodeInvalid, "Descriptor needs to be provided in scan object")
	}
	if text, err = ReadText(o.Get("desc")); err != nil {
		return "", 0, 0, err
	}
	if o.Has("range") {
		low, high, err = table.ParseRange(o.Get("range"))
	}
	return text, low, high, err
}

package descriptor

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/address"
)

// Descriptor stands for one output script or, when ranged, for one an index.
type Descriptor struct {
	params *consensus.Params
	shape  string // raw, addr, pk, pkh, wpkh, sh(wpkh), tr, rawtr, combo
	script []byte // of raw and addr
	key    *key   // of the others
}

// Output is a script that a descriptor stands for.
type Output struct {
	Script []byte
	Desc   string // that describes it alone, with checksum
}

// Parse reads a descriptor, with or without its checksum. Errors are worded
// as Core's.
func Parse(text string, p *consensus.Params) (*Descriptor, error) {
	body, sum, sealed := strings.Cut(text, "#")
	if strings.Contains(sum, "#") {
		return nil, errors.New("Multiple '#' symbols")
	}
	want, ok := Checksum(body)
	switch {
	case !ok:
		return nil, errors.New("Invalid characters in payload")
	case sealed && len(sum) != ChecksumSize:
		return nil, fmt.Errorf("Expected 8 character checksum, not %d characters", len(sum))
	case sealed && sum != want:
		return nil, fmt.Errorf("Provided checksum '%s' does not match computed checksum '%s'", sum, want)
	}
	name, inner, ok := call(body)
	if name == "sh" && ok {
		var nested string
		if nested, inner, ok = call(inner); ok {
			name = "sh(" + nested + ")"
		}
	}
	d := &Descriptor{params: p, shape: name}
	if !ok {
		return nil, fmt.Errorf("'%s' is not a valid descriptor function", body)
	}
	return d, d.fill(inner)
}

// call takes "name(inner)" apart.
func call(s string) (name, inner string, ok bool) {
	name, inner, ok = strings.Cut(s, "(")
	if !ok || !strings.HasSuffix(inner, ")") {
		return "", "", false
	}
	return name, inner[:len(inner)-1], true
}

// fill reads the argument that the shape asks for.
func (d *Descriptor) fill(inner string) (err error) {
	switch d.shape {
	case "raw":
		if d.script, err = hex.DecodeString(inner); err != nil {
			return errors.New("Raw script is not hex")
		}
	case "addr":
		if d.script, err = address.Decode(inner, d.params); err != nil {
			return errors.New("Address is not valid")
		}
	case "pk", "pkh", "wpkh", "sh(wpkh)", "tr", "rawtr", "combo":
		if d.key, err = parseKey(inner, d.params, d.shape == "tr" || d.shape == "rawtr"); err != nil {
			return fmt.Errorf("%s(): %w", strings.TrimSuffix(d.shape, ")"), err)
		}
		if d.key.uncompressed && (d.shape == "wpkh" || d.shape == "sh(wpkh)") {
			return errors.New("wpkh(): Uncompressed keys are not allowed")
		}
	default:
		return fmt.Errorf("'%s' is not a valid descriptor function", d.shape)
	}
	return nil
}

// Ranged says whether the descriptor ends in a star.
func (d *Descriptor) Ranged() bool { return d.key != nil && d.key.star != noStar }

// Expand lists the scripts at an index, in Core's order: combo has P2PK,
// P2PKH and, for compressed keys, P2WPKH and P2SH-P2WPKH. An error says that
// private keys are needed.
func (d *Descriptor) Expand(index uint32) ([]Output, error) {
	if d.key == nil {
		return []Output{{d.script, Infer(d.script, d.params)}}, nil
	}
	pub, origin, err := d.key.at(index)
	if err != nil {
		return nil, err
	}
	shapes := []string{d.shape}
	if d.shape == "combo" {
		shapes = []string{"pk", "pkh", "wpkh", "sh(wpkh)"}
		if d.key.uncompressed {
			shapes = shapes[:2]
		}
	}
	out := make([]Output, len(shapes))
	for i, shape := range shapes {
		out[i] = Output{scriptOf(shape, pub, d.key.uncompressed), describe(shape, pub, origin, d.key.uncompressed)}
	}
	return out, nil
}

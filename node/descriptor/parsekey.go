package descriptor

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/signing"
)

// place is where in a descriptor an expression stands.
type place int

const (
	top     place = iota
	inSH          // the script is a P2SH redeem script
	inWPKH        // a key alone
	inWSH         // the script is a witness script
	inTR          // the internal key, or a leaf
	inMusig       // a participant
)

// uncompressed says whether keys of 65 bytes may stand here.
func (w place) uncompressed() bool { return w == top || w == inSH }

// parser reads one descriptor.
type parser struct{ *known }

// learn keeps a private key that the text holds.
func (p *parser) learn(pub []byte, s keys.Private) {
	if p.privates == nil {
		p.privates = make(map[signing.KeyID]keys.Private)
	}
	p.privates[keys.Hash160(pub)] = s
}

// key reads a key expression; of a multipath one there are several.
func (p *parser) key(text string, w place) ([]key, error) {
	if strings.HasPrefix(text, "musig(") {
		return p.musig(text, w)
	}
	parts := strings.Split(text, "]")
	switch {
	case len(parts) > 2:
		return nil, errors.New("Multiple ']' characters found for a single pubkey")
	case len(parts) == 1:
		apostrophe := false
		return p.bareKey(text, w, &apostrophe)
	case parts[0] == "" || parts[0][0] != '[':
		first := byte(']')
		if parts[0] != "" {
			first = parts[0][0]
		}
		return nil, fmt.Errorf("Key origin start '[ character expected but not found, got '%c' instead", first)
	}
	origin, apostrophe, err := parseOrigin(parts[0][1:])
	if err != nil {
		return nil, err
	}
	list, err := p.bareKey(parts[1], w, &apostrophe)
	for i, k := range list {
		list[i] = &located{k, origin, apostrophe}
	}
	return list, err
}

// parseOrigin reads what stands between the brackets.
func parseOrigin(text string) (o signing.Origin, apostrophe bool, err error) {
	steps := strings.Split(text, "/")
	if len(steps[0]) != 8 {
		return o, false, fmt.Errorf("Fingerprint is not 4 bytes (%d characters instead of 8 characters)", len(steps[0]))
	}
	raw, err := hex.DecodeString(steps[0])
	if err != nil {
		return o, false, fmt.Errorf("Fingerprint '%s' is not hex", steps[0])
	}
	path := pathParser{}
	paths, err := path.parse(steps[1:])
	if err != nil {
		return o, false, err
	}
	return signing.Origin{Fingerprint: keys.Fingerprint(raw), Path: paths[0]}, path.apostrophe, nil
}

// bareKey reads a key without origin. apostrophe says how hardened steps are
// written, of the last one that was read.
func (p *parser) bareKey(text string, w place, apostrophe *bool) ([]key, error) {
	steps := strings.Split(text, "/")
	name := steps[0]
	switch {
	case name == "":
		return nil, errors.New("No key provided")
	case space(name[0]) || space(name[len(name)-1]):
		return nil, fmt.Errorf("Key '%s' is invalid due to whitespace", name)
	}
	if len(steps) == 1 {
		if raw, err := hex.DecodeString(name); err == nil {
			return p.hexKey(name, raw, w)
		}
		if s, err := keys.ParseWIF(name, p.params); err == nil {
			return p.wifKey(s, w)
		}
	}
	root, err := keys.ParseExtended(name, p.params)
	if err != nil {
		return nil, fmt.Errorf("key '%s' is not valid", name)
	}
	last, s := parseStar(steps, apostrophe)
	path := pathParser{multi: true, apostrophe: *apostrophe}
	paths, err := path.parse(last)
	*apostrophe = path.apostrophe
	if err != nil {
		return nil, err
	}
	if secret, ok := root.Private(); ok {
		p.learn(root.Pub(), secret)
	}
	list := make([]key, len(paths))
	for i, steps := range paths {
		list[i] = newDerived(p.known, root, steps, s, *apostrophe)
	}
	return list, nil
}

func (p *parser) hexKey(name string, raw []byte, w place) ([]key, error) {
	if len(raw) == 65 && (raw[0] == 6 || raw[0] == 7) {
		return nil, errors.New("Hybrid public keys are not allowed")
	}
	if _, err := btcec.ParsePubKey(raw); err == nil {
		if len(raw) == 65 && !w.uncompressed() {
			return nil, errors.New("Uncompressed keys are not allowed")
		}
		return []key{&constant{p.known, raw, false}}, nil
	}
	if len(raw) == 32 && w == inTR {
		full := append([]byte{2}, raw...)
		if _, err := btcec.ParsePubKey(full); err == nil {
			return []key{&constant{p.known, full, true}}, nil
		}
	}
	return nil, fmt.Errorf("Pubkey '%s' is invalid", name)
}

func (p *parser) wifKey(s keys.Private, w place) ([]key, error) {
	if s.Uncompressed && !w.uncompressed() {
		return nil, errors.New("Uncompressed keys are not allowed")
	}
	pub := s.Pub()
	p.learn(pub, s)
	return []key{&constant{p.known, pub, w == inTR}}, nil
}

// parseStar takes an index off the end of the steps; the first is the key or
// nothing, and falls off, too.
func parseStar(steps []string, apostrophe *bool) ([]string, star) {
	last := len(steps) - 1
	switch steps[last] {
	case "*":
		return steps[1:max(last, 1)], plainStar
	case "*'", "*h":
		*apostrophe = steps[last] == "*'"
		return steps[1:max(last, 1)], hardStar
	}
	return steps[1:], noStar
}

// pathParser reads steps. Of <a;b> steps (BIP389) there may be one, if multi.
type pathParser struct {
	multi      bool
	apostrophe bool // how the last hardened step was written
	hardened   bool // whether there was one
}

// parse reads the steps of one path, or of as many as the multipath step has values.
func (p *pathParser) parse(steps []string) ([][]uint32, error) {
	path := make([]uint32, len(steps))
	var values []uint32
	at := 0
	for i, step := range steps {
		var err error
		if !strings.HasPrefix(step, "<") || !strings.HasSuffix(step, ">") {
			if path[i], err = p.step(step); err != nil {
				return nil, err
			}
			continue
		}
		switch {
		case !p.multi:
			return nil, fmt.Errorf("Key path value '%s' specifies multipath in a section where multipath is not allowed", step)
		case values != nil:
			return nil, errors.New("Multiple multipath key path specifiers found")
		}
		if values, err = p.values(step[1 : len(step)-1]); err != nil {
			return nil, err
		}
		at = i
	}
	if values == nil {
		return [][]uint32{path}, nil
	}
	paths := make([][]uint32, len(values))
	for i, v := range values {
		paths[i] = slices.Clone(path)
		paths[i][at] = v
	}
	return paths, nil
}

func (p *pathParser) values(text string) (values []uint32, err error) {
	list := strings.Split(text, ";")
	if len(list) < 2 {
		return nil, errors.New("Multipath key path specifiers must have at least two items")
	}
	seen := make(map[uint32]bool)
	for _, item := range list {
		v, err := p.step(item)
		if err != nil {
			return nil, err
		}
		if seen[v] {
			return nil, fmt.Errorf("Duplicated key path value %d in multipath specifier", v)
		}
		seen[v] = true
		values = append(values, v)
	}
	return values, nil
}

func (p *pathParser) step(text string) (uint32, error) {
	hardened := uint32(0)
	if n := len(text) - 1; n >= 0 && (text[n] == '\'' || text[n] == 'h') {
		hardened, p.hardened = keys.Hardened, true
		p.apostrophe = text[n] == '\''
		text = text[:n]
	}
	v, err := strconv.ParseUint(text, 10, 32)
	switch {
	case err != nil:
		return 0, fmt.Errorf("Key path value '%s' is not a valid uint32", text)
	case v >= keys.Hardened:
		return 0, fmt.Errorf("Key path value %d is out of range", v)
	}
	return uint32(v) | hardened, nil
}

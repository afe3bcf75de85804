package descriptor

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/quernnet/quern/node/address"
)

// parse reads a whole descriptor without its checksum.
func (p *parser) parse(text string) ([]*node, error) {
	list, err := p.script(&text, top)
	if err == nil && text != "" {
		err = errors.New("") // Core has no words for what follows the expression
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// script cuts a script expression off and reads it; one an alternative of a
// multipath descriptor.
func (p *parser) script(text *string, w place) ([]*node, error) {
	e := expression(text)
	name := function(e)
	switch name {
	case kindPK:
		return p.single(e, name, w, w)
	case kindPKH:
		if w != inTR { // there it is Miniscript
			return p.single(e, name, w, w)
		}
	case kindCombo:
		if w != top {
			return nil, errors.New("Can only have combo() at top level")
		}
		return p.single(e, name, w, w)
	case kindMulti, kindSortedMulti:
		if w == inTR {
			return nil, errors.New("Can only have multi/sortedmulti at top level, in sh(), or in wsh()")
		}
		return p.multi(e, name, w)
	case kindMultiA, kindSortedA:
		if w != inTR {
			return nil, errors.New("Can only have multi_a/sortedmulti_a inside tr()")
		}
		return p.multi(e, name, w)
	case kindWPKH:
		if w != top && w != inSH {
			return nil, errors.New("Can only have wpkh() at top level or inside sh()")
		}
		return p.single(e, name, w, inWPKH)
	case kindSH:
		if w != top {
			return nil, errors.New("Can only have sh() at top level")
		}
		return p.wrapped(e, name, inSH)
	case kindWSH:
		if w != top && w != inSH {
			return nil, errors.New("Can only have wsh() at top level or inside sh()")
		}
		return p.wrapped(e, name, inWSH)
	case kindAddr, kindRaw:
		if w != top {
			return nil, fmt.Errorf("Can only have %s() at top level", name)
		}
		return p.fixed(e, name)
	case kindTR, kindRawTR, kindUnused:
		if w != top {
			return nil, fmt.Errorf("Can only have %s at top level", name)
		}
		return p.topLevel(e, name)
	}
	return p.miniscript(e, w)
}

// function names the function that an expression calls, if it is one of
// descriptors' own.
func function(e string) kind {
	for _, k := range []kind{kindPK, kindPKH, kindCombo, kindMulti, kindSortedMulti, kindMultiA, kindSortedA, kindWPKH,
		kindSH, kindWSH, kindAddr, kindTR, kindRawTR, kindUnused, kindRaw} {
		if call(&e, string(k)) {
			return k
		}
	}
	return kindMiniscript
}

// inside is what a function call holds.
func inside(e string, k kind) string { return e[len(k)+1 : len(e)-1] }

// single reads an expression of one key, which stands at at.
func (p *parser) single(e string, k kind, w, at place) ([]*node, error) {
	list, err := p.key(inside(e, k), at)
	if err != nil {
		return nil, fmt.Errorf("%s(): %w", k, err)
	}
	nodes := make([]*node, len(list))
	for i, one := range list {
		nodes[i] = &node{kind: k, keys: []key{one}, xonly: k == kindPK && w == inTR}
	}
	return nodes, nil
}

// wrapped reads sh() and wsh().
func (p *parser) wrapped(e string, k kind, w place) ([]*node, error) {
	inner := inside(e, k)
	subs, err := p.script(&inner, w)
	if err == nil && inner != "" {
		err = errors.New("") // as Core
	}
	if err != nil {
		return nil, err
	}
	nodes := make([]*node, len(subs))
	for i, sub := range subs {
		nodes[i] = &node{kind: k, subs: []*node{sub}}
	}
	return nodes, nil
}

// fixed reads addr() and raw().
func (p *parser) fixed(e string, k kind) ([]*node, error) {
	inner := inside(e, k)
	n := &node{kind: k}
	var err error
	if k == kindRaw {
		if n.script, err = hex.DecodeString(inner); err != nil || inner == "" {
			return nil, errors.New("Raw script is not hex")
		}
		return []*node{n}, nil
	}
	if n.script, err = address.Decode(inner, p.params); err != nil {
		return nil, errors.New("Address is not valid")
	}
	n.address, _ = address.Encode(n.script, p.params)
	return []*node{n}, nil
}

// topLevel reads tr(), rawtr() and unused().
func (p *parser) topLevel(e string, k kind) ([]*node, error) {
	rest := inside(e, k)
	arg := expression(&rest)
	switch {
	case k == kindTR:
		return p.taproot(arg, rest)
	case k == kindRawTR && rest != "":
		return nil, errors.New("rawtr(): only one key expected.")
	case k == kindRawTR:
		return p.single(e, k, top, inTR)
	case rest != "":
		return nil, errors.New("unused(): only one key expected")
	}
	list, err := p.key(arg, top)
	if err != nil {
		return nil, err
	}
	nodes := make([]*node, len(list))
	for i, one := range list {
		if one.ranged() {
			return nil, errors.New("unused(): key cannot be ranged")
		}
		nodes[i] = &node{kind: k, keys: []key{one}}
	}
	return nodes, nil
}

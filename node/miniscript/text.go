package miniscript

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// wrapper is the letter that n is written as before a colon, and the
// subexpression after it; 0 for what is written as a function.
func (n *Node) wrapper() (letter byte, sub *Node) {
	switch f := n.Fragment; {
	case f == WrapC && (n.Subs[0].Fragment == PkK || n.Subs[0].Fragment == PkH): // pk(), pkh()
		return 0, nil
	case f >= WrapA && f <= WrapN:
		return "ascdvjn"[f-WrapA], n.Subs[0]
	case f == AndV && n.Subs[1].Fragment == Just1:
		return 't', n.Subs[0]
	case f == OrI && n.Subs[0].Fragment == Just0:
		return 'l', n.Subs[1]
	case f == OrI && n.Subs[1].Fragment == Just0:
		return 'u', n.Subs[0]
	}
	return 0, nil
}

// Text writes the expression as Core does, with sugar; key writes a key.
func (n *Node) Text(key func(int) string) string {
	var b strings.Builder
	type item struct {
		node  *Node
		text  string // when node is nil
		after bool   // whether a wrapper's letter stands before it
	}
	open := []item{{node: n}}
	for len(open) > 0 {
		it := open[len(open)-1]
		open = open[:len(open)-1]
		if it.node == nil {
			b.WriteString(it.text)
			continue
		}
		if letter, sub := it.node.wrapper(); letter != 0 {
			b.WriteByte(letter)
			open = append(open, item{node: sub, after: true})
			continue
		}
		if it.after {
			b.WriteByte(':')
		}
		head, subs := it.node.head(key)
		b.WriteString(head)
		if len(subs) == 0 {
			continue
		}
		open = append(open, item{text: ")"})
		for i := len(subs) - 1; i >= 0; i-- {
			open = append(open, item{node: subs[i]})
			if i > 0 {
				open = append(open, item{text: ","})
			}
		}
	}
	return b.String()
}

// head is all of a function up to its subexpressions.
func (n *Node) head(key func(int) string) (text string, subs []*Node) {
	name := names[n.Fragment]
	switch f := n.Fragment; f {
	case Just0, Just1:
		return name, nil
	case PkK, PkH:
		return name + "(" + key(n.Keys[0]) + ")", nil
	case WrapC: // of a key
		return map[Fragment]string{PkK: "pk(", PkH: "pkh("}[n.Subs[0].Fragment] + key(n.Subs[0].Keys[0]) + ")", nil
	case Older, After:
		return name + "(" + strconv.FormatUint(uint64(n.K), 10) + ")", nil
	case SHA256, Hash256, RIPEMD160, Hash160:
		return name + "(" + hex.EncodeToString(n.Data) + ")", nil
	case Multi, MultiA:
		text = name + "(" + strconv.FormatUint(uint64(n.K), 10)
		for _, k := range n.Keys {
			text += "," + key(k)
		}
		return text + ")", nil
	case Thresh:
		return name + "(" + strconv.FormatUint(uint64(n.K), 10) + ",", n.Subs
	case AndOr:
		if n.Subs[2].Fragment == Just0 {
			return "and_n(", n.Subs[:2]
		}
	}
	return name + "(", n.Subs
}

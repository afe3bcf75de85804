package miniscript

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Keys is what a parser asks about keys, by the numbers that the caller gave them.
type Keys struct {
	// Parse reads a key expression and numbers it; not ok when it is none.
	Parse func(text string) (key int, ok bool)
	// Identity tells equal keys from different ones.
	Identity func(key int) string
}

// step is what a parser has to do next.
type step int

const (
	readWrapped step = iota // an expression, with wrappers before a colon perhaps
	readExpr                // an expression without wrappers
	readComma
	readClose
	readThresh // after one of thresh's expressions
	build      // a node of the last ones read
)

// task is a step with what it needs.
type task struct {
	step     step
	fragment Fragment
	sugar    byte  // u t l, or n for and_n
	n, k     int64 // thresh: how many so far, of which to satisfy
}

// parser turns text into a tree. It keeps a stack of what to do instead of
// recurring; bytes that the script will surely have bound what is built.
type parser struct {
	ctx   Context
	keys  Keys
	in    string
	todo  []task
	built []*Node
	size  int // the least the script takes by what has been read
}

// Parse reads an expression. Whether it is valid or sane it leaves to ask.
func Parse(text string, ctx Context, keys Keys) (*Node, bool) {
	p := &parser{ctx: ctx, keys: keys, in: text, size: 1, todo: []task{{step: readWrapped}}}
	for len(p.todo) > 0 {
		t := p.todo[len(p.todo)-1]
		p.todo = p.todo[:len(p.todo)-1]
		if p.size > ctx.maxScript() || !p.do(t) {
			return nil, false
		}
	}
	if p.in != "" {
		return nil, false
	}
	root := p.built[0]
	root.checkKeys(keys.Identity)
	return root, true
}

func (p *parser) do(t task) bool {
	switch t.step {
	case readWrapped:
		return p.wrappers()
	case readExpr:
		return p.expr()
	case readComma:
		return p.take(",")
	case readClose:
		return p.take(")")
	case readThresh:
		return p.thresh(t)
	}
	p.build(t)
	return true
}

func (p *parser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.in, prefix)
	if ok {
		p.in = rest
	}
	return ok
}

func (p *parser) push(n Node) {
	n.ctx = p.ctx
	p.built = append(p.built, n.finish())
}

// pop takes the last n nodes.
func (p *parser) pop(n int) []*Node {
	at := len(p.built) - n
	subs := slices.Clone(p.built[at:])
	p.built = p.built[:at]
	return subs
}

// wrapped is what each wrapper's letter does, and how many bytes it adds at least.
var wrapped = map[byte]struct {
	task task
	size int
}{
	'a': {task{step: build, fragment: WrapA}, 2},
	's': {task{step: build, fragment: WrapS}, 1},
	'c': {task{step: build, fragment: WrapC}, 1},
	'd': {task{step: build, fragment: WrapD}, 3},
	'j': {task{step: build, fragment: WrapJ}, 4},
	'n': {task{step: build, fragment: WrapN}, 1},
	'v': {task{step: build, fragment: WrapV}, 0},
	'u': {task{step: build, fragment: OrI, sugar: 'u'}, 4},
	't': {task{step: build, fragment: AndV, sugar: 't'}, 1},
	'l': {task{step: build, fragment: OrI, sugar: 'l'}, 4},
}

// wrappers reads the letters before a colon, if there is one.
func (p *parser) wrappers() bool {
	colon := 0
	for i := 1; i < len(p.in); i++ {
		if p.in[i] == ':' {
			colon = i
			break
		}
		if p.in[i] < 'a' || p.in[i] > 'z' {
			break
		}
	}
	for i := range colon {
		w, ok := wrapped[p.in[i]]
		if !ok || p.size > p.ctx.maxScript() || i > 0 && p.in[i] == 'v' && p.in[i-1] == 'v' {
			return false
		}
		p.size += w.size
		p.todo = append(p.todo, w.task)
	}
	if colon > 0 {
		p.in = p.in[colon+1:]
	}
	p.todo = append(p.todo, task{step: readExpr})
	return true
}

// combined is what expressions of others read and build, and how many bytes
// they add at least.
var combined = []struct {
	name     string
	fragment Fragment
	sugar    byte
	subs     int
	size     int
}{
	{"andor(", AndOr, 0, 3, 5}, {"and_n(", AndOr, 'n', 2, 5}, {"and_b(", AndB, 0, 2, 2}, {"and_v(", AndV, 0, 2, 1},
	{"or_b(", OrB, 0, 2, 2}, {"or_c(", OrC, 0, 2, 3}, {"or_d(", OrD, 0, 2, 4}, {"or_i(", OrI, 0, 2, 4},
}

// expr reads an expression without wrappers, or its beginning.
func (p *parser) expr() bool {
	switch {
	case p.take("0"):
		p.push(Node{Fragment: Just0})
		return true
	case p.take("1"):
		p.push(Node{Fragment: Just1})
		return true
	case p.take("multi("):
		return p.multi(Multi)
	case p.take("multi_a("):
		return p.multi(MultiA)
	case p.take("thresh("):
		return p.beginThresh()
	}
	for _, c := range combined {
		if p.take(c.name) {
			p.size += c.size
			p.todo = append(p.todo, task{step: build, fragment: c.fragment, sugar: c.sugar}, task{step: readClose})
			for i := range c.subs {
				if i > 0 {
					p.todo = append(p.todo, task{step: readComma})
				}
				p.todo = append(p.todo, task{step: readWrapped})
			}
			return true
		}
	}
	return p.leaf()
}

// leaf reads an expression of one key, hash or number.
func (p *parser) leaf() bool {
	name, _, ok := strings.Cut(p.in, "(")
	if !ok {
		return false
	}
	argument := p.argument(name)
	switch name {
	case "pk", "pkh", "pk_k", "pk_h":
		return argument != nil && p.key(name, *argument)
	case "sha256":
		return p.hash(SHA256, argument, 32)
	case "hash256":
		return p.hash(Hash256, argument, 32)
	case "ripemd160":
		return p.hash(RIPEMD160, argument, 20)
	case "hash160":
		return p.hash(Hash160, argument, 20)
	case "older":
		return p.lock(Older, argument)
	case "after":
		return p.lock(After, argument)
	}
	return false
}

// argument cuts "name(argument)" off; nil when what stands there is something else.
func (p *parser) argument(name string) *string {
	level, end := 0, len(p.in)
	for i := range len(p.in) {
		c := p.in[i]
		if level == 0 && (c == ')' || c == '}' || c == ',') {
			end = i
			break
		}
		switch c {
		case '(', '{':
			level++
		case ')', '}':
			level--
		}
	}
	e := p.in[:end]
	if len(e) < len(name)+2 || e[len(e)-1] != ')' {
		return nil
	}
	p.in = p.in[end:]
	e = e[len(name)+1 : len(e)-1]
	return &e
}

func (p *parser) key(name, text string) bool {
	key, ok := p.keys.Parse(text)
	if !ok {
		return false
	}
	f, size := PkK, p.ctx.keySize()
	if name == "pkh" || name == "pk_h" {
		f, size = PkH, 23
	}
	p.push(Node{Fragment: f, Keys: []int{key}})
	if name == "pk" || name == "pkh" {
		size++
		p.push(Node{Fragment: WrapC, Subs: p.pop(1)})
	}
	p.size += size
	return true
}

func (p *parser) hash(f Fragment, argument *string, size int) bool {
	if argument == nil {
		return false
	}
	data, err := hex.DecodeString(*argument)
	if err != nil || len(data) != size {
		return false
	}
	p.push(Node{Fragment: f, Data: data})
	p.size += 6 + size
	return true
}

func (p *parser) lock(f Fragment, argument *string) bool {
	if argument == nil {
		return false
	}
	n, ok := number(*argument)
	if !ok || n < 1 || n > maxLock {
		return false
	}
	p.push(Node{Fragment: f, K: uint32(n)})
	p.size += pushSize(n)
	return true
}

// number reads digits, with a minus perhaps.
func number(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && text[0] != '+'
}

// before cuts off what stands before a comma, if one comes before the next ')'.
func (p *parser) before(c byte) (string, bool) {
	i := strings.IndexAny(p.in, ")"+string(c))
	if i < 0 || p.in[i] != c {
		return "", false
	}
	text := p.in[:i]
	p.in = p.in[i+1:]
	return text, true
}

func (p *parser) multi(f Fragment) bool {
	most := maxMultisig
	if f == MultiA {
		most = maxMultiA
	}
	if (f == MultiA) != (p.ctx == Tapscript) {
		return false
	}
	text, ok := p.before(',')
	k, isNumber := number(text)
	if !ok || text == "" || !isNumber {
		return false
	}
	var keys []int
	for more := true; more; {
		var name string
		if name, more = p.before(','); !more {
			if name, ok = p.before(')'); !ok {
				return false
			}
		}
		if name == "" {
			return false
		}
		key, ok := p.keys.Parse(name)
		if !ok {
			return false
		}
		keys = append(keys, key)
	}
	n := int64(len(keys))
	if n > int64(most) || k < 1 || k > n {
		return false
	}
	p.push(Node{Fragment: f, K: uint32(k), Keys: keys})
	if f == MultiA {
		p.size += 34*len(keys) + pushSize(k)
	} else {
		p.size += 34*len(keys) + pushSize(n) + pushSize(k)
	}
	return true
}

func (p *parser) beginThresh() bool {
	text, ok := p.before(',')
	k, isNumber := number(text)
	if !ok || text == "" || !isNumber || k < 1 {
		return false
	}
	p.todo = append(p.todo, task{step: readThresh, n: 1, k: k}, task{step: readWrapped})
	p.size += 1 + pushSize(k)
	return true
}

// thresh goes on after an expression of thresh's.
func (p *parser) thresh(t task) bool {
	if p.take(",") {
		p.todo = append(p.todo, task{step: readThresh, n: t.n + 1, k: t.k}, task{step: readWrapped})
		p.size += 2
		return true
	}
	if !p.take(")") || t.k > t.n {
		return false
	}
	p.push(Node{Fragment: Thresh, K: uint32(t.k), Subs: p.pop(int(t.n))})
	return true
}

// build makes a node of the last ones.
func (p *parser) build(t task) {
	constant := func(f Fragment) *Node { return (&Node{Fragment: f, ctx: p.ctx}).finish() }
	var subs []*Node
	switch {
	case t.sugar == 'u':
		subs = append(p.pop(1), constant(Just0))
	case t.sugar == 't':
		subs = append(p.pop(1), constant(Just1))
	case t.sugar == 'l':
		subs = append([]*Node{constant(Just0)}, p.pop(1)...)
	case t.sugar == 'n':
		subs = append(p.pop(2), constant(Just0))
	case t.fragment == AndOr:
		subs = p.pop(3)
	case t.fragment >= AndV:
		subs = p.pop(2)
	default:
		if t.fragment == WrapV && p.built[len(p.built)-1].typ.Has("x") {
			p.size++
		}
		subs = p.pop(1)
	}
	p.push(Node{Fragment: t.fragment, Subs: subs})
}

package miniscript

import "slices"

// KnownKeys is what a decoder asks about the keys of a script, by numbers that
// the caller gives them.
type KnownKeys struct {
	// Key numbers a key of 33 bytes, or 32 in tapscript; not ok when it is none.
	Key func(raw []byte) (key int, ok bool)
	// Hash numbers the key of a hash; not ok when it is not known.
	Hash func(hash [20]byte) (key int, ok bool)
	// Identity tells equal keys from different ones.
	Identity func(key int) string
}

// expectation is what a decoder, going through a script from its end, looks for.
type expectation int

const (
	expectOne     expectation = iota // an expression that is not and_v, of type B, K or V
	expectSeveral                    // such an expression, or several joined by and_v
	expectW                          // an expression of type W
	maybeAndV                        // another expression before the last, if one comes
	expectSwap                       // SWAP, which ends s:
	expectToAlt                      // TOALTSTACK, which ends a:
	expectAdd                        // ADD and another expression of thresh, or the first
	endThresh
	afterEndIf  // what IF the last expression was in
	afterNotIf  // or_c or or_d
	afterElse   // or_i or andor
	makeNode    // a node of the last ones
	makeSwapped // andor, whose parts come in another order
)

type goal struct {
	what     expectation
	fragment Fragment
	n, k     int64 // of thresh
}

// decoder turns a script into a tree. It keeps a stack of goals instead of recurring.
type decoder struct {
	ctx   Context
	keys  KnownKeys
	in    []operation
	goals []goal
	built []*Node
}

// Decode reads a script that is valid Miniscript.
func Decode(s []byte, ctx Context, keys KnownKeys) (*Node, bool) {
	if len(s) > ctx.maxScript() {
		return nil, false
	}
	in, ok := operations(s)
	if !ok {
		return nil, false
	}
	d := &decoder{ctx: ctx, keys: keys, in: in, goals: []goal{{what: expectSeveral}}}
	for len(d.goals) > 0 {
		if n := len(d.built); n > 0 && !d.built[n-1].Valid() {
			return nil, false
		}
		g := d.goals[len(d.goals)-1]
		d.goals = d.goals[:len(d.goals)-1]
		if !d.reach(g) {
			return nil, false
		}
	}
	if len(d.built) != 1 || len(d.in) > 0 {
		return nil, false
	}
	root := d.built[0]
	root.checkKeys(keys.Identity)
	return root, root.ValidTopLevel()
}

// at says whether the i-th operation from here is op.
func (d *decoder) at(i int, op byte) bool { return i < len(d.in) && d.in[i].op == op }

// take goes past an operation.
func (d *decoder) take(op byte) bool {
	ok := d.at(0, op)
	if ok {
		d.in = d.in[1:]
	}
	return ok
}

// want adds goals, the last of which comes first.
func (d *decoder) want(goals ...goal) bool {
	d.goals = append(d.goals, goals...)
	return true
}

func (d *decoder) push(n Node) bool {
	n.ctx = d.ctx
	d.built = append(d.built, n.finish())
	return true
}

// join makes a node of the last n ones, which were found from the last to the first.
func (d *decoder) join(f Fragment, n int, k int64) bool {
	at := len(d.built) - n
	if at < 0 {
		return false
	}
	subs := slices.Clone(d.built[at:])
	slices.Reverse(subs)
	d.built = d.built[:at]
	return d.push(Node{Fragment: f, K: uint32(k), Subs: subs})
}

func (d *decoder) reach(g goal) bool {
	one := goal{what: expectOne}
	switch g.what {
	case expectOne:
		return len(d.in) > 0 && d.one()
	case expectSeveral:
		return d.want(goal{what: maybeAndV}, one)
	case expectW:
		if len(d.in) == 0 {
			return false
		}
		end := goal{what: expectSwap}
		if d.take(opFromAltStack) {
			end.what = expectToAlt
		}
		return d.want(end, goal{what: expectSeveral})
	case maybeAndV: // these begin no expression that could stand before another
		if len(d.in) > 0 && !slices.Contains([]byte{opIf, opElse, opNotIf, opToAltStack, opSwap}, d.in[0].op) {
			d.want(goal{what: makeNode, fragment: AndV}, goal{what: expectSeveral})
		}
		return true
	case expectSwap:
		return d.take(opSwap) && d.join(WrapS, 1, 0)
	case expectToAlt:
		return d.take(opToAltStack) && d.join(WrapA, 1, 0)
	case expectAdd:
		if len(d.in) == 0 {
			return false
		}
		if d.take(opAdd) {
			return d.want(goal{what: expectAdd, n: g.n + 1, k: g.k}, goal{what: expectW})
		}
		return d.want(goal{what: endThresh, n: g.n + 1, k: g.k}, one)
	case endThresh:
		return g.k <= g.n && d.join(Thresh, int(g.n), g.k)
	case afterEndIf:
		return d.afterEndIf()
	case afterNotIf:
		f := OrC
		if d.take(opIfDup) {
			f = OrD
		}
		return len(d.in) > 0 && d.want(goal{what: makeNode, fragment: f}, one)
	case afterElse:
		if d.take(opIf) {
			return d.join(OrI, 2, 0)
		}
		return d.take(opNotIf) && d.want(goal{what: makeSwapped}, one)
	case makeSwapped: // found were Y, Z, X
		if n := len(d.built); n >= 3 {
			d.built[n-3], d.built[n-2] = d.built[n-2], d.built[n-3]
		}
		return d.join(AndOr, 3, 0)
	}
	if g.fragment < AndV {
		return d.join(g.fragment, 1, 0)
	}
	return d.join(g.fragment, 2, 0)
}

// afterEndIf looks at what comes before the expression that ENDIF ends.
func (d *decoder) afterEndIf() bool {
	switch {
	case d.take(opElse):
		return d.want(goal{what: afterElse}, goal{what: expectSeveral})
	case d.at(0, opIf) && d.at(1, opDup):
		d.in = d.in[2:]
		return d.join(WrapD, 1, 0)
	case d.at(0, opIf) && d.at(1, op0NotEqual) && d.at(2, opSize):
		d.in = d.in[3:]
		return d.join(WrapJ, 1, 0)
	case d.take(opNotIf):
		return d.want(goal{what: afterNotIf})
	}
	return false
}

// one finds an expression by its last operation.
func (d *decoder) one() bool {
	first := d.in[0]
	one := goal{what: expectOne}
	if d.leaf() {
		return true
	}
	switch first.op {
	case opCheckMultisig, opNumEqual:
		return false
	case opCheckSig: // wrappers commute with and_v, which therefore stays outside
		d.in = d.in[1:]
		return d.want(goal{what: makeNode, fragment: WrapC}, one)
	case opVerify:
		d.in = d.in[1:]
		return d.want(goal{what: makeNode, fragment: WrapV}, one)
	case op0NotEqual:
		d.in = d.in[1:]
		return d.want(goal{what: makeNode, fragment: WrapN}, one)
	case opEqual:
		if len(d.in) < 3 {
			return false
		}
		k, ok := d.in[1].number()
		d.in = d.in[2:]
		return ok && k >= 1 && d.want(goal{what: expectAdd, k: k})
	case opEndIf:
		d.in = d.in[1:]
		return d.want(goal{what: afterEndIf}, goal{what: expectSeveral})
	case opBoolAnd:
		d.in = d.in[1:]
		return d.want(goal{what: makeNode, fragment: AndB}, one, goal{what: expectW})
	case opBoolOr:
		d.in = d.in[1:]
		return d.want(goal{what: makeNode, fragment: OrB}, one, goal{what: expectW})
	}
	return false
}

// leaf finds an expression without subexpressions.
func (d *decoder) leaf() bool {
	switch first := d.in[0]; {
	case first.op == op0 || first.op == op1:
		f := Just0
		if first.op == op1 {
			f = Just1
		}
		d.in = d.in[1:]
		return d.push(Node{Fragment: f})
	case len(first.data) == 33 || len(first.data) == 32:
		key, ok := d.keys.Key(first.data)
		if !ok {
			return false
		}
		d.in = d.in[1:]
		return d.push(Node{Fragment: PkK, Keys: []int{key}})
	case first.op == opCheckMultisig:
		return d.ctx == P2WSH && d.multi()
	case first.op == opNumEqual:
		return d.ctx == Tapscript && d.multiA()
	case first.op == opCheckSequenceVerify:
		return d.lock(Older)
	case first.op == opCheckLockTimeVerify:
		return d.lock(After)
	}
	return d.keyHash() || d.hash()
}

func (d *decoder) keyHash() bool {
	if !d.at(0, opVerify) || !d.at(1, opEqual) || !d.at(3, opHash160) || !d.at(4, opDup) || len(d.in[2].data) != 20 {
		return false
	}
	key, ok := d.keys.Hash([20]byte(d.in[2].data))
	if !ok {
		return false
	}
	d.in = d.in[5:]
	return d.push(Node{Fragment: PkH, Keys: []int{key}})
}

func (d *decoder) lock(f Fragment) bool {
	if len(d.in) < 2 {
		return false
	}
	n, ok := d.in[1].number()
	if !ok || n < 1 || n > maxLock {
		return false
	}
	d.in = d.in[2:]
	return d.push(Node{Fragment: f, K: uint32(n)})
}

func (d *decoder) hash() bool {
	if !d.at(0, opEqual) || !d.at(3, opVerify) || !d.at(4, opEqual) || !d.at(6, opSize) {
		return false
	}
	if n, ok := d.in[5].number(); !ok || n != 32 {
		return false
	}
	data := d.in[1].data
	for f, op := range hashOps {
		size := 32
		if f == RIPEMD160 || f == Hash160 {
			size = 20
		}
		if d.in[2].op == op && len(data) == size {
			d.in = d.in[7:]
			return d.push(Node{Fragment: f, Data: data})
		}
	}
	return false
}

func (d *decoder) multi() bool {
	if len(d.in) < 3 {
		return false
	}
	n, ok := d.in[1].number()
	if !ok || n < 1 || n > maxMultisig || int64(len(d.in)) < 3+n {
		return false
	}
	keys := make([]int, n)
	for i := range keys { // the last key comes first
		raw := d.in[2+i].data
		if len(raw) != 33 {
			return false
		}
		if keys[len(keys)-1-i], ok = d.keys.Key(raw); !ok {
			return false
		}
	}
	k, ok := d.in[2+n].number()
	if !ok || k < 1 || k > n {
		return false
	}
	d.in = d.in[3+n:]
	return d.push(Node{Fragment: Multi, K: uint32(k), Keys: keys})
}

func (d *decoder) multiA() bool {
	if len(d.in) < 4 {
		return false
	}
	k, ok := d.in[1].number()
	if !ok || k < 1 || k > maxMultiA {
		return false
	}
	var keys []int
	pos := 2
	for {
		if len(d.in) < pos+2 || len(d.in[pos+1].data) != 32 || len(keys) == maxMultiA {
			return false
		}
		key, ok := d.keys.Key(d.in[pos+1].data)
		if !ok {
			return false
		}
		keys = append(keys, key)
		pos += 2
		if d.in[pos-2].op == opCheckSig {
			break
		}
		if d.in[pos-2].op != opCheckSigAdd {
			return false
		}
	}
	if int64(len(keys)) < k {
		return false
	}
	d.in = d.in[pos:]
	slices.Reverse(keys)
	return d.push(Node{Fragment: MultiA, K: uint32(k), Keys: keys})
}

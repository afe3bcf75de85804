package miniscript

import "strings"

// Type is a set of properties: of basic types B, V, K, W one at most, and
// BIP379's modifiers z o n d u (correctness), e f s m (malleability), x (VERIFY
// costs a byte), g h i j k (locks: relative time, relative height, absolute
// time, absolute height, and no mix of them). An ill-typed expression has none.
type Type uint32

const properties = "BVKWzondufesmxghijk"

// types makes a set of letters.
func types(letters string) (t Type) {
	for i := range len(letters) {
		t |= 1 << strings.IndexByte(properties, letters[i])
	}
	return t
}

// Has says whether t has all properties of the letters.
func (t Type) Has(letters string) bool {
	want := types(letters)
	return t&want == want
}

// String lists the letters.
func (t Type) String() string {
	var b strings.Builder
	for i := range len(properties) {
		if t>>i&1 != 0 {
			b.WriteByte(properties[i])
		}
	}
	return b.String()
}

// of is what t has of the letters.
func (t Type) of(letters string) Type { return t & types(letters) }

// iff is t, or nothing.
func (t Type) iff(ok bool) Type {
	if ok {
		return t
	}
	return 0
}

// typeIf is the set of letters, or nothing.
func typeIf(ok bool, letters string) Type { return types(letters).iff(ok) }

const (
	locks         = "ghij"
	lockTypeFlag  = 1 << 22     // BIP68: a relative lock counts time
	lockThreshold = 500_000_000 // BIP65: an absolute lock from here on counts time
)

// mixed says whether two sets of locks, needed together, count both height and time.
func mixed(x, y Type) bool {
	return x.Has("g") && y.Has("h") || x.Has("h") && y.Has("g") || x.Has("i") && y.Has("j") || x.Has("j") && y.Has("i")
}

// leafType is the type of an expression without subexpressions.
func (n *Node) leafType() Type {
	switch n.Fragment {
	case Just0:
		return types("Bzudemsxk")
	case Just1:
		return types("Bzufmxk")
	case PkK:
		return types("Konudemsxk")
	case PkH:
		return types("Knudemsxk")
	case Older:
		time := n.K&lockTypeFlag != 0
		return types("Bzfmxk") | typeIf(time, "g") | typeIf(!time, "h")
	case After:
		time := n.K >= lockThreshold
		return types("Bzfmxk") | typeIf(time, "i") | typeIf(!time, "j")
	case Multi:
		return types("Bnudemsk")
	case MultiA:
		return types("Budemsk")
	}
	return types("Bonudmk") // the hashes
}

// wrapType is the type of a wrapper around x.
func (n *Node) wrapType(x Type) Type {
	switch n.Fragment {
	case WrapA:
		return typeIf(x.Has("B"), "W") | x.of("ghijk") | x.of("udfems") | types("x")
	case WrapS:
		return typeIf(x.Has("Bo"), "W") | x.of("ghijk") | x.of("udfemsx")
	case WrapC:
		return typeIf(x.Has("K"), "B") | x.of("ghijk") | x.of("ondfem") | types("us")
	case WrapD: // u in tapscript alone, where MINIMALIF is consensus
		return typeIf(x.Has("Vz"), "B") | typeIf(x.Has("z"), "o") | typeIf(x.Has("f"), "e") | x.of("ghijk") | x.of("ms") |
			typeIf(n.ctx == Tapscript, "u") | types("ndx")
	case WrapV:
		return typeIf(x.Has("B"), "V") | x.of("ghijk") | x.of("zonms") | types("fx")
	case WrapJ:
		return typeIf(x.Has("Bn"), "B") | typeIf(x.Has("f"), "e") | x.of("ghijk") | x.of("oums") | types("ndx")
	}
	return x.of("ghijk") | x.of("Bzondfems") | types("ux") // n:
}

// pairType is the type of an expression of two others.
func (n *Node) pairType(x, y Type) Type {
	both, either := x&y, x|y
	t := either.of(locks)
	apart := both.Has("k") && !mixed(x, y)
	switch n.Fragment {
	case AndV:
		return t | y.of("KVB").iff(x.Has("V")) | x.of("n") | y.of("n").iff(x.Has("z")) | either.of("o").iff(either.Has("z")) |
			both.of("mz") | either.of("s") | typeIf(y.Has("f") || x.Has("s"), "f") | y.of("ux") | typeIf(apart, "k")
	case AndB:
		return t | x.of("B").iff(y.Has("W")) | either.of("o").iff(either.Has("z")) | x.of("n") | y.of("n").iff(x.Has("z")) |
			both.of("e").iff(both.Has("s")) | both.of("dzm") | typeIf(both.Has("f") || x.Has("sf") || y.Has("sf"), "f") |
			either.of("s") | types("ux") | typeIf(apart, "k")
	case OrB:
		return t | typeIf(x.Has("Bd") && y.Has("Wd"), "B") | either.of("o").iff(either.Has("z")) |
			both.of("m").iff(either.Has("s") && both.Has("e")) | both.of("zse") | types("dux") | both.of("k")
	case OrD:
		return t | y.of("B").iff(x.Has("Bdu")) | x.of("o").iff(y.Has("z")) | both.of("m").iff(x.Has("e") && either.Has("s")) |
			both.of("zs") | y.of("ufde") | types("x") | both.of("k")
	case OrC:
		return t | y.of("V").iff(x.Has("Bdu")) | x.of("o").iff(y.Has("z")) | both.of("m").iff(x.Has("e") && either.Has("s")) |
			both.of("zs") | types("fx") | both.of("k")
	}
	return t | both.of("VBKufs") | typeIf(both.Has("z"), "o") | either.of("e").iff(either.Has("f")) | // or_i
		both.of("m").iff(either.Has("s")) | either.of("d") | types("x") | both.of("k")
}

// andOrType is the type of andor(x,y,z).
func andOrType(x, y, z Type) Type {
	yz, all, one := y&z, x&y&z, x|y|z
	return yz.of("BKV").iff(x.Has("Bdu")) | all.of("z") | (x | yz).of("o").iff((x | yz).Has("z")) | yz.of("u") |
		z.of("f").iff(x.Has("s") || y.Has("f")) | z.of("d") | z.of("e").iff(x.Has("s") || y.Has("f")) |
		all.of("m").iff(x.Has("e") && one.Has("s")) | (z & (x | y)).of("s") | types("x") | one.of(locks) |
		typeIf(all.Has("k") && !mixed(x, y), "k")
}

// threshType is the type of thresh(k,...).
func (n *Node) threshType() Type {
	allE, allM := true, true
	args, safe := 0, uint32(0)
	lock := types("k")
	for i, sub := range n.Subs {
		t := sub.typ
		if !t.Has("du") || i == 0 && !t.Has("B") || i > 0 && !t.Has("W") {
			return 0
		}
		allE, allM = allE && t.Has("e"), allM && t.Has("m")
		if t.Has("s") {
			safe++
		}
		switch {
		case t.Has("z"):
		case t.Has("o"):
			args++
		default:
			args += 2
		}
		lock = (lock | t).of(locks) | typeIf((lock&t).Has("k") && (n.K <= 1 || !mixed(lock, t)), "k")
	}
	of := uint32(len(n.Subs))
	return types("Bdu") | typeIf(args == 0, "z") | typeIf(args == 1, "o") | typeIf(allE && safe == of, "e") |
		typeIf(allE && allM && safe >= of-n.K, "m") | typeIf(safe >= of-n.K+1, "s") | lock
}

// computeType is the type of an expression whose subexpressions have theirs.
func (n *Node) computeType() (t Type) {
	switch subs := n.Subs; {
	case n.Fragment == Thresh:
		t = n.threshType()
	case len(subs) == 0:
		t = n.leafType()
	case len(subs) == 1:
		t = n.wrapType(subs[0].typ)
	case len(subs) == 2:
		t = n.pairType(subs[0].typ, subs[1].typ)
	default:
		t = andOrType(subs[0].typ, subs[1].typ, subs[2].typ)
	}
	if t.of("BVKW") == 0 {
		return 0
	}
	return t
}

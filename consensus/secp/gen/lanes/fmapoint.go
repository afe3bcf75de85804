package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The functions over points are those of main.go, by the other arithmetic.
func fmaFunctions() {
	fmaSubroutines()
	fmaPrimitives()
	fmaDoubling()
	for _, generator := range []bool{false, true} {
		for _, lambda := range []bool{false, true} {
			fmaAddition(generator, lambda)
		}
	}
	fmaStart()
	fmaMultiples()
	emitWords()
}

func fmaPrimitives() {
	f := fmaBegin("fmaMul", "func(s, a, b *[5][8]uint64)", "fmaMul sets s to ab in each lane.")
	a, b := fslot{"a", R9, 0}, fslot{"b", R10, 0}
	Load(Param("a"), R9)
	Load(Param("b"), R10)
	f.mul(a, b, fslot{"s", f.base, 0})
	fmaEnd()

	f = fmaBegin("fmaSquares", "func(s, a *[5][8]uint64, n int)", "fmaSquares squares a n times, once or more often.")
	Load(Param("a"), R9)
	Load(Param("n"), R10)
	f.sqr(a, fslot{"s", f.base, 0})
	JMP(LabelRef("test"))
	f.label("next")
	f.sqr(fslot{"s", f.base, 0}, fslot{"s", f.base, 0})
	f.label("test")
	DECQ(R10)
	JNZ(LabelRef("next"))
	fmaEnd()
}

func fmaDoubling() {
	f := fmaBegin("fmaDouble", "func(s *[18][5][8]uint64, n int)", "fmaDouble does what laneDouble does.")
	Load(Param("n"), R9)
	x, y, z := f.slot("x"), f.slot("y"), f.slot("z")
	m, b, t, u, v := f.slot("t0"), f.slot("t1"), f.slot("t2"), f.slot("t3"), f.slot("t4")
	f.label("next")
	f.sqr(x, m)
	f.sqr(y, b)
	f.sum(m, fterm{3, m})
	f.mul(y, z, z)
	f.mul(x, b, t)
	f.sqr(m, x)
	f.sqr(b, v)
	f.sum(x, fterm{1, x}, fterm{-2, t})
	f.multiple(2, u, fterm{1, x}, fterm{-1, t})
	f.mul(m, u, y)
	f.sum(y, fterm{1, y}, fterm{1, v})
	DECQ(R9)
	JNZ(LabelRef("next"))
	fmaEnd()
}

func fmaAddition(generator, lambda bool) {
	name, like := "fmaAddKey", "laneAddKey"
	if generator {
		name, like = "fmaAddGen", "laneAddGen"
	}
	if lambda {
		name, like = name+"Lambda", like+"Lambda"
	}
	f := fmaBegin(name, "func(s *[18][5][8]uint64, table *[12]uint64, d *[9]uint32)", name+" does what "+like+" does.")
	x, y, z := f.slot("x"), f.slot("y"), f.slot("z")
	x2, y2 := f.slot("x2"), f.slot("y2")
	zz, zzz, h, r, i, j, v := f.slot("t0"), f.slot("t1"), f.slot("t2"), f.slot("t3"), f.slot("t4"), f.slot("t5"), f.slot("t6")
	at, stride := z, 16*fmaRow
	if generator {
		at, stride = v, 0
		f.mul(z, f.slot("f"), at)
	}
	f.sqr(at, zz)
	f.lookup(stride, x2, y2)
	if lambda {
		f.mul(x2, f.slot("beta"), x2)
	}
	f.mul(at, zz, zzz)
	f.mul(x2, zz, h)
	f.mul(y2, zzz, r)
	f.sum(h, fterm{1, h}, fterm{-1, x})
	f.sum(r, fterm{1, r}, fterm{-1, y})
	f.sum(zz, fterm{2, h})
	f.sqr(zz, i)
	f.mul(z, zz, z)
	f.mul(h, i, j)
	f.mul(x, i, v)
	f.sqr(r, x)
	f.mul(y, j, y)
	f.sum(x, fterm{1, x}, fterm{-1, j}, fterm{-2, v})
	f.sum(v, fterm{1, x}, fterm{-1, v})
	f.mul(r, v, r)
	f.multiple(2, y, fterm{1, y}, fterm{1, r})
	fmaEnd()
}

func fmaStart() {
	f := fmaBegin("fmaStart", "func(s *[18][5][8]uint64, table *[12]uint64, d *[9]uint32)", "fmaStart does what laneStart does.")
	f.lookup(16*fmaRow, f.slot("x"), f.slot("y"))
	f.one(f.slot("z"))
	fmaEnd()
}

func fmaMultiples() {
	f := fmaBegin("fmaMultiples", "func(s *[18][5][8]uint64, raw *[16][3][5][8]uint64, table *[12]uint64)", "fmaMultiples does what laneMultiples does.")
	raw, table, n := R9, R10, R11
	Load(Param("raw"), raw)
	Load(Param("table"), table)
	keyX, keyY, ff := f.slot("keyX"), f.slot("keyY"), f.slot("f")
	dx, dy := f.slot("x"), f.slot("y")
	c, w, r, t, m := f.slot("t0"), f.slot("t1"), f.slot("t2"), f.slot("t3"), f.slot("t4")
	place := func(index int, name string, i int) fslot {
		return fslot{name, raw, (3*index + i) * fmaElement}
	}
	qx, qy := place(0, "qx", 0), place(0, "qy", 1)
	// The key and its double at z = 2 keyY.
	f.sqr(keyX, m)
	f.sum(m, fterm{3, m})
	f.sqr(keyY, w)
	f.mul(keyX, w, qx)
	f.multiple(2, qx, fterm{2, qx})
	f.sqr(w, qy)
	f.multiple(2, qy, fterm{2, qy})
	f.sum(qy, fterm{2, qy})
	f.sqr(m, dx)
	f.sum(dx, fterm{1, dx}, fterm{-2, qx})
	f.sum(t, fterm{1, qx}, fterm{-1, dx})
	f.mul(m, t, dy)
	f.sum(dy, fterm{1, dy}, fterm{-1, qy})

	MOVQ(U32(15), n)
	f.label("next")
	nx, ny, h := place(1, "nx", 0), place(1, "ny", 1), place(1, "h", 2)
	f.sum(h, fterm{1, dx}, fterm{-1, qx})
	f.sqr(h, c)
	f.sum(r, fterm{1, dy}, fterm{-1, qy})
	f.mul(qx, c, w)
	f.mul(dx, c, dx)
	f.sqr(r, nx)
	f.sum(t, fterm{1, dx}, fterm{-1, w})
	f.mul(dy, t, dy)
	f.sum(nx, fterm{1, nx}, fterm{-1, dx}, fterm{-1, w})
	f.sum(t, fterm{1, dx}, fterm{-1, nx})
	f.mul(r, t, ny)
	f.sum(ny, fterm{1, ny}, fterm{-1, dy})
	ADDQ(U32(3*fmaElement), raw)
	DECQ(n)
	JNZ(LabelRef("next"))

	Comment("All at the last one's z")
	ADDQ(U32(15*fmaRow), table)
	f.sum(t, fterm{2, qy})
	f.row(qx, t, table)
	f.one(ff)
	MOVQ(U32(15), n)
	f.label("back")
	h, nx, ny = place(0, "h", 2), place(-1, "bx", 0), place(-1, "by", 1)
	f.mul(ff, h, ff)
	f.sqr(ff, c)
	f.mul(nx, c, r)
	f.mul(c, ff, w)
	f.mul(ny, w, t)
	f.sum(t, fterm{2, t})
	SUBQ(U32(fmaRow), table)
	f.row(r, t, table)
	SUBQ(U32(3*fmaElement), raw)
	DECQ(n)
	JNZ(LabelRef("back"))
	f.mul(ff, keyY, ff)
	f.sum(ff, fterm{2, ff})
	fmaEnd()
}

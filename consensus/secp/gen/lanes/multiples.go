package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// row stores an entry: x and twice y of all lanes.
func (e *emitter) row(x, y slot, to Register) {
	Comment("A row of the table")
	e.load(x, regLow)
	e.canonical()
	e.pack(regA)
	e.load(y, regLow)
	e.canonical()
	e.pack(regA + 4)
	e.transpose(regA, regA+8)
	for i := range 8 {
		VMOVDQU64(zs[regA+i], Mem{Base: to, Disp: 1024 * i})
		e.tally("store")
	}
}

// multiples writes the table of the key's odd multiples 1, 3, … 31, by Meloni's
// co-Z additions: its double D and the newest multiple Q share a z, which each
// addition multiplies by H.
//
//	H = D.x - Q.x, C = H², V = D.x C, W = Q.x C, R = D.y - Q.y, A = D.y (V - W)
//	Q' = (R² - V - W, R (V - Q'.x) - A), D' = (V, A)
//
// Then all are brought to the last one's z, which becomes f.
type multiples struct {
	*emitter
	s          state
	raw, table Register
	keyX, keyY slot
	dx, dy     slot // D
	qx, qy     slot // Q
	c, h, r    slot // C, H and R
}

func keyTable() {
	e, s := begin("laneMultiples", "func(s *[18][5][8]uint64, raw *[16][3][5][8]uint64, table *[8]uint64)", "laneMultiples fills the table with odd multiples of the key, all at the same z, f. Each lane's 1,024 bytes come one after the other.")
	m := &multiples{
		emitter: e, s: s,
		raw: Load(Param("raw"), GP64()), table: Load(Param("table"), GP64()),
		keyX: s.slot("keyX"), keyY: s.slot("keyY"),
		dx: s.slot("x"), dy: s.slot("y"),
		c: s.slot("t0").asLoose(), h: s.slot("t4").asLoose(), r: s.slot("t2").asLoose(),
	}
	m.qx, m.qy = m.place(0, "qx", 0), m.place(0, "qy", 1)
	m.twice()
	m.additions()
	m.share()
	e.end()
}

// place is a coordinate of a multiple, counted from where raw points to.
func (m *multiples) place(index int, name string, i int) slot {
	return slot{name: name, base: m.raw, off: (3*index + i) * elementSize}
}

// twice sets Q to the key and D to its double, and begins the first addition.
func (m *multiples) twice() {
	t1 := m.s.slot("t1")
	m.given(m.keyX, top)
	m.given(m.keyY, top)
	Comment("The key and its double at z = 2 keyY")
	m.sqr(m.keyX, 3, m.c) // M
	m.sqr(m.keyY, 1, t1)
	m.mul(m.keyX, t1, 4, m.qx) // S
	m.sqr(t1, 8, m.qy)
	m.sqr(m.c, 1, m.dx, term{-2, m.qx})
	m.sum(term{1, m.qx}, term{-1, m.dx})
	m.load(m.c, regA)
	p := columns{e: m.emitter}
	p.product(regA, regB)
	p.reduce(1, m.dy, term{-1, m.qy})

	for _, o := range []slot{m.dx, m.dy, m.qx, m.qy} {
		m.promise(o, top)
		m.given(o, top)
	}
	m.sumSlot(m.h, term{1, m.dx}, term{-1, m.qx})
	m.sqr(m.h, 1, m.c)
}

// additions makes the other 15. Each turn of the loop ends the last addition
// (its Q.y, for which it waits least) and begins the next.
func (m *multiples) additions() {
	m.addition()
	n := GP64()
	MOVQ(U32(14), n)
	Label("next")
	ADDQ(U32(3*elementSize), m.raw)
	for _, o := range []slot{m.dx, m.dy, m.qx} {
		m.given(o, top)
	}
	m.given(m.h, below(52))
	m.given(m.r, below(52))
	m.sqr(m.h, 1, m.c)
	m.mul(m.r, m.h, 1, m.qy, term{-1, m.dy})
	m.addition()
	DECQ(n)
	JNZ(LabelRef("next"))
	ny := m.place(1, "ny", 1)
	m.mul(m.r, m.h, 1, ny, term{-1, m.dy})
	m.promise(ny, top)
	ADDQ(U32(3*elementSize), m.raw)
}

// addition finds all of Q' but its y, for which V - Q'.x, the next H, is left.
func (m *multiples) addition() {
	w, diff := m.s.slot("t1"), m.s.slot("t3").asLoose()
	nx, kept := m.place(1, "nx", 0), m.place(1, "h", 2).asLoose()
	m.load(m.h, regLow)
	m.store(regLow, kept)
	m.mul(m.qx, m.c, 1, w)
	m.mul(m.dx, m.c, 1, m.dx) // V
	m.sumSlot(m.r, term{1, m.dy}, term{-1, m.qy})
	m.sqr(m.r, 1, nx, term{-1, w}, term{-1, m.dx})
	m.sumSlot(diff, term{1, m.dx}, term{-1, w})
	m.mul(m.dy, diff, 1, m.dy) // A
	m.sumSlot(m.h, term{1, m.dx}, term{-1, nx})
	for _, o := range []slot{m.dx, m.dy, nx} {
		m.promise(o, top)
	}
	m.promise(kept, below(52))
	m.promise(m.h, below(52))
	m.promise(m.r, below(52))
}

// share goes back over the multiples and writes them at the last one's z. By
// what an earlier one's coordinates are multiplied is the product of the H of
// those after it.
func (m *multiples) share() {
	Comment("All at the last one's z")
	qx, qy := m.place(0, "lx", 0), m.place(0, "ly", 1)
	m.given(qx, top)
	m.given(qy, top)
	ADDQ(U32(15*64), m.table)
	m.load(qy, regLow)
	for i := range 5 {
		m.times(2, regLow+i)
	}
	m.carry(regLow, false)
	x, y := m.s.slot("x2"), m.s.slot("y2")
	m.store(regLow, y)
	m.row(qx, y, m.table)
	last, f := m.place(0, "h", 2).asLoose(), m.s.slot("f").asLoose()
	m.given(last, below(52))
	m.load(last, regLow)
	m.store(regLow, f)
	m.given(f, below(52))
	n := GP64()
	MOVQ(U32(15), n)
	Label("back")
	m.earlier(f, x, y)
	SUBQ(U32(3*elementSize), m.raw)
	DECQ(n)
	JNZ(LabelRef("back"))
	before := m.s.slot("t5").asLoose()
	m.given(before, below(52))
	m.mul(before, m.keyY, 2, f)
	m.promise(f, top)
}

// earlier writes the multiple before the one that raw points to, and leaves in
// t5 what f was.
func (m *multiples) earlier(f, x, y slot) {
	ff, fff, before := m.s.slot("t0").asLoose(), m.s.slot("t1").asLoose(), m.s.slot("t5").asLoose()
	h, nx, ny := m.place(-1, "h", 2).asLoose(), m.place(-1, "bx", 0), m.place(-1, "by", 1)
	m.given(h, below(52))
	m.given(nx, top)
	m.given(ny, top)
	SUBQ(U32(64), m.table)
	m.sqr(f, 1, ff)
	m.mul(f, h, 1, m.h)
	m.mul(nx, ff, 1, x)
	m.mul(ff, f, 1, fff)
	m.load(f, regLow)
	m.store(regLow, before)
	m.load(m.h, regLow)
	m.store(regLow, f)
	m.promise(f, below(52))
	m.mul(ny, fff, 2, y)
	m.row(x, y, m.table)
}

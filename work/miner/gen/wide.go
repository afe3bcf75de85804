package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Words of a header's table, as newTable fills it: that of hash h, kind k and
// round or place t is h*256 + k*64 + t.
const (
	adds   = iota // what round t adds: its constant, what is known of its word and of H
	addsE         // the same and D, where both are known
	known         // what is known of word t of the schedule
	states        // see below
)

// Places among the states. The first eight are A to H before the first round
// that is not known.
const (
	after = 8 // first hash: the eight words to add to its last state
	last  = 8 // second hash: what to add to E after round 60
	top   = 9
)

// wide writes a kernel that hashes as many nonces at a time as a vector register
// has words: each of SHA-256's words is a register.
type wide struct {
	isa
	hash  int
	s     [8]VecPhysical // A to H
	words [64]word
}

// word is what is known of a word of the schedule before the nonce is.
type word int

const (
	varies word = iota
	fixed
	zero
)

// isa is an instruction set. Words of the schedule are kept in a ring of
// 16. Methods whose result is a register may use one of a few in turns.
type isa interface {
	lanes() int
	flags() attr.Attribute
	begin()                       // once a kernel
	end()                         // before each return
	state(i int) VecPhysical      // the register of A to H
	nonces(from Register, t int)  // the words of a group of nonces, as word t
	word(t int) VecPhysical       // word t, in a register
	addWord(t int, v VecPhysical) // v += word t
	fresh(t int) VecPhysical      // a register for word t, which is not made of the word 16 before it
	old(t int) VecPhysical        // a register for word t with the word 16 before it
	keep(t int, v VecPhysical)    // v, from fresh or old, is word t

	add(a, v VecPhysical)              // v += a
	table(at int, v VecPhysical)       // v = a word of the table
	addTable(at int, a, v VecPhysical) // v = a + a word of the table
	rotated(a [3]int, x VecPhysical) VecPhysical
	sigma(a [3]int, x, v VecPhysical, fresh bool) // v = or += σ(x)
	choose(e, f, g VecPhysical) VecPhysical
	majority(a, b, c VecPhysical, again bool) VecPhysical // again: A and B of the call before are B and C now
	judge(e VecPhysical, found string)                    // jumps if a word, once its bytes are reversed, is at or below top
}

// Rotations of Σ0 and Σ1, and rotations and a shift of σ0 and σ1 (FIPS 180-4,
// section 4.1.2).
var (
	bigSum0   = [3]int{2, 13, 22}
	bigSum1   = [3]int{6, 11, 25}
	smallSum0 = [3]int{7, 18, 3}
	smallSum1 = [3]int{17, 19, 10}
)

// scanWide writes a function that scans groups of nonces.
func scanWide(name, set string, i isa) {
	TEXT(name, i.flags(), fmt.Sprintf("func(table *[512 * %d]uint32, from, groups uint32) uint32", spread(i)))
	Doc(fmt.Sprintf("%s hashes groups of %d nonces from the given one, wrapping, by %s,", name, i.lanes(), set),
		"and returns how many groups it passed before one of which a hash has its most",
		"significant 32 bits at or below the table's top, or groups where there is none.")
	Pragma("noescape")
	w := &wide{isa: i}
	Load(Param("table"), tableBase)
	nonce, groups, done := GP32(), GP32(), GP32()
	Load(Param("from"), nonce)
	Load(Param("groups"), groups)
	w.begin()
	XORL(done, done)

	Label("next")
	CMPL(done, groups)
	JAE(LabelRef("end"))
	w.first(nonce)
	w.turn()
	w.second()
	w.judge(w.s[4], "end")
	ADDL(U32(uint32(i.lanes())), nonce)
	INCL(done)
	JMP(LabelRef("next"))

	Label("end")
	w.end()
	Store(done, ReturnIndex(0))
	RET()
}

// tableBase points to the table of the header.
var tableBase Register = R8

// spread is how many copies of a word stand in the table of a kernel.
func spread(i isa) int {
	if _, ok := i.(*avx512); ok {
		return 1 // its instructions broadcast what they load
	}
	return i.lanes()
}

func at(hash, kind, t int) int { return hash*256 + kind*64 + t }

// first writes the compression of the header's last 16 bytes. Of its words only
// the nonce, word 3, varies, which adds to A and E of round 3.
func (w *wide) first(nonce Register) {
	w.hash = 0
	w.words = [64]word{0: fixed, 1: fixed, 2: fixed, 3: varies, 4: fixed, 15: fixed}
	for t := 5; t < 15; t++ {
		w.words[t] = zero
	}
	Comment("The header: rounds 0 to 3 are known but for the nonce.")
	w.load(0, 1, 2, 4, 5, 6)
	w.nonces(nonce, 3)
	n := w.word(3)
	w.addTable(at(0, states, 0), n, w.s[0])
	w.addTable(at(0, states, 4), n, w.s[4])
	for t := 4; t < 64; t++ {
		w.schedule(t)
		w.round(t, t-4, true)
	}
}

// turn makes the second hash's words of the first hash's last state.
func (w *wide) turn() {
	Comment("The first hash's state becomes the second's message.")
	for t, v := range w.s {
		to := w.fresh(t)
		w.addTable(at(0, states, after+t), v, to)
		w.keep(t, to)
	}
}

// second writes the compression of the first hash, as far as it decides the
// result's last word, which is H after round 63: E after round 60.
func (w *wide) second() {
	w.hash = 1
	w.words = [64]word{8: fixed, 15: fixed}
	for t := 9; t < 15; t++ {
		w.words[t] = zero
	}
	Comment("The second hash: round 0 is known but for word 0.")
	w.load(1, 2, 3, 5, 6, 7)
	v := w.word(0)
	w.addTable(at(1, states, 0), v, w.s[0])
	w.addTable(at(1, states, 4), v, w.s[4])
	for t := 1; t < 61; t++ {
		w.schedule(t)
		w.round(t, t-1, t < 57)
	}
}

// load sets the state's registers and the words of it that do not vary.
func (w *wide) load(places ...int) {
	for i := range w.s {
		w.s[i] = w.state(i)
	}
	for _, i := range places {
		w.table(at(w.hash, states, i), w.s[i])
	}
}

// round writes round t, the nth written of this hash. In the first three D and H
// are known, and the table has them added. Where A is not wanted any more only
// E is made.
func (w *wide) round(t, n int, wantsA bool) {
	Commentf("Round %d.", t)
	a, b, c, d, e, f, g, h := w.s[0], w.s[1], w.s[2], w.s[3], w.s[4], w.s[5], w.s[6], w.s[7]
	if n > 2 {
		w.addTable(at(w.hash, adds, t), h, h)
		if w.words[t] == varies {
			w.addWord(t, h)
		}
		w.add(w.choose(e, f, g), h)
		w.add(w.rotated(bigSum1, e), h)
		w.add(h, d)
	} else {
		w.knownRound(t)
	}
	if wantsA {
		w.add(w.majority(a, b, c, n > 0), h)
		w.add(w.rotated(bigSum0, a), h)
	}
	w.s = [8]VecPhysical{h, a, b, c, d, e, f, g}
}

// knownRound writes round t up to E, where D and H hold nothing that varies and
// are in the table instead of in their registers.
func (w *wide) knownRound(t int) {
	d, e, f, g, h := w.s[3], w.s[4], w.s[5], w.s[6], w.s[7]
	sum := w.rotated(bigSum1, e)
	w.add(w.choose(e, f, g), sum)
	if w.words[t] == varies {
		w.addWord(t, sum)
	}
	w.addTable(at(w.hash, addsE, t), sum, d)
	w.addTable(at(w.hash, adds, t), sum, h)
}

// schedule writes word t of the schedule, where it varies: the sum of the words
// 16 and 7 before it, σ0 of that 15 before it and σ1 of that 2 before it. What
// of these does not vary is in the table.
func (w *wide) schedule(t int) {
	if t < 16 {
		return
	}
	far, near, s0, s1 := w.words[t-16], w.words[t-7], w.words[t-15], w.words[t-2]
	var part bool
	w.words[t], part = fixed, false
	for _, from := range []word{far, near, s0, s1} {
		if from == varies {
			w.words[t] = varies
		}
		part = part || from == fixed
	}
	if w.words[t] != varies {
		return
	}
	var v VecPhysical
	empty := far != varies
	if empty {
		v = w.fresh(t)
	} else {
		v = w.old(t)
	}
	for _, s := range []struct {
		of   word
		from int
		by   [3]int
	}{{s0, t - 15, smallSum0}, {s1, t - 2, smallSum1}} {
		if s.of == varies {
			w.sigma(s.by, w.word(s.from), v, empty)
			empty = false
		}
	}
	if near == varies {
		w.addWord(t-7, v)
	}
	if part {
		w.addTable(at(w.hash, known, t), v, v)
	}
	w.keep(t, v)
}

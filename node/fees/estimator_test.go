package fees

import (
	"encoding/binary"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// ground feeds an estimator like a node whose blocks take payments of ten feerates.
type ground struct {
	testing.TB
	e      *Estimator
	height uint32
	made   uint64
	waits  [10][]wire.Hash // by feerate
}

const (
	baseFee = 2000 // satoshis; the tenth feerate is ten times the first
	size    = 188  // virtual bytes
)

func (g *ground) id() (id wire.Hash) {
	g.made++
	binary.LittleEndian.PutUint64(id[:], g.made)
	return id
}

// enter adds four payments of each feerate.
func (g *ground) enter() {
	for j := range g.waits {
		for range 4 {
			t := Entry{ID: g.id(), Fee: int64(baseFee * (j + 1)), Size: size, Height: g.height, Telling: true}
			g.e.Enter(t)
			g.waits[j] = append(g.waits[j], t.ID)
		}
	}
}

// mine makes a block of all that waits of the n highest feerates.
func (g *ground) mine(n int) {
	var ids []wire.Hash
	for j := range n {
		ids = append(ids, g.waits[9-j]...)
		g.waits[9-j] = nil
	}
	g.height++
	g.e.Mine(g.height, ids)
}

// fee is Core's estimateFee: the medium horizon at 95%.
func (g *ground) fee(target int) int64 {
	if target <= 1 {
		return 0
	}
	f, _ := g.e.Raw(target, doubleShare, Medium)
	return f
}

// TestBlockPolicyEstimates is the case of that name of Bitcoin Core's policyestimator_tests.cpp.
func TestBlockPolicyEstimates(t *testing.T) {
	const base, delta = baseFee * 1000 / size, 100
	g := &ground{TB: t, e: New()}
	for g.height < 200 {
		g.enter()
		g.mine(int(g.height)%10 + 1)
		if f := g.fee(2); g.height == 3 && (g.fee(1) != 0 || f <= 9*base-delta || f >= 9*base+delta) {
			t.Errorf("after 3 blocks %d for 1 block, %d for 2", g.fee(1), f)
		}
	}
	var first [49]int64
	for i := range first {
		first[i] = g.fee(i)
		if i > 2 && first[i] > first[i-1] {
			t.Errorf("%d for %d blocks, %d for one less", first[i], i, first[i-1])
		}
		if want := int64(11-i) * base; i > 0 && i < 10 && i%2 == 0 && (first[i] <= want-delta || first[i] >= want+delta) {
			t.Errorf("%d for %d blocks, want about %d", first[i], i, want)
		}
	}
	check := func(when string, from, to int, good func(f, first int64) bool) {
		t.Helper()
		for i := from; i < to; i++ {
			if f := g.fee(i); !good(f, first[i]) {
				t.Errorf("%s %d for %d blocks, was %d", when, f, i, first[i])
			}
		}
	}
	notBelow := func(f, first int64) bool { return f == 0 || f > first-delta }
	for g.height < 250 {
		g.mine(0)
	}
	check("after empty blocks", 1, 10, func(f, first int64) bool { return f == 0 && first == 0 || f < first+delta && f > first-delta })
	for g.height < 265 {
		g.enter()
		g.mine(0)
	}
	check("while none is mined", 1, 10, notBelow)
	g.mine(10)
	check("once all are mined", 1, 10, notBelow)
	for g.height < 665 {
		g.enter()
		g.mine(10)
	}
	check("when all are mined at once", 2, 9, func(f, first int64) bool { return f < first-delta })
}

// TestSmart looks at the bounds of what is answered.
func TestSmart(t *testing.T) {
	g := &ground{TB: t, e: New()}
	if f, within := g.e.Smart(6, false); f != 0 || within != 0 {
		t.Errorf("without history %d within %d", f, within)
	}
	for g.height < 3 {
		g.enter()
		g.mine(10)
	}
	if f, within := g.e.Smart(6, true); f != 0 || within != 1 {
		t.Errorf("after 3 blocks %d within %d", f, within)
	}
	for g.height < 61 {
		g.enter()
		g.mine(10)
	}
	for _, c := range []struct{ target, within int }{{1, 2}, {2, 2}, {12, 12}, {30, 30}, {31, 30}, {1008, 30}} {
		f, within := g.e.Smart(c.target, c.target%2 == 0)
		if f != baseFee*1000/size || within != c.within {
			t.Errorf("%d within %d for a target of %d", f, within, c.target)
		}
	}
	for _, target := range []int{-1, 0, 1009} {
		if f, _ := g.e.Smart(target, false); f != 0 {
			t.Errorf("%d for a target of %d", f, target)
		}
	}
	if f, d := g.e.Raw(2, 1.5, Short); f != 0 || d != (Detail{}) {
		t.Errorf("for more than all: %d, %+v", f, d)
	}
}

// TestTracks says what is counted and what is not.
func TestTracks(t *testing.T) {
	id := func(n byte) wire.Hash { return wire.Hash{n} }
	good := Entry{ID: id(1), Fee: 1000, Size: 100, Height: 10, Telling: true}
	start := func() *Estimator {
		e := New()
		e.Mine(10, nil)
		return e
	}
	t.Run("mined", func(t *testing.T) {
		e := start()
		e.Enter(good)
		e.Enter(good) // again changes nothing
		e.Mine(12, []wire.Hash{good.ID, id(9)})
		if _, d := e.Raw(1, .95, Short); len(e.tracked) != 0 || e.first != 12 || d.Fail.Total != 1 || d.Fail.Within != 0 {
			t.Errorf("%d tracked, first %d, %+v", len(e.tracked), e.first, d)
		}
		if _, d := e.Raw(2, .95, Short); d.Fail.Within != 1 && d.Pass.Within != 1 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("left", func(t *testing.T) {
		e := start()
		e.Enter(good)
		e.Skip(10, 14)
		e.Leave(good.ID)
		e.Leave(good.ID)
		if _, d := e.Raw(4, .95, Short); d.Fail.Left != 1 || d.Fail.InPool != 0 {
			t.Errorf("%+v", d)
		}
		if _, d := e.Raw(5, .95, Short); d.Fail.Left != 0 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("waiting", func(t *testing.T) {
		e := start()
		e.Enter(good)
		e.Skip(10, 14)
		_, d4 := e.Raw(4, .95, Short)
		_, d5 := e.Raw(5, .95, Short)
		e.Skip(14, 40)
		_, d12 := e.Raw(12, .95, Short)
		if d4.Fail.InPool != 1 || d5.Fail.InPool != 0 || d12.Fail.InPool != 1 {
			t.Errorf("%+v %+v %+v", d4.Fail, d5.Fail, d12.Fail)
		}
		e.Lose()
		if _, d := e.Raw(12, .95, Short); d.Fail.InPool != 0 || d.Fail.Left != 0 || len(e.tracked) != 0 {
			t.Errorf("after losing track %+v", d)
		}
	})
	t.Run("ignored", func(t *testing.T) {
		e := start()
		for n, change := range []func(*Entry){
			func(t *Entry) { t.Height = 9 }, func(t *Entry) { t.Height = 11 }, func(t *Entry) { t.Telling = false },
			func(t *Entry) { t.Size = 0 }, func(t *Entry) { t.Fee = -1 },
		} {
			x := good
			change(&x)
			e.Enter(x)
			if len(e.tracked) > 0 {
				t.Errorf("case %d is tracked", n)
			}
		}
	})
	t.Run("reorganisation", func(t *testing.T) {
		e := start()
		e.Enter(good)
		e.Mine(10, []wire.Hash{good.ID})
		if len(e.tracked) != 1 || e.Best() != 10 || e.first != 0 {
			t.Error("a block that is not the highest counts")
		}
	})
}

// TestSkip compares a long way with as many steps.
func TestSkip(t *testing.T) {
	for _, n := range []uint32{1, 1008, 5000} {
		var got [2]int64
		for i := range got {
			g := &ground{TB: t, e: New()}
			for g.height < 100 {
				g.enter()
				g.mine(10)
			}
			g.enter()
			if i == 0 {
				g.e.Skip(g.height, g.height+n)
			} else {
				for range n {
					g.mine(0)
				}
			}
			if g.e.Best() != 100+n {
				t.Errorf("at %d", g.e.Best())
			}
			_, d := g.e.Raw(1008, .5, Long)
			got[i] = int64((d.Fail.Total+d.Pass.Total)*1000) + int64(d.Fail.InPool+d.Pass.InPool)
		}
		if got[0] != got[1] {
			t.Errorf("after %d blocks %v", n, got)
		}
	}
}

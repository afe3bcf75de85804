package mempool

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// randomCluster makes n connected transactions.
func randomCluster(r *rand.Rand, n int) ([]rate, []set) {
	rates, parents := make([]rate, n), make([]set, n)
	for i := range n {
		rates[i] = rate{r.Int64N(50), 1 + r.Int64N(20)}
		if r.IntN(10) == 0 {
			rates[i].fee = -r.Int64N(20)
		}
		for range 1 + r.IntN(3) {
			if i > 0 {
				parents[i] |= 1 << r.IntN(i)
			}
		}
	}
	return rates, parents
}

func ascending(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func earlier(i, j int) bool { return i < j }

// sound checks what every linearisation promises.
func (l line) sound(t *testing.T, rates []rate, parents []set) {
	t.Helper()
	done, at := set(0), 0
	for k, c := range l.chunks {
		var sum rate
		for _, i := range l.order[at : at+c.n] {
			if parents[i]&^done != 0 {
				t.Fatalf("%d comes before what it spends", i)
			}
			done |= 1 << i
			sum = sum.plus(rates[i])
		}
		if at += c.n; sum != c.rate || c.n == 0 {
			t.Fatalf("chunk %d pays %v, is said to pay %v", k, sum, c.rate)
		}
		if k > 0 && l.chunks[k-1].compare(c.rate) < 0 {
			t.Fatalf("chunk %d pays more than the one before it", k)
		}
	}
	if bits.OnesCount64(done) != len(rates) || at != len(rates) {
		t.Fatalf("%d of %d transactions", at, len(rates))
	}
}

// greedy finds by trying every set what can be had best, again and again.
func greedy(rates []rate, parents []set) (out []run) {
	for left := set(1)<<len(rates) - 1; left != 0; {
		var best rate
		var take set
		for s := left; s != 0; s = (s - 1) & left {
			var sum rate
			closed := true
			for i := range each(s) {
				sum = sum.plus(rates[i])
				closed = closed && parents[i]&left&^s == 0
			}
			if !closed {
				continue
			}
			c := sum.compare(best)
			if take == 0 || c > 0 || c == 0 && bits.OnesCount64(s) < bits.OnesCount64(take) {
				best, take = sum, s
			}
		}
		left &^= take
		out = append(out, run{best, bits.OnesCount64(take)})
	}
	return out
}

// byAncestors is the order that miners used before: highest ancestor feerate first.
func byAncestors(rates []rate, parents []set) (out []rate) {
	above := make([]set, len(rates))
	for i := range rates {
		above[i] = 1 << i
		for p := range each(parents[i]) {
			above[i] |= above[p]
		}
	}
	for left := set(1)<<len(rates) - 1; left != 0; {
		var best rate
		var take set
		for i := range each(left) {
			var sum rate
			for j := range each(above[i] & left) {
				sum = sum.plus(rates[j])
			}
			if take == 0 || sum.compare(best) > 0 {
				best, take = sum, above[i]&left
			}
		}
		left &^= take
		out = append(out, best)
		for n := len(out); n > 1 && out[n-2].compare(out[n-1]) < 0; n-- {
			out[n-2] = out[n-2].plus(out[n-1])
			out = out[:n-1]
		}
	}
	return out
}

// TestLineariseBest compares small clusters with what trying all sets finds: same diagram, and
// as many chunks, since none can be split.
func TestLineariseBest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		rates, parents := randomCluster(r, 1+r.IntN(9))
		l := linearise(rates, parents, ascending(len(rates)), earlier)
		l.sound(t, rates, parents)
		want := greedy(rates, parents)
		if !l.best || len(l.chunks) != len(want) {
			t.Fatalf("%v %v: %v, best %v, want %v", rates, parents, l.chunks, l.best, want)
		}
		var a, b []rate
		for i := range want {
			a, b = append(a, l.chunks[i].rate), append(b, want[i].rate)
		}
		if over, under := above(diagram(a), diagram(b)); over || under {
			t.Fatalf("%v %v: %v, want %v", rates, parents, l.chunks, want)
		}
	}
}

// TestLineariseLarge finds that the effort suffices for full clusters, and that
// they are nowhere worse than by ancestors.
func TestLineariseLarge(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	least := maxEffort
	for range 500 {
		rates, parents := randomCluster(r, maxCluster-r.IntN(8))
		var f forest
		f.start(rates, parents, maxEffort)
		f.load(ascending(len(rates)))
		if f.optimise() {
			f.minimise()
		}
		least = min(least, f.effort)
		l := f.line(earlier)
		l.sound(t, rates, parents)
		var got []rate
		for _, c := range l.chunks {
			got = append(got, c.rate)
		}
		old := byAncestors(rates, parents)
		if _, under := above(diagram(got), diagram(old)); f.effort <= 0 || under {
			t.Fatalf("effort left %d; %v is worse than %v", f.effort, got, old)
		}
	}
	t.Logf("effort spent at most: %d of %d", maxEffort-least, maxEffort)
}

func BenchmarkLinearise64(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	rates, parents := randomCluster(r, maxCluster)
	order := ascending(maxCluster)
	for b.Loop() {
		linearise(rates, parents, order, earlier)
	}
}

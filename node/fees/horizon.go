package fees

// stats are one horizon's averages: how many transactions of each bucket were
// seen, and how many of them were mined within how many blocks.
//
// Averages are sums in which what a block adds is multiplied by decay with each
// block after it. Delays are counted in periods of scale blocks. An index
// [period][bucket] means "within period+1 periods".
type stats struct {
	decay    float64
	scale    int
	seen     []float64   // [bucket] transactions mined
	feerates []float64   // [bucket] sums of their feerates
	mined    [][]float64 // [period][bucket] of seen, those mined in time
	failed   [][]float64 // [period][bucket] left the pool unmined, after having waited that long

	// Of transactions that wait: waiting has those that entered at a height, by its
	// remainder by the number of rows; old those that wait for longer than that.
	waiting [][]int // [height % rows][bucket]
	old     []int   // [bucket]
}

func newStats(periods int, decay float64, scale, buckets int) *stats {
	s := &stats{decay: decay, scale: scale, seen: make([]float64, buckets), feerates: make([]float64, buckets)}
	for range periods {
		s.mined = append(s.mined, make([]float64, buckets))
		s.failed = append(s.failed, make([]float64, buckets))
	}
	s.forgetWaiting()
	return s
}

// forgetWaiting makes the counts of what waits, all zero.
func (s *stats) forgetWaiting() {
	s.waiting = make([][]int, s.highest())
	for i := range s.waiting {
		s.waiting[i] = make([]int, len(s.seen))
	}
	s.old = make([]int, len(s.seen))
}

// highest is the most blocks of delay that are told apart.
func (s *stats) highest() int { return s.scale * len(s.mined) }

func (s *stats) row(height uint32) []int { return s.waiting[int(height)%len(s.waiting)] }

// begin makes room for what enters at height, and lets the averages fade.
func (s *stats) begin(height uint32) {
	row := s.row(height)
	for b, n := range row {
		s.old[b] += n
		row[b] = 0
	}
	s.fadeAll(s.decay)
}

func (s *stats) fadeAll(by float64) {
	fade(s.seen, by)
	fade(s.feerates, by)
	for i := range s.mined {
		fade(s.mined[i], by)
		fade(s.failed[i], by)
	}
}

func fade(v []float64, by float64) {
	for i := range v {
		v[i] *= by
	}
}

// enter counts one that begins to wait.
func (s *stats) enter(height uint32, bucket int) { s.row(height)[bucket]++ }

// leave takes one off that entered at height and leaves at best, mined or not.
// One that was not mined counts as a failure of each whole period it waited.
func (s *stats) leave(height, best uint32, bucket int, mined bool) {
	waited := int(best) - int(height)
	if best == 0 {
		waited = 0
	}
	if waited < 0 {
		return
	}
	count := &s.old[bucket]
	if waited < len(s.waiting) {
		count = &s.row(height)[bucket]
	}
	*count = max(*count-1, 0)
	if !mined {
		for i := range min(waited/s.scale, len(s.failed)) {
			s.failed[i][bucket]++
		}
	}
}

// record counts one that was mined after so many blocks, at least one.
func (s *stats) record(blocks, bucket int, feerate float64) {
	for i := (blocks+s.scale-1)/s.scale - 1; i < len(s.mined); i++ {
		s.mined[i][bucket]++
	}
	s.seen[bucket]++
	s.feerates[bucket] += feerate
}

// tally is what is counted of a range of buckets.
type tally struct{ mined, seen, failed, waiting float64 }

// add counts one more bucket's transactions for a target of so many blocks.
func (t *tally) add(s *stats, bucket, target int, best uint32) {
	period := (target+s.scale-1)/s.scale - 1
	t.mined += s.mined[period][bucket]
	t.seen += s.seen[bucket]
	t.failed += s.failed[period][bucket]
	rows := len(s.waiting)
	for waited := target; waited < rows; waited++ {
		// Heights below waited wrap around 32 bits, as Core's do; rows of before the chain are empty.
		t.waiting += float64(s.waiting[int(best-uint32(waited))%rows][bucket])
	}
	t.waiting += float64(s.old[bucket])
}

func (t *tally) share() float64 { return t.mined / (t.seen + t.failed + t.waiting) }

// Range is what was counted of a range of feerates.
type Range struct {
	Start, End float64 // satoshis per 1000 vB; -1 when there is no range
	Within     float64 // mined within the target
	Total      float64 // mined at any time
	InPool     float64 // waiting for at least the target
	Left       float64 // left the pool unmined after the target
}

// none is the range of nothing.
var none = Range{Start: -1, End: -1}

func (t *tally) of(buckets []float64, low, high int) Range {
	r := Range{End: buckets[high], Within: t.mined, Total: t.seen, InPool: t.waiting, Left: t.failed}
	if low > 0 {
		r.Start = buckets[low-1]
	}
	return r
}

// Detail says how a horizon came to its answer.
type Detail struct {
	Pass  Range // the lowest feerates that met the threshold
	Fail  Range // the highest that did not
	Decay float64
	Scale int
}

// estimate finds the lowest range of feerates of which at least a share of
// transactions was mined within target blocks, going down from the highest, and
// returns the mean feerate of the bucket in which its median transaction lies; -1 when
// there is none. Buckets are taken together until they have on average sufficient transactions a block.
func (s *stats) estimate(buckets []float64, target int, sufficient, share float64, best uint32) (float64, Detail) {
	d := Detail{Pass: none, Fail: none, Decay: s.decay, Scale: s.scale}
	var t tally
	last := len(buckets) - 1
	near, low, high := last, last, last // near: where the present range begins; low and high: the best range
	fresh, passing, found := true, true, false
	enough, gathered := sufficient/(1-s.decay), 0.0
	for b := last; b >= 0; b-- {
		if fresh {
			near, fresh = b, false
		}
		t.add(s, b, target, best)
		if gathered += s.seen[b]; gathered < enough {
			continue
		}
		gathered = 0
		if t.share() < share {
			if passing {
				d.Fail, passing = t.of(buckets, b, near), false
			}
			continue // and look whether a wider range passes
		}
		d.Pass, d.Fail = t.of(buckets, b, near), none
		low, high = b, near
		passing, found, fresh, t = true, true, true, tally{}
	}
	if passing && !fresh {
		d.Fail = t.of(buckets, 0, near) // what is left is too little to judge
	}
	if !found {
		return -1, d
	}
	return s.median(low, high), d
}

// median is the mean feerate of the bucket that has the middle transaction of a
// range of buckets; -1 when they have none.
func (s *stats) median(low, high int) float64 {
	half := 0.0
	for b := low; b <= high; b++ {
		half += s.seen[b]
	}
	if half == 0 {
		return -1
	}
	half /= 2
	for b := low; b <= high; b++ {
		if s.seen[b] >= half {
			return s.feerates[b] / s.seen[b]
		}
		half -= s.seen[b]
	}
	return -1 // by rounding alone
}

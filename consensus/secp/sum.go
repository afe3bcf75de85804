package secp

// sum adds up many points, each times a number of 128 bits, by Pippenger's
// method: numbers are cut into signed digits of w bits; for each place, the
// points with the same digit go into one bucket. Buckets are added up as affine
// points, pair by pair, all pairs of a round sharing one inversion. It keeps
// memory between uses.
type sum struct {
	points []affine
	scales []short

	digits []int16  // of each scale, lowest first
	ends   []int32  // where each bucket ends in order
	order  []affine // points of one place, by bucket
	pairs  []pair
	dens   []field // denominators of the pairs' slopes
	before []field // scratch of invertAll
}

// pair is two points of order that are to be added: at i and at i + 1.
type pair struct {
	i     int32
	equal bool
}

// fewPairs is how many pairs are not worth an inversion.
const fewPairs = 24

func (s *sum) reset() { s.points, s.scales = s.points[:0], s.scales[:0] }

func (s *sum) add(p *affine, k short) {
	s.points, s.scales = append(s.points, *p), append(s.scales, k)
}

// width is how many bits of a scale are best looked at together.
func (s *sum) width() int {
	switch n := len(s.points); {
	case n < 60:
		return 4
	case n < 150:
		return 5
	case n < 450:
		return 6
	case n < 1000:
		return 7
	case n < 1800:
		return 8
	}
	return 9
}

// total is the sum of all scales times their points.
func (s *sum) total() jacobian {
	w := s.width()
	n := s.cut(w)
	p := jacobian{inf: true}
	for place := n - 1; place >= 0; place-- {
		p.doubleN(w)
		s.fill(place, n, w)
		for s.round() {
		}
		b := s.buckets()
		p.add(&b)
	}
	return p
}

// cut writes all scales as digits from -2^(w-1) to 2^(w-1) and returns how many
// each has.
func (s *sum) cut(w int) int {
	n := 128/w + 1 // one more than 128 bits, for the last carry
	s.digits = s.digits[:0]
	for _, k := range s.scales {
		lo, hi := k.v[0], k.v[1]
		var carry uint64
		for range n {
			d := int16(lo&(1<<w-1) + carry)
			carry = 0
			if d > 1<<(w-1) {
				d -= 1 << w
				carry = 1
			}
			if k.neg {
				s.digits = append(s.digits, -d)
			} else {
				s.digits = append(s.digits, d)
			}
			lo, hi = lo>>w|hi<<(64-w), hi>>w
		}
	}
	return n
}

// fill sorts the points into buckets by their digit at one of n places, with
// the sign of y that makes the digit positive.
func (s *sum) fill(place, n, w int) {
	s.ends = append(s.ends[:0], make([]int32, 1<<(w-1)+1)...)
	for i := place; i < len(s.digits); i += n {
		s.ends[abs(s.digits[i])]++
	}
	s.ends[0] = 0 // of a digit of zero nothing is kept
	for i := 1; i < len(s.ends); i++ {
		s.ends[i] += s.ends[i-1]
	}
	count := int(s.ends[len(s.ends)-1])
	if cap(s.order) < count {
		s.order = make([]affine, len(s.points))
	}
	s.order = s.order[:count]
	// Downwards, each bucket's end becomes its start …
	for i := range s.points {
		d := s.digits[i*n+place]
		if d == 0 {
			continue
		}
		at := &s.ends[abs(d)]
		*at--
		if d > 0 {
			s.order[*at] = s.points[i]
		} else {
			s.order[*at].neg(&s.points[i])
		}
	}
	// … and the next one's start is its end.
	copy(s.ends[1:], s.ends[2:])
	s.ends[len(s.ends)-1] = int32(count)
}

func abs(d int16) int16 { return max(d, -d) }

// round halves the points in each bucket and says whether it was worth while.
func (s *sum) round() bool {
	s.pairs, s.dens = s.pairs[:0], s.dens[:0]
	start := int32(0)
	for _, end := range s.ends[1:] {
		for ; start+1 < end; start += 2 {
			s.pairs = append(s.pairs, pair{i: start})
		}
		start = end
	}
	if len(s.pairs) < fewPairs {
		return false
	}
	for k := range s.pairs {
		s.dens = append(s.dens, s.denominator(&s.pairs[k]))
	}
	if cap(s.before) < len(s.dens) {
		s.before = make([]field, len(s.points))
	}
	invertAll(s.dens, s.before[:len(s.dens)])
	s.addPairs()
	return true
}

// denominator is that of the slope through two points, or of the tangent where
// they are the same. It is zero for opposite ones, whose sum is infinity.
func (s *sum) denominator(p *pair) (d field) {
	a, b := &s.order[p.i], &s.order[p.i+1]
	d.sub(&b.x, &a.x)
	if d.isZero() && a.y.equal(&b.y) {
		p.equal = true
		d.double(&a.y)
	}
	return d
}

// addPairs replaces each pair by its sum and moves what is left in a bucket
// together at the start of all.
func (s *sum) addPairs() {
	start, to, k := int32(0), int32(0), 0
	for bucket, end := range s.ends[1:] {
		for ; start+1 < end; start += 2 {
			p, inverse := &s.pairs[k], &s.dens[k]
			k++
			if inverse.isZero() {
				continue
			}
			sum := addSlope(&s.order[start], &s.order[start+1], inverse, p.equal)
			s.order[to] = sum
			to++
		}
		if start < end {
			s.order[to] = s.order[start]
			to++
		}
		start, s.ends[bucket+1] = end, to
	}
}

// addSlope is a + b given one over the slope's denominator.
func addSlope(a, b *affine, inverse *field, equal bool) (sum affine) {
	var m, t field
	if equal {
		m.sqr(&a.x)
		t.double(&m)
		m.add(&m, &t)
	} else {
		m.sub(&b.y, &a.y)
	}
	m.mul(&m, inverse)
	sum.x.sqr(&m)
	sum.x.sub(&sum.x, &a.x)
	sum.x.sub(&sum.x, &b.x)
	t.sub(&a.x, &sum.x)
	t.mul(&t, &m)
	sum.y.sub(&t, &a.y)
	return sum
}

// buckets is the sum of each bucket's points times its digit: what the buckets
// from the last one down have come to is added once for every bucket.
func (s *sum) buckets() jacobian {
	all, run := jacobian{inf: true}, jacobian{inf: true}
	for i := len(s.ends) - 1; i > 0; i-- {
		for at := s.ends[i-1]; at < s.ends[i]; at++ {
			run.addAffine(&s.order[at])
		}
		all.add(&run)
	}
	return all
}

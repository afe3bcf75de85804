package secp

import (
	"testing"
	"time"
)

// BenchmarkParts has the shortest times of what verification is made of: short
// turns find a busy machine's quiet moments.
func BenchmarkParts(b *testing.B) {
	x, y := randomField(), randomField()
	s, u := scalar{1, 2, 3, 4}, scalar{5, 6, 7, 8}
	var p jacobian
	p.setAffine(&generator)
	p.doubleN(5)
	z := p.z
	var t keyTable
	two := [2]field{x, y}
	var q affine
	var scalars [16]scalar
	for i := range scalars {
		f := randomField()
		scalars[i] = scalar(f)
		scalars[i].reduceOnce(0)
	}
	turn := 0
	digits := make([]digit, 0, 40)
	for _, part := range []struct {
		name string
		n    int
		f    func()
	}{
		{"mul", 100, func() { x.mul(&x, &y) }},
		{"sqr", 100, func() { x.sqr(&x) }},
		{"mulGeneric", 100, func() { mulGeneric(&x, &x, &y) }},
		{"sqrGeneric", 100, func() { sqrGeneric(&x, &x) }},
		{"invert", 10, func() { x.invert(&x); x.add(&x, &y) }},
		{"sqrt", 10, func() { x.sqrt(&x) }},
		{"sqrN2", 10, func() { sqrN2(&two, &two, 100) }},
		{"lift", 10, func() { q.lift(&x, false); x.add(&x, &fieldOne) }},
		{"scalarMul", 100, func() { s.mul(&s, &u) }},
		{"scalarInvert", 10, func() { s.invert(&s); s.add(&s, &u) }},
		{"split", 100, func() { s.split() }},
		{"digits", 100, func() { k, _ := s.split(); k.digits(digits, keyWindow) }},
		{"double", 100, func() { p.doubleN(1) }},
		{"add", 100, func() { p.addAt(&generator, &z) }},
		{"keyTable", 10, func() { t.fill(&generator, &x) }},
		{"combine", 4, func() { p = combine(&generator, &scalars[turn%16], &scalars[turn/16%16]); turn++ }},
	} {
		b.Run(part.name, func(b *testing.B) {
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				for range part.n {
					part.f()
				}
				best = min(best, time.Since(start))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(best.Nanoseconds())/float64(part.n), "min-ns")
		})
	}
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is what a process took at a time.
type sample struct {
	At         time.Duration // since the soak's start
	RSS        float64       // bytes
	Heap       float64       // bytes in use
	Goroutines float64
	FDs        float64
}

// readMetrics takes a sample from Prometheus's text format.
func readMetrics(r io.Reader) (sample, error) {
	var s sample
	want := map[string]*float64{
		"process_resident_memory_bytes": &s.RSS,
		"go_memstats_heap_inuse_bytes":  &s.Heap,
		"go_goroutines":                 &s.Goroutines,
		"process_open_fds":              &s.FDs,
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		to := want[name]
		if !ok || to == nil {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return s, fmt.Errorf("metric %s: %w", name, err)
		}
		*to = v
		delete(want, name)
	}
	if err := lines.Err(); err != nil {
		return s, err
	}
	for name := range want {
		return s, fmt.Errorf("no metric %s", name)
	}
	return s, nil
}

// quarters returns the medians of a quantity in the first and in the last
// quarter of the samples, by time; zero where there are too few.
func quarters(list []sample, of func(sample) float64) (first, last float64) {
	if len(list) < 8 {
		return 0, 0
	}
	begin, end := list[0].At, list[len(list)-1].At
	quarter := (end - begin) / 4
	var a, b []float64
	for _, s := range list {
		if s.At <= begin+quarter {
			a = append(a, of(s))
		}
		if s.At >= end-quarter {
			b = append(b, of(s))
		}
	}
	return median(a), median(b)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// level is how much a quantity may grow from the first to the last quarter: by
// a share and by an amount besides, since small numbers wobble.
type level struct {
	share  float64
	amount float64
}

func (l level) holds(first, last float64) bool { return last <= first*l.share+l.amount }

// words writes the limit, with amounts in a unit of so many.
func (l level) words(unit string, of float64) string {
	return fmt.Sprintf("≤ first × %.2f + %.0f%s", l.share, l.amount/of, strings.TrimRight(" "+unit, " "))
}

// Memory that is kept per block (headers, wallet entries) grows with the chain
// and is no leak; it is far below these in half an hour.
var (
	levelRSS        = level{1.25, 24 << 20}
	levelGoroutines = level{1.25, 40}
)

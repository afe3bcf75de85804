package main

import (
	"strings"
	"testing"
	"time"
)

const page = `# HELP go_goroutines Number of goroutines that currently exist.
# TYPE go_goroutines gauge
go_goroutines 312
go_memstats_heap_inuse_bytes 2.5e+07
process_open_fds 80
process_resident_memory_bytes 1.2e+08
quern_height 7
`

func TestReadMetrics(t *testing.T) {
	got, err := readMetrics(strings.NewReader(page))
	if want := (sample{RSS: 1.2e8, Heap: 2.5e7, Goroutines: 312, FDs: 80}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", strings.Replace(page, "go_goroutines 312", "", 1), strings.Replace(page, "312", "many", 1)} {
		if _, err := readMetrics(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestQuarters(t *testing.T) {
	var list []sample
	for i := range 101 {
		list = append(list, sample{At: time.Duration(i) * time.Second, RSS: float64(i)})
	}
	list[3].RSS = 1e9 // one that is far off changes little
	rss := func(s sample) float64 { return s.RSS }
	if first, last := quarters(list, rss); first != 14 || last != 88 {
		t.Errorf("quarters %v, %v", first, last)
	}
	if first, last := quarters(list[:5], rss); first != 0 || last != 0 {
		t.Errorf("of five samples: %v, %v", first, last)
	}
	l := level{1.25, 10}
	if !l.holds(100, 135) || l.holds(100, 136) {
		t.Error("the limit is elsewhere")
	}
	if got := levelRSS.words("MiB", 1<<20); got != "≤ first × 1.25 + 24 MiB" {
		t.Error(got)
	}
}

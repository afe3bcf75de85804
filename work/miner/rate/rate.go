// Package rate measures how fast this machine looks for nonces, and how soon it
// stops when they are no longer wanted.
//
// What the figures should be it refuses to know.
package rate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/quernnet/quern/work"
	"github.com/quernnet/quern/work/miner"
)

// Config says what to measure. All fields must be set.
type Config struct {
	Workers int           // goroutines of the search on all cores
	Span    time.Duration // how long to measure kernels, and the search on all cores, each
	Tries   int           // how often to let work go stale
	Now     func() time.Duration
}

// Report is what was measured. A shortest time is that of a run that nobody
// disturbed; medians tell how the machine was used meanwhile.
type Report struct {
	Clock   float64  `json:"clock_hz"` // of the processor while measuring, 0 where it cannot be told
	Plain   Timing   `json:"crypto_sha256"`
	Kernels []Kernel `json:"kernels"` // the one that is used first
	All     All      `json:"all_cores"`
	Stale   Stale    `json:"stale"`
}

// Timing is of one header or nonce on one core.
type Timing struct {
	Shortest float64 `json:"shortest_ns"`
	Median   float64 `json:"median_ns"`
}

// Kernel is the rate of one kernel on one core.
type Kernel struct {
	Name         string  `json:"name"`
	Lanes        int     `json:"lanes"`
	Instructions float64 `json:"instructions"` // vector instructions a nonce, moves aside; 0 where not known, as those below
	Timing       Timing  `json:"nonce"`
	Rate         float64 `json:"rate"`         // nonces a second, by the shortest time
	Ratio        float64 `json:"ratio"`        // to whole headers by crypto/sha256, by the shortest times
	Cycles       float64 `json:"cycles"`       // a nonce
	LimitCycles  float64 `json:"limit_cycles"` // the same instructions when none waits for another
}

// All is the rate of a search on all cores, in nonces a second: the best there
// was for some milliseconds, and that of the whole time, in which the machine may have been in
// use.
type All struct {
	Workers int     `json:"workers"`
	Best    float64 `json:"best_rate"`
	Mean    float64 `json:"mean_rate"`
}

// Stale is how long a search on all cores went on after its work went stale.
type Stale struct {
	Tries  int     `json:"tries"`
	Median float64 `json:"median_ns"`
	Worst  float64 `json:"worst_ns"`
}

// hopeless is a target that no hash meets: one.
const hopeless work.Bits = 0x03000001

// nonces is how many are hashed between two looks at the clock.
const nonces = 512

// Measure takes about twice the span and some milliseconds a try. The error is
// the context's.
func Measure(ctx context.Context, c Config) (Report, error) {
	var header [miner.HeaderSize]byte
	var r Report
	r.kernels(ctx, &c, header)
	r.all(ctx, &c, header)
	r.stale(ctx, &c, header)
	return r, ctx.Err()
}

// timed is a function that is run again and again.
type timed struct {
	f       func()
	samples []time.Duration
}

func (t *timed) run(now func() time.Duration) {
	began := now()
	t.f()
	t.samples = append(t.samples, now()-began)
}

// timing is of one of the things that each run has so many of.
func (t *timed) timing(of float64) Timing {
	slices.Sort(t.samples)
	return Timing{float64(t.samples[0]) / of, float64(t.samples[len(t.samples)/2]) / of}
}

// kernels measures all in turns, so that what disturbs one disturbs all.
func (r *Report) kernels(ctx context.Context, c *Config, header [miner.HeaderSize]byte) {
	engines := miner.Engines(header, hopeless)
	clock := &timed{f: func() { miner.Cycles(cycles) }}
	plain := &timed{f: func() { hashAll(header) }}
	runs := []*timed{clock, plain}
	scans, mixes := make([]*timed, len(engines)), make([]*timed, len(engines))
	for i, e := range engines {
		scans[i] = &timed{f: func() { e.Scan(0, nonces) }}
		mixes[i] = &timed{f: func() {}}
		if e.Mix != nil {
			mixes[i].f = func() { e.Mix(uint32(nonces / e.Lanes)) }
		}
		runs = append(runs, scans[i], mixes[i])
	}
	for end, first := c.Now()+c.Span, true; first || c.Now() < end && ctx.Err() == nil; first = false {
		for _, t := range runs {
			t.run(c.Now)
		}
	}
	if done := float64(miner.Cycles(cycles)); done > 0 {
		r.Clock = done / (clock.timing(1).Shortest / float64(time.Second))
	}
	r.Plain = plain.timing(nonces)
	for i, e := range engines {
		t := scans[i].timing(nonces)
		k := Kernel{Name: e.Name, Lanes: e.Lanes, Timing: t, Instructions: float64(e.Instructions) / float64(e.Lanes)}
		perSecond := float64(time.Second)
		k.Rate, k.Ratio = perSecond/t.Shortest, r.Plain.Shortest/t.Shortest
		k.Cycles = t.Shortest * r.Clock / perSecond
		if e.Mix != nil {
			k.LimitCycles = mixes[i].timing(nonces).Shortest * r.Clock / perSecond
		}
		r.Kernels = append(r.Kernels, k)
	}
}

// cycles is for how long the clock is measured at a time: some microseconds.
const cycles = 20_000

// hashAll hashes whole headers, as who knows no better would.
func hashAll(header [miner.HeaderSize]byte) {
	for n := range uint32(nonces) {
		binary.LittleEndian.PutUint32(header[miner.HeaderSize-4:], n)
		first := sha256.Sum256(header[:])
		sha256.Sum256(first[:])
	}
}

func (r *Report) all(ctx context.Context, c *Config, header [miner.HeaderSize]byte) {
	r.All.Workers = c.Workers
	count := uint64(c.Workers) << 17
	var total uint64
	began := c.Now()
	for from, end := began, began+c.Span; from < end && ctx.Err() == nil; {
		_, _, tried := miner.SearchAll(ctx, c.Workers, header, hopeless, 0, count)
		now := c.Now()
		r.All.Best = max(r.All.Best, float64(tried)/(now-from).Seconds())
		total += tried
		from = now
	}
	r.All.Mean = float64(total) / (c.Now() - began).Seconds()
}

// stale lets work go stale at moments that have nothing to do with batches.
func (r *Report) stale(ctx context.Context, c *Config, header [miner.HeaderSize]byte) {
	var t timed
	for i := range c.Tries {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			miner.SearchAll(ctx, c.Workers, header, hopeless, 0, 1<<62)
		}()
		select {
		case <-time.After(time.Millisecond + time.Duration(i%97)*10*time.Microsecond):
		case <-ctx.Done():
		}
		t.f = func() { cancel(); <-ended }
		t.run(c.Now)
	}
	if len(t.samples) > 0 {
		took := t.timing(1)
		r.Stale = Stale{c.Tries, took.Median, float64(t.samples[len(t.samples)-1])}
	}
}

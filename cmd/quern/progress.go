package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/quernnet/quern/node"
)

// bar shows progress: a bar on a terminal, now and then a line elsewhere.
type bar struct {
	w     io.Writer
	name  string
	start time.Time
	said  time.Time // of the last line

	pool *mpb.Progress                 // nil off a terminal
	bar  *mpb.Bar                      // made at the first report, which knows the total
	last atomic.Pointer[node.Progress] // drawn by mpb's goroutine
}

const lineEvery = 10 * time.Second

func newBar(w io.Writer, name string) *bar {
	b := &bar{w: w, name: name, start: time.Now(), said: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		b.pool = mpb.New(mpb.WithOutput(w), mpb.WithWidth(48))
	}
	return b
}

// report is called from one goroutine at a time.
func (b *bar) report(p node.Progress) {
	b.last.Store(&p)
	if b.pool == nil {
		if time.Since(b.said) >= lineEvery {
			b.said = time.Now()
			if p.TotalBlocks == 0 {
				fmt.Fprintf(b.w, "%s: %.1f of %.1f MB\n", b.name, float64(p.Bytes)/1e6, float64(p.TotalBytes)/1e6)
			} else {
				fmt.Fprintf(b.w, "%s: %d of %d blocks, %s\n", b.name, p.Blocks, p.TotalBlocks, rates(p, time.Since(b.start)))
			}
		}
		return
	}
	if b.bar == nil {
		b.bar = b.pool.AddBar(b.total(p), mpb.PrependDecorators(decor.Name(b.name+" ")), mpb.AppendDecorators(
			decor.Percentage(), decor.Any(func(decor.Statistics) string { return b.words() }),
		))
	}
	b.bar.SetCurrent(b.done(p))
}

// reindexBars shows the two stretches of a reindex, each from its first report on.
func reindexBars(w io.Writer) node.Reindex {
	var search, judge *bar
	begin := func(b **bar, name string) *bar {
		if *b == nil {
			*b = newBar(w, name)
		}
		return *b
	}
	end := func(b *bar) {
		if b != nil {
			b.finish()
		}
	}
	return node.Reindex{
		Scanned: func(done, total int64) {
			begin(&search, "search").report(node.Progress{Bytes: done, TotalBytes: total})
		},
		Judged: func(p node.Progress) {
			end(search)
			search = nil
			begin(&judge, "reindex").report(p)
		},
		Done: func() { end(search); end(judge) },
	}
}

// total and done measure in bytes where they are known ahead: blocks differ
// in size a thousandfold.
func (b *bar) total(p node.Progress) int64 {
	if p.TotalBytes > 0 {
		return p.TotalBytes
	}
	return int64(p.TotalBlocks)
}

func (b *bar) done(p node.Progress) int64 {
	if p.TotalBytes > 0 {
		return p.Bytes
	}
	return int64(p.Blocks)
}

func (b *bar) words() string {
	p, spent := *b.last.Load(), time.Since(b.start)
	s := max(spent.Seconds(), 1e-3)
	left := time.Duration(0)
	if done := b.done(p); done > 0 {
		left = time.Duration(float64(spent) * float64(b.total(p)-done) / float64(done)).Round(time.Second)
	}
	if p.TotalBlocks == 0 {
		return fmt.Sprintf("  %.0f MB/s  %v left", float64(p.Bytes)/1e6/s, left)
	}
	return fmt.Sprintf("  %.0f blocks/s  %.0f inputs/s  %v left", float64(p.Blocks)/s, float64(p.Inputs)/s, left)
}

// finish leaves the terminal to others.
func (b *bar) finish() {
	if b.pool == nil {
		return
	}
	if b.bar != nil {
		b.bar.Abort(false)
	}
	b.pool.Wait()
}

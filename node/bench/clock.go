package bench

import (
	"context"
	"time"
)

// Figure is what one operation takes.
type Figure struct {
	Name  string        `json:"name"`
	Batch int           `json:"batch"` // how many are done together
	Each  time.Duration `json:"-"`     // for one of them, at best
	Micro float64       `json:"microseconds"`
}

// task does a batch of an operation once.
type task struct {
	name  string
	batch int
	do    func() error
}

// rounds is how often all tasks take their turn.
const rounds = 8

// clock times tasks on one core. All take turns, so that what else the machine
// does meets all alike, and of each the best turn counts: others' work only
// ever adds. for is about how long each task is given in all.
func clock(ctx context.Context, each time.Duration, tasks []task) ([]Figure, error) {
	figures := make([]Figure, len(tasks))
	for i, t := range tasks {
		figures[i] = Figure{Name: t.name, Batch: t.batch}
		if err := t.do(); err != nil { // once for the caches
			return nil, err
		}
	}
	for range rounds {
		for i, t := range tasks {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			took, err := turn(each/rounds, t)
			if err != nil {
				return nil, err
			}
			if f := &figures[i]; f.Each == 0 || took < f.Each {
				f.Each, f.Micro = took, float64(took.Nanoseconds())/1e3
			}
		}
	}
	return figures, nil
}

// turn repeats t for a while and returns what one operation took.
func turn(long time.Duration, t task) (time.Duration, error) {
	n, start := 0, time.Now()
	for n == 0 || time.Since(start) < long {
		if err := t.do(); err != nil {
			return 0, err
		}
		n += t.batch
	}
	return max(1, time.Since(start)/time.Duration(n)), nil
}

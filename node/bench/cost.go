package bench

import (
	"slices"
	"time"
)

// Cost is what something took.
type Cost struct {
	Wall time.Duration
	CPU  time.Duration // of all cores; 0 where the system does not tell
	Peak int64         // bytes of resident memory, 0 where the system does not tell
}

// Median takes the median of each figure by itself.
func Median(costs []Cost) Cost {
	if len(costs) == 0 {
		return Cost{}
	}
	return Cost{
		Wall: median(costs, func(c Cost) time.Duration { return c.Wall }),
		CPU:  median(costs, func(c Cost) time.Duration { return c.CPU }),
		Peak: median(costs, func(c Cost) int64 { return c.Peak }),
	}
}

func median[T ~int64](costs []Cost, of func(Cost) T) T {
	values := make([]T, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	mid := len(values) / 2
	if len(values)%2 == 0 {
		return (values[mid-1] + values[mid]) / 2
	}
	return values[mid]
}

// Ratio is how many times as much something took as something else; 0 where
// either is not known.
type Ratio struct {
	Wall float64 `json:"wall"`
	CPU  float64 `json:"cpu"`
	Peak float64 `json:"peak"`
}

// Times is c divided by base.
func (c Cost) Times(base Cost) Ratio {
	return Ratio{over(c.Wall, base.Wall), over(c.CPU, base.CPU), over(c.Peak, base.Peak)}
}

func over[T ~int64](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

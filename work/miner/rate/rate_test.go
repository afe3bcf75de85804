package rate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quernnet/quern/work/miner/rate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config() rate.Config {
	start := time.Now()
	return rate.Config{
		Workers: 2, Span: 10 * time.Millisecond, Tries: 3,
		Now: func() time.Duration { return time.Since(start) },
	}
}

func TestMeasure(t *testing.T) {
	r, err := rate.Measure(t.Context(), config())
	if err != nil {
		t.Fatal(err)
	}
	if r.Plain.Shortest <= 0 || r.Plain.Median < r.Plain.Shortest {
		t.Errorf("crypto/sha256 takes %v", r.Plain)
	}
	if len(r.Kernels) == 0 || r.Kernels[len(r.Kernels)-1].Name != "portable" {
		t.Fatalf("kernels %+v", r.Kernels)
	}
	for _, k := range r.Kernels {
		if k.Timing.Shortest <= 0 || k.Rate <= 0 || k.Ratio <= 0 || (k.Instructions > 0) != (k.LimitCycles > 0) {
			t.Errorf("kernel %+v", k)
		}
	}
	if r.All.Workers != 2 || r.All.Mean <= 0 || r.All.Best < r.All.Mean || r.Stale.Tries != 3 || r.Stale.Worst < r.Stale.Median || r.Stale.Median <= 0 {
		t.Errorf("all cores %+v, stale %+v", r.All, r.Stale)
	}
}

func TestMeasureEndsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := config()
	c.Span = time.Hour
	if _, err := rate.Measure(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

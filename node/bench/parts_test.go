package bench

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/bench/payments"
	"github.com/quernnet/quern/node/mining"
)

func TestClock(t *testing.T) {
	calls := 0
	figures, err := clock(t.Context(), time.Nanosecond, []task{{"one", 4, func() error { calls++; return nil }}})
	if err != nil || len(figures) != 1 || figures[0].Name != "one" || figures[0].Batch != 4 || figures[0].Each <= 0 {
		t.Errorf("figures %+v, %v", figures, err)
	}
	if calls != 1+rounds {
		t.Errorf("%d calls, want one to begin with and %d turns", calls, rounds)
	}
	bad := errors.New("bad")
	if _, err := clock(t.Context(), time.Nanosecond, []task{{"bad", 1, func() error { return bad }}}); !errors.Is(err, bad) {
		t.Errorf("a task that fails: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := clock(ctx, time.Nanosecond, []task{{"one", 1, func() error { return nil }}}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// A signature that is bad must not be timed as if it were good.
func TestBadSignatureIsNoFigure(t *testing.T) {
	tasks, err := signatureTasks()
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if err := task.do(); err != nil {
			t.Errorf("%s, %d together: %v", task.name, task.batch, err)
		}
	}
	cs, err := claims(0, 20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range cs {
		cs[i].Sum[5] ^= 1
	}
	if err := together("bad", cs).do(); !errors.Is(err, errFalse) {
		t.Errorf("a bad batch: %v", err)
	}
}

func TestMempoolFigures(t *testing.T) {
	shown, watched := 0, 0
	show := Show{
		Tx:  func(*wire.Tx) []byte { return []byte{1} },
		Txs: func(_ *mining.Template, txs [][]byte) [][]byte { shown = max(shown, len(txs)); return txs },
	}
	w, err := Mempool(t.Context(), MempoolConfig{Mix: payments.Mixed, Inputs: 300, Waiting: []int{100, 150}, Tips: 2, Show: show, Profile: func(f func() error) error { watched++; return f() }})
	if err != nil {
		t.Fatal(err)
	}
	if w.Inputs != 300 || w.BlockTxs != w.Txs+1 || w.OneCore <= 0 || w.AllCores <= 0 || w.Template <= 0 || w.Block <= 0 || w.Memory < w.Size/2 {
		t.Errorf("%+v", w)
	}
	for i, k := range w.Kept {
		if k.NewTip.Count != 2 || k.TipCPU.Count != 2 || k.Ready.Count != 2*asks || k.First.Count != 1 || k.Waiting < 50 || k.Accepts <= 0 || k.BlockTxs < 50 || k.NewTip.P95 < k.NewTip.Median {
			t.Errorf("keeper %d: %+v", i, k)
		}
	}
	if len(w.Kept) != 2 || shown < 100 || watched != 4 {
		t.Errorf("%d keepers were timed, %d waits watched, a template of %d shown", len(w.Kept), watched, shown)
	}
}

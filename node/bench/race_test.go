package bench

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestMedian(t *testing.T) {
	costs := []Cost{{5, 1, 10}, {1, 9, 30}, {3, 2, 20}}
	if got := Median(costs); got != (Cost{3, 2, 20}) {
		t.Errorf("of three: %v", got)
	}
	if got := Median(append(costs, Cost{9, 4, 40})); got != (Cost{4, 3, 25}) {
		t.Errorf("of four: %v", got)
	}
	if got := Median(nil); got != (Cost{}) {
		t.Errorf("of none: %v", got)
	}
	if got := (Cost{6, 3, 5}).Times(Cost{4, 0, 10}); got != (Ratio{1.5, 0, 0.5}) {
		t.Errorf("ratio %v", got)
	}
}

func TestExpand(t *testing.T) {
	for _, c := range [][2]string{
		{"/a/b.dat", "x -load=/a/b.dat /d && grep 00ab /d/log"},
		{"/a b/it's", `x -load='/a b/it'\''s' /d && grep 00ab /d/log`},
		{"/a;rm", "x -load='/a;rm' /d && grep 00ab /d/log"},
	} {
		if got := Expand("x -load={file} {dir} && grep {tip} {dir}/log", c[0], "/d", "00ab"); got != c[1] {
			t.Errorf("%s: %s, want %s", c[0], got, c[1])
		}
	}
}

func needsSh(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("commands run by sh")
	}
}

func TestMeasure(t *testing.T) {
	needsSh(t)
	for _, c := range []struct{ command, want string }{
		{"true", ""},
		{"exit 7", "exit status 7, without a word"},
		{"echo one; echo two >&2; false", "exit status 1; it said:\none\ntwo"},
		{"i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; false", "its last words:\n…"},
		{"no-such-program-as-this", "exit status 127; it said:"},
	} {
		cost, err := Measure(t.Context(), exec.CommandContext(t.Context(), "sh", "-c", c.command), nil)
		if c.want == "" {
			if err != nil || cost.Wall <= 0 || cost.Peak < 1<<16 {
				t.Errorf("%s: %v, %v", c.command, cost, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 2*lastWords {
			t.Errorf("%s: error %v, want one with %q", c.command, err, c.want)
		}
	}
	var out bytes.Buffer
	if _, err := Measure(t.Context(), exec.CommandContext(t.Context(), "sh", "-c", "echo answer; echo noise >&2"), &out); err != nil || out.String() != "answer\n" {
		t.Errorf("output %q, %v", out.String(), err)
	}
}

// What a command started ends with it when the measurement is given up.
func TestGivenUp(t *testing.T) {
	needsSh(t)
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	alive := filepath.Join(dir, "alive")
	go func() {
		defer stop()
		for {
			if _, err := os.Stat(alive); err == nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	// The child of sh holds the output open: if it lived on, this would take an hour.
	_, err := Measure(ctx, exec.CommandContext(ctx, "sh", "-c", "sleep 3600 & touch "+alive+"; wait"), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

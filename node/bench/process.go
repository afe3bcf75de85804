package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// lastWords is how much of a command's output an error repeats, in bytes.
const lastWords = 2048

// patience is how long a command that was told to end, or that has left
// somebody behind with its output, is waited for.
const patience = 10 * time.Second

// Measure runs a command, made with ctx, to its end and says what it took, with the processes that
// it waited for. When ctx ends, it and those that it started are killed. What it
// writes to its error output, and to the other if out is nil, becomes part of the error if it fails.
func Measure(ctx context.Context, cmd *exec.Cmd, out *bytes.Buffer) (Cost, error) {
	words := new(tail)
	cmd.Stderr, cmd.Stdout, cmd.WaitDelay = words, words, patience
	if out != nil {
		cmd.Stdout = out
	}
	apart(cmd)
	cmd.Cancel = func() error { return kill(cmd.Process) }
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Cost{}, err
	}
	err := cmd.Wait()
	cost := spent(cmd.ProcessState)
	cost.Wall = time.Since(start)
	switch {
	case ctx.Err() != nil:
		return cost, ctx.Err()
	case errors.Is(err, exec.ErrWaitDelay):
		return cost, fmt.Errorf("it has ended and left a process behind that keeps its output open%v", words)
	case err != nil:
		return cost, fmt.Errorf("%w%v", err, words)
	}
	return cost, nil
}

// tail keeps the end of what is written.
type tail struct {
	kept    []byte
	omitted bool
}

// Write is io.Writer's.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - lastWords; over > 0 {
		t.kept, t.omitted = append(t.kept[:0], t.kept[over:]...), true
	}
	return len(p), nil
}

// String is the end of an error.
func (t *tail) String() string {
	words := bytes.TrimSpace(t.kept)
	switch {
	case len(words) == 0:
		return ", without a word"
	case t.omitted:
		return fmt.Sprintf("; its last words:\n…%s", words)
	}
	return fmt.Sprintf("; it said:\n%s", words)
}

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Race is imports of one block file by several programs in turn.
type Race struct {
	File    string
	Runs    int      // of each program
	Own     []string // the command line of our import; it prints its Import in JSON
	Against []string // command lines for sh, see Expand
	// Report is told of each run; nil: nobody.
	Report func(run int, program string, c Cost)
}

// Import is what one import did and took.
type Import struct {
	Blocks int     `json:"blocks"`
	Inputs int     `json:"inputs"`
	Bytes  int64   `json:"bytes"`
	Tip    string  `json:"tip"`
	Wall   float64 `json:"wall_seconds"`
	CPU    float64 `json:"cpu_seconds"` // 0 where the system does not tell
	Peak   int64   `json:"peak_bytes"`  // resident memory, 0 where the system does not tell
}

// SetCost takes over a cost.
func (i *Import) SetCost(c Cost) {
	i.Wall, i.CPU, i.Peak = c.Wall.Seconds(), c.CPU.Seconds(), c.Peak
}

// Result is how a race went.
type Result struct {
	File     string    `json:"file"`
	Blocks   int       `json:"blocks"`
	Inputs   int       `json:"inputs"`
	Bytes    int64     `json:"bytes"`
	Tip      string    `json:"tip"`
	Programs []Program `json:"programs"` // ours first
}

// Program is one that took part. All processes are counted from start to end.
type Program struct {
	Command string  `json:"command"`
	Wall    float64 `json:"wall_seconds"` // medians
	CPU     float64 `json:"cpu_seconds"`
	PerIn   float64 `json:"cpu_us_per_input"`
	Peak    int64   `json:"peak_bytes"`
	Times   Ratio   `json:"times_ours"` // how many times ours that is
	Runs    []Cost  `json:"runs"`
}

// MarshalJSON writes seconds and bytes.
func (c Cost) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Wall float64 `json:"wall_seconds"`
		CPU  float64 `json:"cpu_seconds"`
		Peak int64   `json:"peak_bytes"`
	}{c.Wall.Seconds(), c.CPU.Seconds(), c.Peak})
}

// Run runs all programs in turn, ours first, each in a temporary folder of its own
// that is removed behind it.
func (r *Race) Run(ctx context.Context) (Result, error) {
	file, err := filepath.Abs(r.File)
	if err != nil {
		return Result{}, err
	}
	if err := warm(file); err != nil {
		return Result{}, err
	}
	res := Result{File: r.File, Programs: make([]Program, 1+len(r.Against))}
	res.Programs[0].Command = strings.Join(append([]string{filepath.Base(r.Own[0])}, r.Own[1:]...), " ")
	for i, command := range r.Against {
		res.Programs[i+1].Command = command
	}
	for run := range r.Runs {
		for i := range res.Programs {
			p := &res.Programs[i]
			cost, err := r.one(ctx, &res, i, file)
			if err != nil {
				return res, fmt.Errorf("run %d of %s: %w", run+1, p.Command, err)
			}
			p.Runs = append(p.Runs, cost)
			if r.Report != nil {
				r.Report(run+1, p.Command, cost)
			}
		}
	}
	res.sum()
	return res, nil
}

// one runs program i once.
func (r *Race) one(ctx context.Context, res *Result, i int, file string) (c Cost, err error) {
	dir, err := os.MkdirTemp("", "quern-bench-")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if i > 0 {
		cmd := exec.CommandContext(ctx, "sh", "-c", Expand(r.Against[i-1], file, dir, res.Tip))
		cmd.Env = append(os.Environ(), "TMPDIR="+dir)
		return Measure(ctx, cmd, nil)
	}
	exe, err := os.Executable()
	if err != nil {
		return c, err
	}
	cmd := exec.CommandContext(ctx, exe, r.Own[1:]...)
	cmd.Args[0] = r.Own[0]
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	var out bytes.Buffer
	if c, err = Measure(ctx, cmd, &out); err != nil {
		return c, err
	}
	var did Import
	if err := json.Unmarshal(out.Bytes(), &did); err != nil {
		return c, fmt.Errorf("its output %.200q: %w", out.Bytes(), err)
	}
	res.Blocks, res.Inputs, res.Bytes, res.Tip = did.Blocks, did.Inputs, did.Bytes, did.Tip
	return c, nil
}

// Expand replaces {file} in a command line for sh by the block file, {dir} by
// an empty folder that is removed afterwards, and {tip} by the id of the
// file's last block. What sh would not take as it is gets quoted.
func Expand(command, file, dir, tip string) string {
	return strings.NewReplacer("{file}", quote(file), "{dir}", quote(dir), "{tip}", tip).Replace(command)
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

func quote(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// warm reads a file once, so that nobody else is the first.
func warm(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("block file: %w", err)
	}
	_, err = io.Copy(io.Discard, f)
	return errors.Join(err, f.Close())
}

// sum works the medians and ratios out.
func (r *Result) sum() {
	ours := Median(r.Programs[0].Runs)
	for i := range r.Programs {
		p := &r.Programs[i]
		m := Median(p.Runs)
		p.Wall, p.CPU, p.Peak, p.Times = m.Wall.Seconds(), m.CPU.Seconds(), m.Peak, m.Times(ours)
		p.PerIn = 1e6 * p.CPU / float64(max(r.Inputs, 1))
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// figure is one thing that was seen, beside what was asked for.
type figure struct {
	Scenario string `json:"scenario"`
	Step     string `json:"step"`
	Figure   string `json:"figure"`
	Limit    string `json:"limit,omitempty"` // empty: told, not judged
	OK       bool   `json:"ok"`
}

// report collects figures in the order in which they were seen. Scenarios add
// to it from several goroutines.
type report struct {
	mu      sync.Mutex
	started time.Time
	rows    []figure
	seen    func(figure) // told of each row as it comes; may be nil
}

func newReport(seen func(figure)) *report {
	return &report{started: time.Now(), seen: seen}
}

// add notes one figure.
func (r *report) add(f figure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = append(r.rows, f)
	if r.seen != nil {
		r.seen(f)
	}
}

// failed counts the figures that missed their limit.
func (r *report) failed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, f := range r.rows {
		if !f.OK {
			n++
		}
	}
	return n
}

// table prints all rows and how many passed. The last line is the one that
// runners of tests are read for.
func (r *report) table(w io.Writer) error {
	r.mu.Lock()
	rows, took := slices.Clone(r.rows), time.Since(r.started)
	r.mu.Unlock()
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "SCENARIO\tSTEP\tFIGURE\tLIMIT\t")
	failed := 0
	for _, f := range rows {
		verdict := "pass"
		if !f.OK {
			verdict = "FAIL"
			failed++
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", f.Scenario, oneLine(f.Step), oneLine(f.Figure), f.Limit, verdict)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "took %s\n%d passed, %d failed\n", seconds(took), len(rows)-failed, failed)
	return err
}

// oneLine fits a text into a row: an error may be as long as a log.
func oneLine(text string) string {
	const most = 300
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}

// json prints the same as one object.
func (r *report) json(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Started time.Time `json:"started"`
		Seconds float64   `json:"seconds"`
		Rows    []figure  `json:"rows"`
	}{r.started, time.Since(r.started).Seconds(), r.rows})
}

// seconds writes a duration as the figures do.
func seconds(d time.Duration) string {
	if d >= 10*time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

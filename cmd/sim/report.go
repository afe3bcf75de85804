package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// report is what a run found, in a form that any scenario fills and that JSON,
// the terminal and the page show alike.
type report struct {
	Scenario string            `json:"scenario"`
	About    string            `json:"about"`
	Settings map[string]string `json:"settings"`
	Seed     uint64            `json:"seed"`
	Virtual  float64           `json:"virtual_seconds"`
	Wall     float64           `json:"wall_seconds"`
	CPU      float64           `json:"cpu_seconds"`
	Memory   int64             `json:"peak_memory_bytes"`
	Figures  []figure          `json:"figures"`
	Tables   []table           `json:"tables,omitempty"`
	Plots    []plot            `json:"plots,omitempty"`
	Notes    []string          `json:"notes,omitempty"`
}

// figure is one number, perhaps with a target.
type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"`
	Target string  `json:"target,omitempty"` // in words; empty: none
	Met    *bool   `json:"met,omitempty"`
}

func (f figure) missed() bool { return f.Met != nil && !*f.Met }

func (f figure) text() string { return strings.TrimSpace(short(f.Value) + " " + f.Unit) }

// table has numbers and words in rows.
type table struct {
	Title string     `json:"title"`
	Head  []string   `json:"head"`
	Rows  [][]string `json:"rows"`
}

// plot has lines or steps over a common axis.
type plot struct {
	Title  string   `json:"title"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	Series []series `json:"series"`
	LogY   bool     `json:"log_y,omitempty"`
	YMax   float64  `json:"y_max,omitempty"` // 0: what the data needs
}

type series struct {
	Name   string    `json:"name"`
	X      []float64 `json:"x"`
	Y      []float64 `json:"y"`
	Points bool      `json:"points,omitempty"` // dots rather than a line
}

// add notes a figure without a target.
func (r *report) add(name string, value float64, unit string) {
	r.Figures = append(r.Figures, figure{Name: name, Value: value, Unit: unit})
}

// want notes a figure that is to be at most most.
func (r *report) want(name string, value float64, unit string, most float64) {
	ok := value <= most
	target := strings.TrimSpace("at most " + short(most) + " " + unit)
	r.Figures = append(r.Figures, figure{name, value, unit, target, &ok})
}

func (r *report) note(text string) {
	r.Notes = append(r.Notes, text)
}

// short writes a number with three or four digits that matter.
func short(v float64) string {
	switch a := max(v, -v); {
	case a == 0:
		return "0"
	case a >= 1000 && v == float64(int64(v)):
		return thousands(int64(v))
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	case a >= 0.001:
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// print writes the report for a terminal.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n\n", r.Scenario, r.About)
	for _, f := range r.Figures {
		line := fmt.Sprintf("  %-52s %s", f.Name, f.text())
		if f.Target != "" {
			verdict := "met"
			if f.missed() {
				verdict = "MISSED"
			}
			line = fmt.Sprintf("%-72s %s: %s", line, verdict, f.Target)
		}
		fmt.Fprintln(w, line)
	}
	for _, t := range r.Tables {
		fmt.Fprintf(w, "\n%s\n", t.Title)
		t.print(w)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", n)
	}
	fmt.Fprintf(w, "\nseed %d, %s s of virtual time in %s s (%s s of processor time), at most %s MB of memory\n",
		r.Seed, short(r.Virtual), short(r.Wall), short(r.CPU), thousands(r.Memory>>20))
}

func (t table) print(w io.Writer) {
	rows := append([][]string{t.Head}, t.Rows...)
	width := make([]int, len(t.Head))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(w, "  %*s", width[i], cell)
		}
		fmt.Fprintln(w)
	}
}

// write leaves the files that the flags ask for.
func (r *report) write(s *settings) error {
	if s.JSON != "" {
		raw, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if err := os.WriteFile(s.JSON, append(raw, '\n'), 0o644); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	if s.SVG != "" {
		for i, p := range r.Plots {
			name := filepath.Join(s.SVG, fmt.Sprintf("%s-%d.svg", r.Scenario, i+1))
			if err := os.WriteFile(name, []byte(p.picture()), 0o644); err != nil {
				return fmt.Errorf("report: %w", err)
			}
		}
	}
	if s.HTML != "" {
		page, err := r.page()
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if err := os.WriteFile(s.HTML, page, 0o644); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

// times is a sample of durations.
type times []time.Duration

// at is the time within which a share of the sample is, 0 to 1: the smallest
// such member.
func (t times) at(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(t))
	i := int(share*float64(len(s))+0.999999) - 1
	return s[min(max(i, 0), len(s)-1)]
}

func (t times) mean() time.Duration {
	if len(t) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range t {
		sum += d
	}
	return sum / time.Duration(len(t))
}

// curve is the share of the sample over time, of whole, which may count more
// than those that ever came.
func (t times) curve(name string, whole int) series {
	s := series{Name: name, X: []float64{0}, Y: []float64{0}}
	sorted := slices.SortedFunc(slices.Values(t), cmp.Compare)
	for i, d := range sorted {
		if i+1 < len(sorted) && i%max(1, len(sorted)/300) != 0 {
			continue
		}
		s.X = append(s.X, d.Seconds())
		s.Y = append(s.Y, float64(i+1)/float64(whole))
	}
	return s
}

func secs(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

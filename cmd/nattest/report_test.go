package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	var told []figure
	r := newReport(func(f figure) { told = append(told, f) })
	r.add(figure{"routers", "ann has a peer", "0.3 s", "≤ 10.0 s", true})
	r.add(figure{"routers", "everybody has the block", "not within\n 20.0 s", "≤ 10.0 s", false})
	r.add(figure{Scenario: "routers", Step: "took", Figure: "1 s", OK: true})
	if r.failed() != 1 || len(told) != 3 {
		t.Errorf("%d failed, %d told", r.failed(), len(told))
	}
	var b bytes.Buffer
	if err := r.table(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if want := "routers   everybody has the block  not within 20.0 s  ≤ 10.0 s  FAIL"; lines[2] != want {
		t.Errorf("row\n%s\nwant\n%s", lines[2], want)
	}
	if last := lines[len(lines)-1]; last != "2 passed, 1 failed" {
		t.Errorf("last line %q", last)
	}
	b.Reset()
	if err := r.json(&b); err != nil {
		t.Fatal(err)
	}
	var back struct{ Rows []figure }
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Rows) != 3 || back.Rows[1] != r.rows[1] {
		t.Errorf("%v: %s", err, &b)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{1234 * time.Millisecond: "1.2 s", 90 * time.Second: "90.0 s", 30 * time.Minute: "30m0s"} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}

package main

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestSameSeedSamePlan(t *testing.T) {
	a, b, c := newPlan(7, 20, 30*time.Minute), newPlan(7, 20, 30*time.Minute), newPlan(8, 20, 30*time.Minute)
	if !reflect.DeepEqual(a, b) {
		t.Error("one seed makes two plans")
	}
	if reflect.DeepEqual(a.Acts, c.Acts) {
		t.Error("two seeds make one plan")
	}
}

// TestPlanKeepsItsWord carries plans out on paper.
func TestPlanKeepsItsWord(t *testing.T) {
	for seed := range uint64(200) {
		nodes := 4 + int(seed)%30
		length := 30*time.Second + time.Duration(seed)*20*time.Second
		p := newPlan(seed, nodes, length)
		if err := follow(p); err != "" {
			t.Fatalf("%v: %s", &p, err)
		}
		for _, k := range []deed{doMine, doPay, doKill, doStart, doCut, doHeal} {
			if length >= 2*time.Minute && p.count(k) == 0 {
				t.Errorf("%v: no %s", &p, k)
			}
		}
	}
}

// follow tells what a plan does that no plan may.
func follow(p plan) string {
	down, cut, last := make([]bool, p.Nodes), false, time.Duration(0)
	for _, a := range p.Acts {
		if a.At < last || a.At > p.Length {
			return "acts are out of order or late"
		}
		last = a.At
		switch a.Kind {
		case doKill:
			if down[a.Node] || a.Node < p.Steady {
				return "kills what is down or steady"
			}
			down[a.Node] = true
		case doStart:
			if !down[a.Node] {
				return "starts what runs"
			}
			down[a.Node] = false
		case doCut:
			if cut || len(a.Side) < 2 || len(a.Side) > p.Nodes-2 || len(slices.Compact(slices.Clone(a.Side))) != len(a.Side) {
				return "a cut that is none"
			}
			cut = true
		case doHeal:
			cut = false
		case doPay:
			if a.Node == a.To || a.To >= p.Nodes || a.Pay <= 0 {
				return "a payment that is none"
			}
		}
		n := 0
		for _, d := range down {
			if d {
				n++
			}
		}
		if n > p.Nodes/3 {
			return "too many are down"
		}
		if (cut || n > 0) && a.At > p.Length-calm {
			return "the end is not calm"
		}
	}
	if cut || slices.Contains(down, true) {
		return "what was cut or killed stays so"
	}
	return ""
}

func TestSoakOptions(t *testing.T) {
	for _, o := range []soakOptions{{length: time.Hour, nodes: 3}, {length: time.Hour, nodes: 101}, {length: time.Second, nodes: 6}} {
		if o.validate() == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if err := (soakOptions{length: 90 * time.Second, nodes: 6}).validate(); err != nil {
		t.Error(err)
	}
}

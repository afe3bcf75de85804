package view

import (
	"encoding/json"
	"testing"
)

func TestNumbers(t *testing.T) {
	for value, want := range map[Coins]string{0: "0.00000000", 1: "0.00000001", -1: "-0.00000001", 5e9: "50.00000000", 123456789: "1.23456789"} {
		if got, _ := json.Marshal(value); string(got) != want {
			t.Errorf("%d: %s, want %s", int64(value), got, want)
		}
	}
	for value, want := range map[Double]string{1: "1", 0.5: "0.5", 4.656542373906925e-10: "4.656542373906925e-10", 1e15: "1000000000000000", 1e16: "1e+16", 0.0001: "0.0001", 0.00001: "1e-05"} {
		if got, _ := json.Marshal(value); string(got) != want {
			t.Errorf("%g: %s, want %s", float64(value), got, want)
		}
	}
}

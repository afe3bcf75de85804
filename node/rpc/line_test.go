package rpc

import (
	"strings"
	"testing"
)

// TestPaymentsMakeNoLongLines: a waiting payment that 24 others spend is not spent by one more,
// which nodes that count descendants would not take.
func TestPaymentsMakeNoLongLines(t *testing.T) {
	f := newFixture(t, 1)
	mine := f.rich(1)
	var made struct {
		TxID string `json:"txid"`
	}
	f.must("send", &made, map[string]int{mine: 49}, nil, nil, 10, map[string]any{"change_position": 0})
	for i := range 24 {
		from := []any{map[string]any{"txid": made.TxID, "vout": 1}}
		f.must("send", &made, map[string]int{mine: 48 - i}, nil, nil, 10, map[string]any{"change_position": 0, "add_inputs": false, "inputs": from})
	}
	_, fail := f.call("send", []any{map[string]float64{mine: 0.3}, nil, nil, 10, map[string]any{"minconf": 0, "include_unsafe": true}})
	if fail == nil || !strings.HasPrefix(fail.Message, "Unconfirmed UTXOs are available") {
		t.Errorf("one more: %v", fail)
	}
}

package rpc

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestImportedAddressesOfWaitingPaymentsAreUsed: a descriptor that comes after the payment is
// known, by another one of its coins, gives no address again that the payment has used.
func TestImportedAddressesOfWaitingPaymentsAreUsed(t *testing.T) {
	f := newFixture(t, 1)
	at := "/"
	call := func(result any, method string, params ...any) {
		t.Helper()
		body, _ := json.Marshal(map[string]any{"method": method, "params": params})
		status, reply := post(f.server, at, string(body))
		var out struct{ Result json.RawMessage }
		if err := json.Unmarshal([]byte(reply), &out); err != nil || status != 200 {
			t.Fatalf("%s: %d %s", method, status, reply)
		}
		if err := json.Unmarshal(out.Result, result); err != nil {
			t.Fatal(err)
		}
	}
	type line struct {
		Desc     string `json:"desc"`
		Internal bool   `json:"internal"`
		Next     int    `json:"next"`
	}
	var list struct{ Descriptors []line }
	var ignored json.RawMessage
	mine := ""
	call(&ignored, "createwallet", "w")
	at = "/wallet/w"
	call(&mine, "getnewaddress")
	call(&ignored, "generatetoaddress", 1, mine)
	call(&ignored, "generatetoaddress", 100, f.vars["addr"])
	call(&ignored, "send", map[string]int{f.vars["addr"]: 1}, nil, nil, 10, map[string]any{"change_type": "bech32"})
	call(&list, "listdescriptors")
	at = "/"
	call(&ignored, "createwallet", "copy", true, true)
	at = "/wallet/copy"
	for _, internal := range []bool{false, true} {
		for _, d := range list.Descriptors {
			if strings.HasPrefix(d.Desc, "wpkh(") && d.Internal == internal {
				call(&ignored, "importdescriptors", []map[string]any{{"desc": d.Desc, "timestamp": 0, "active": true, "internal": internal, "range": 9, "next_index": 0}})
			}
		}
	}
	call(&list, "listdescriptors")
	for _, d := range list.Descriptors {
		if d.Next != 1 {
			t.Errorf("%+v, want the next address after the one that is used", d)
		}
	}
}

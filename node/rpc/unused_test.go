package rpc

import (
	"encoding/json"
	"testing"
)

// TestUnusedKeepsNewKeysAlone: unused(KEY) is for a key that the wallet has not, and can keep.
func TestUnusedKeepsNewKeysAlone(t *testing.T) {
	f := newFixture(t, 1)
	at := "/"
	call := func(result any, method string, params ...any) {
		t.Helper()
		body, _ := json.Marshal(map[string]any{"method": method, "params": params})
		_, reply := post(f.server, at, string(body))
		out := struct{ Result any }{result}
		if err := json.Unmarshal([]byte(reply), &out); err != nil {
			t.Fatalf("%s: %v in %s", method, err, reply)
		}
	}
	taken := func(wallet, key, want string) {
		t.Helper()
		at = "/wallet/" + wallet
		var sum struct{ Checksum string }
		call(&sum, "getdescriptorinfo", "unused("+key+")")
		var out []struct{ Error struct{ Message string } }
		call(&out, "importdescriptors", []any{map[string]any{"desc": "unused(" + key + ")#" + sum.Checksum, "timestamp": "now"}})
		if len(out) != 1 || out[0].Error.Message != want {
			t.Errorf("wallet %s: %+v, want %q", wallet, out, want)
		}
	}
	var ignored json.RawMessage
	var own []struct{ Xprv, Xpub string }
	call(&ignored, "createwallet", "full")
	call(&ignored, "createwallet", "blank", false, true)
	call(&ignored, "createwallet", "watch", true)
	at = "/wallet/full"
	call(&own, "gethdkeys", map[string]bool{"private": true})
	const known = "Cannot import an unused() descriptor when its private key is already in the wallet"
	taken("full", own[0].Xprv, known)
	taken("blank", own[0].Xprv, "")
	taken("blank", own[0].Xprv, known)
	taken("watch", own[0].Xpub, "Cannot import unused() to wallet without private keys enabled")
}

package rpc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/rpc/table"
)

// patient methods wait by design, end the node, would mine or move the clock for
// real, or write a file where they are told to.
var patient = []string{
	"stop", "setmocktime", "generatetoaddress", "generatetodescriptor", "generateblock", "waitfornewblock", "waitforblock", "waitforblockheight",
	"getblocktemplate", "dumptxoutset", "loadtxoutset", "invalidateblock", "pruneblockchain", "setnetworkactive", "backupwallet",
}

// FuzzMethods throws arguments at every method: whatever they are, it answers
// with a result or an error of its own, never with one that means a defect.
func FuzzMethods(f *testing.F) {
	node := newFixture(f, 3)
	methods := node.methods()
	names := slices.Sorted(maps.Keys(methods))
	for i, seed := range []string{
		`[]`, `[null]`, `["x",1,true,{},[]]`, `[1e400]`, `[99999999999999999999]`, `[-1,-1,-1]`, `["` + strings.Repeat("00", 300) + `"]`,
		`["ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",3]`, `{"args":[1],"x":2}`, `{"verbosity":{}}`, `{"options":{"a":[]}}`,
		strings.Repeat(`[`, 400) + strings.Repeat(`]`, 400), `["\ud800"]`, `[[[]],[{}],[null],{"desc":"wpkh(x)","range":[0,1000000]}]`,
		`["start",[{"desc":"raw(51)","range":[0,2147483647]}]]`, `[{"rules":["segwit"],"mode":"proposal","data":"00"}]`, `["0","0",{"":0}]`,
	} {
		for m := range names {
			f.Add(m+i, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, which int, params []byte) {
		name := names[int(uint(which)%uint(len(names)))]
		if slices.Contains(patient, name) {
			return
		}
		status, reply := node.post(fmt.Sprintf(`{"id":1,"method":%q,"params":%s}`, name, params))
		var answer struct{ Error *table.Error }
		if err := json.Unmarshal([]byte(reply), &answer); err != nil {
			t.Fatalf("%s %s: %d %s", name, params, status, reply)
		}
		if answer.Error != nil && answer.Error.Code == table.CodeInternal {
			t.Errorf("%s %s: %s", name, params, answer.Error.Message)
		}
	})
}

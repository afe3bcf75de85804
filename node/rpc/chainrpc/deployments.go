package chainrpc

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
)

// deployment is a rule change: of the past, or decided by version bits.
type deployment struct {
	name   string
	Type   string  `json:"type"`
	Height *uint32 `json:"height,omitempty"`
	Active bool    `json:"active"`
	BIP9   *bip9   `json:"bip9,omitempty"`
}

// bip9 is how far a deployment by version bits has come.
type bip9 struct {
	Bit        *uint8      `json:"bit,omitempty"` // while blocks may signal
	Start      int64       `json:"start_time"`
	Timeout    int64       `json:"timeout"`
	MinHeight  uint32      `json:"min_activation_height"`
	Status     string      `json:"status"`
	Since      uint32      `json:"since"`
	Next       string      `json:"status_next"`
	Statistics *statistics `json:"statistics,omitempty"`
	Signalling string      `json:"signalling,omitempty"`
}

// statistics are of the block's period, up to the block.
type statistics struct {
	Period    uint32 `json:"period"`
	Elapsed   int    `json:"elapsed"`
	Count     int    `json:"count"`
	Threshold uint32 `json:"threshold,omitempty"`
	Possible  *bool  `json:"possible,omitempty"`
}

// buried is one of the past, in bitcoind's order of fields.
type buried struct {
	Type   string `json:"type"`
	Active bool   `json:"active"`
	Height uint32 `json:"height"`
}

// MarshalJSON writes d with bitcoind's order of fields, which depends on the type.
func (d *deployment) MarshalJSON() ([]byte, error) {
	if d.BIP9 == nil {
		return json.Marshal(buried{d.Type, d.Active, *d.Height})
	}
	type plain deployment
	return json.Marshal((*plain)(d))
}

// deployments is an object by name, in Core's order.
type deployments []deployment

// MarshalJSON writes the object.
func (ds deployments) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range ds {
		if i > 0 {
			b.WriteByte(',')
		}
		raw, err := json.Marshal(&ds[i])
		if err != nil {
			return nil, err
		}
		b.WriteString(`"` + ds[i].name + `":`)
		b.Write(raw)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// deployments lists them as they are at the block that s is the state after.
func (n *node) deployments(s *consensus.State) (out deployments) {
	p := n.Params
	for _, d := range []struct {
		name   string
		height uint32
	}{{"bip34", p.BIP34}, {"bip66", p.BIP66}, {"bip65", p.BIP65}, {"csv", p.CSV}, {"segwit", p.Segwit}} {
		out = append(out, deployment{name: d.name, Type: "buried", Height: &d.height, Active: s.Height+1 >= d.height})
	}
	for _, d := range n.Bits.Deployments(s) {
		out = append(out, byBits(&d, s.Height))
	}
	return out
}

// byBits shows d as it is at the block at height. The built-in one starts at once and has no end.
func byBits(d *mining.Progress, height uint32) deployment {
	out := deployment{name: d.Name, Type: "bip9", BIP9: &bip9{
		Timeout: math.MaxInt64, Status: d.Stage.String(), Since: d.Since, Next: d.Next.String(), Signalling: d.Signalling,
	}}
	switch next := height + 1; {
	case d.Stage == mining.Active:
		out.Height, out.Active = &d.Since, true
	case d.Next == mining.Active:
		out.Height, out.Active = &next, true
	}
	if d.Signalling == "" {
		return out
	}
	count := strings.Count(d.Signalling, "#")
	out.BIP9.Bit = &d.Bit
	out.BIP9.Statistics = &statistics{Period: d.Period, Elapsed: len(d.Signalling), Count: count}
	if d.Stage == mining.Started {
		possible := int(d.Period-d.Threshold) >= len(d.Signalling)-count
		out.BIP9.Statistics.Threshold, out.BIP9.Statistics.Possible = d.Threshold, &possible
	}
	return out
}

// deploymentFields describe one.
func deploymentFields() []table.Shape {
	return []table.Shape{
		table.Str("type", `one of "buried", "bip9"`),
		table.Num("height", "height of the first block which the rules are or will be enforced (only for \"buried\" type, or \"bip9\" type with \"active\" status)").Maybe(),
		table.Bool("active", "true if the rules are enforced for the mempool and the next block"),
		table.Obj("bip9", `status of bip9 softforks (only for "bip9" type)`,
			table.Num("bit", `the bit (0-28) in the block version field used to signal this softfork (only for "started" and "locked_in" status)`).Maybe(),
			table.Num("start_time", "the minimum median time past of a block at which the bit gains its meaning"),
			table.Num("timeout", "the median time past of a block at which the deployment is considered failed if not yet locked in"),
			table.Num("min_activation_height", "minimum height of blocks for which the rules may be enforced"),
			table.Str("status", `status of deployment at specified block (one of "defined", "started", "locked_in", "active", "failed")`),
			table.Num("since", "height of the first block to which the status applies"),
			table.Str("status_next", "status of deployment at the next block"),
			table.Obj("statistics", `numeric statistics about signalling for a softfork (only for "started" and "locked_in" status)`,
				table.Num("period", "the length in blocks of the signalling period"),
				table.Num("threshold", `the number of blocks with the version bit set required to activate the feature (only for "started" status)`).Maybe(),
				table.Num("elapsed", "the number of blocks elapsed since the beginning of the current period"),
				table.Num("count", "the number of blocks with the version bit set in the current period"),
				table.Bool("possible", `returns false if there are not enough blocks left in this period to pass activation threshold (only for "started" status)`).Maybe(),
			).Maybe(),
			table.Str("signalling", `indicates blocks that signalled with a # and blocks that did not with a -`).Maybe(),
		).Maybe(),
	}
}

package node

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/invite"
)

// number is one key of the [rules] table that is a number.
type number struct {
	key string
	at  *int64
}

// numbers lists them.
func (r *Rules) numbers() []number {
	return []number{
		{"bip34", &r.BIP34}, {"bip65", &r.BIP65}, {"bip66", &r.BIP66},
		{"csv", &r.CSV}, {"segwit", &r.Segwit}, {"halving", &r.Halving},
	}
}

// override translates the [rules] table; nil when it changes nothing.
func (r Rules) override() (*consensus.Override, error) {
	var o consensus.Override
	changed := false
	to := map[string]**uint32{
		"bip34": &o.BIP34, "bip65": &o.BIP65, "bip66": &o.BIP66,
		"csv": &o.CSV, "segwit": &o.Segwit, "halving": &o.SubsidyHalving,
	}
	for _, n := range r.numbers() {
		if *n.at == -1 {
			continue
		}
		if *n.at < 0 || *n.at > math.MaxUint32 {
			return nil, fmt.Errorf("rules.%s: %d is not a height", n.key, *n.at)
		}
		h := uint32(*n.at)
		*to[n.key], changed = &h, true
	}
	if r.SignetChallenge != "" {
		script, err := hex.DecodeString(r.SignetChallenge)
		if err != nil {
			return nil, fmt.Errorf("rules.signet_challenge: %w", err)
		}
		o.SignetChallenge, changed = script, true
	}
	if !changed {
		return nil, nil
	}
	return &o, nil
}

// overrides are the rules that r changes, as an invite carries them.
func (r Rules) overrides() (out []invite.Override) {
	for _, n := range r.numbers() {
		if *n.at != -1 {
			out = append(out, invite.Override{Name: n.key, Value: strconv.FormatInt(*n.at, 10)})
		}
	}
	if r.SignetChallenge != "" {
		out = append(out, invite.Override{Name: "signet_challenge", Value: r.SignetChallenge})
	}
	return out
}

// rulesOf is the [rules] table that an invite's overrides mean.
func rulesOf(list []invite.Override) (Rules, error) {
	r := Defaults().Rules
	for _, o := range list {
		known := o.Name == "signet_challenge"
		if known {
			r.SignetChallenge = o.Value
		}
		for _, n := range r.numbers() {
			if n.key != o.Name {
				continue
			}
			v, err := strconv.ParseUint(o.Value, 10, 32)
			if err != nil {
				return r, fmt.Errorf("%s=%s: %w", o.Name, o.Value, err)
			}
			*n.at, known = int64(v), true
		}
		if !known {
			return r, fmt.Errorf("no rule is called %q", o.Name)
		}
	}
	return r, nil
}

package node

import (
	"encoding/hex"
	"fmt"
	"math"

	"github.com/quernnet/quern/consensus"
)

// override translates the [rules] table; nil when it changes nothing.
func (r Rules) override() (*consensus.Override, error) {
	var o consensus.Override
	changed := false
	for _, f := range []struct {
		key string
		in  int64
		out **uint32
	}{
		{"bip34", r.BIP34, &o.BIP34},
		{"bip65", r.BIP65, &o.BIP65},
		{"bip66", r.BIP66, &o.BIP66},
		{"csv", r.CSV, &o.CSV},
		{"segwit", r.Segwit, &o.Segwit},
		{"halving", r.Halving, &o.SubsidyHalving},
	} {
		if f.in == -1 {
			continue
		}
		if f.in < 0 || f.in > math.MaxUint32 {
			return nil, fmt.Errorf("rules.%s: %d is not a height", f.key, f.in)
		}
		h := uint32(f.in)
		*f.out, changed = &h, true
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

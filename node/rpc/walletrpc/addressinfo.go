package walletrpc

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
	"github.com/quernnet/quern/node/wallet"
)

// addressForm is what an address says of itself (Core's DescribeAddress).
type addressForm struct {
	// A program of an unknown version may be a key or a script: Core says neither.
	IsScript *bool    `json:"isscript,omitempty"`
	Witness  bool     `json:"iswitness"`
	Version  *int     `json:"witness_version,omitempty"`
	Program  view.Hex `json:"witness_program,omitempty"`
}

func formOf(s []byte) (f addressForm) {
	isScript := false
	switch script.Classify(s) {
	case script.TypeScriptHash, script.TypeWitnessV0ScriptHash, script.TypeWitnessV1Taproot, script.TypeAnchor:
		isScript = true
		f.IsScript = &isScript
	case script.TypePubKeyHash, script.TypeWitnessV0KeyHash:
		f.IsScript = &isScript
	}
	if version, program, ok := script.WitnessProgram(s); ok {
		f.Witness, f.Version, f.Program = true, &version, program
	}
	return f
}

// addressBehind is what the wallet knows of what is behind an address.
type addressBehind struct {
	Script     string    `json:"script,omitempty"`
	Hex        view.Hex  `json:"hex,omitempty"`
	Signatures *int      `json:"sigsrequired,omitempty"`
	PubKeys    []string  `json:"pubkeys,omitempty"`
	PubKey     string    `json:"pubkey,omitempty"`
	Compressed *bool     `json:"iscompressed,omitempty"`
	Embedded   *embedded `json:"embedded,omitempty"`
}

// embedded is the address in another.
type embedded struct {
	addressForm
	addressBehind
	Address string   `json:"address"`
	Output  view.Hex `json:"scriptPubKey"`
}

// behind looks an address's key or script up.
func (n *node) behind(s []byte, ring *signing.Keyring) (b addressBehind) {
	switch script.Classify(s) {
	case script.TypePubKeyHash:
		if pub, ok := ring.Public[signing.KeyID(s[3:23])]; ok {
			compressed := pub.Compressed()
			b.PubKey, b.Compressed = hex.EncodeToString([]byte(pub)), &compressed
		}
	case script.TypeWitnessV0KeyHash:
		if pub, ok := ring.Public[signing.KeyID(s[2:22])]; ok {
			b.PubKey = hex.EncodeToString([]byte(pub))
		}
	case script.TypeScriptHash:
		n.inside(&b, ring.Scripts[[20]byte(s[2:22])], ring)
	case script.TypeWitnessV0ScriptHash:
		sub, _ := ring.WitnessScript([32]byte(s[2:34]))
		n.inside(&b, sub, ring)
	}
	return b
}

// inside describes a redeem or witness script.
func (n *node) inside(b *addressBehind, sub []byte, ring *signing.Keyring) {
	if sub == nil {
		return
	}
	b.Script, b.Hex = string(script.Classify(sub)), sub
	if text, ok := address.Encode(sub, n.Params); ok {
		e := &embedded{addressForm: formOf(sub), addressBehind: n.behind(sub, ring), Address: text, Output: sub}
		b.PubKey, b.Embedded = e.PubKey, e
	} else if needed, pubs, ok := script.Multisig(sub); ok {
		b.Signatures = &needed
		for _, pub := range pubs {
			b.PubKeys = append(b.PubKeys, hex.EncodeToString(pub))
		}
	}
}

// addressInfo is getaddressinfo's answer.
type addressInfo struct {
	Address   string   `json:"address"`
	Output    view.Hex `json:"scriptPubKey"`
	Mine      bool     `json:"ismine"`
	Solvable  bool     `json:"solvable"`
	Desc      string   `json:"desc,omitempty"`
	Parent    string   `json:"parent_desc,omitempty"`
	WatchOnly bool     `json:"iswatchonly"`
	addressForm
	addressBehind
	Change      bool     `json:"ischange"`
	Created     *int64   `json:"timestamp,omitempty"`
	Path        *string  `json:"hdkeypath,omitempty"`
	Seed        string   `json:"hdseedid,omitempty"`
	Fingerprint string   `json:"hdmasterfingerprint,omitempty"`
	Labels      []string `json:"labels"`
}

func (n *node) getAddressInfo(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	s, err := address.Decode(a.Text(0), n.Params)
	if err != nil {
		return nil, badAddress(err)
	}
	out := addressInfo{Output: s, Mine: w.Mine(s), addressForm: formOf(s), Change: w.IsChange(s), Labels: []string{}}
	out.Address, _ = address.Encode(s, n.Params)
	if l, ok := w.Label(out.Address); ok {
		out.Labels = append(out.Labels, l)
	}
	owner, ok := w.Owner(s)
	if !ok {
		return out, nil
	}
	ring, _ := w.Solve(s)
	if d := descriptor.InferWith(s, ring, n.Params); d.Solvable() {
		out.Solvable, out.Desc = true, d.String()
	}
	out.Parent = owner.Text
	out.addressBehind = n.behind(s, ring)
	if o, ok := originOf(s, ring); ok {
		path := "m" + keys.PathText(o.Path, false)
		out.Created, out.Path, out.Seed = &owner.Created, &path, noSeed
		out.Fingerprint = hex.EncodeToString(o.Fingerprint[:])
	}
	return out, nil
}

// badAddress tells why a text is no address, in Core's words.
func badAddress(err error) error {
	if bad := (*address.Error)(nil); errors.As(err, &bad) {
		return table.Errorf(table.CodeNotFound, "%s", bad.Reason)
	}
	return table.Errorf(table.CodeNotFound, "Invalid address")
}

const noSeed = "0000000000000000000000000000000000000000"

// originOf is where the one key behind an address comes from (Core's
// GetKeyForDestination).
func originOf(s []byte, ring *signing.Keyring) (signing.Origin, bool) {
	switch script.Classify(s) {
	case script.TypePubKeyHash:
		o, ok := ring.Origins[signing.KeyID(s[3:23])]
		return o.Origin, ok
	case script.TypeWitnessV0KeyHash:
		o, ok := ring.Origins[signing.KeyID(s[2:22])]
		return o.Origin, ok
	case script.TypeScriptHash:
		if sub := ring.Scripts[[20]byte(s[2:22])]; script.Classify(sub) == script.TypeWitnessV0KeyHash {
			return originOf(sub, ring)
		}
	case script.TypeWitnessV1Taproot:
		tree, ok := ring.Trees[signing.XOnly(s[2:34])]
		if !ok {
			return signing.Origin{}, false
		}
		return ring.OriginX(tree.Internal)
	}
	return signing.Origin{}, false
}

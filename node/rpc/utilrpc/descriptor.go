package utilrpc

import (
	"context"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) descriptorMethods() []table.Method {
	const (
		plain  = `"wpkh([d34db33f/84h/0h/0h]0279be667ef9dcbbac55a06295Ce870b07029Bfcdb2dce28d959f2815b16f81798)"`
		ranged = `"wpkh([d34db33f/84h/0h/0h]xpub6DJ2dNUysrn5Vt36jH2KLBT2i1auw1tTSSomg8PhqNiUtx8QX2SvC9nrHu81fT41fvDUnhMjEzQgXnQjKEu3oaqMSzhSrHMxyyoEAmUHQbY/0/*)#cjjspncu"`
	)
	text := table.Arg{Name: "descriptor", Kind: table.Text, Need: true, About: "The descriptor."}
	return []table.Method{{
		Name: "getdescriptorinfo", Category: "util", About: "Analyses a descriptor.\n", Args: []table.Arg{text},
		Results: []table.Shape{table.Obj("", "",
			table.Str("descriptor", "The descriptor in canonical form, without private keys. For a multipath descriptor, only the first will be returned."),
			table.Arr("multipath_expansion", "All descriptors produced by expanding multipath derivation elements. Only if the provided descriptor specifies multipath derivation elements.",
				table.Str("", "")).Maybe(),
			table.Str("checksum", "The checksum for the input descriptor"),
			table.Bool("isrange", "Whether the descriptor is ranged"),
			table.Bool("issolvable", "Whether the descriptor is solvable"),
			table.Bool("hasprivatekeys", "Whether the input descriptor contained at least one private key"),
		)},
		Examples: "Analyse a descriptor\n" + table.Both("getdescriptorinfo", plain, plain), Call: n.descriptorInfo,
	}, {
		Name: "deriveaddresses", Category: "util",
		About: "Derives one or more addresses corresponding to an output descriptor.\n" +
			"Examples of output descriptors are:\n" +
			"    pkh(<pubkey>)                                     P2PKH outputs for the given pubkey\n" +
			"    wpkh(<pubkey>)                                    Native segwit P2PKH outputs for the given pubkey\n" +
			"    sh(multi(<n>,<pubkey>,<pubkey>,...))              P2SH-multisig outputs for the given threshold and pubkeys\n" +
			"    raw(<hex script>)                                 Outputs whose output script equals the specified hex-encoded bytes\n" +
			"    tr(<pubkey>,multi_a(<n>,<pubkey>,<pubkey>,...))   P2TR-multisig outputs for the given threshold and pubkeys\n" +
			"\nIn the above, <pubkey> either refers to a fixed public key in hexadecimal notation, or to an xpub/xprv optionally followed by one\n" +
			"or more path elements separated by \"/\", where \"h\" represents a hardened child key.\n" +
			"For more information on output descriptors, see the documentation in the doc/descriptors.md file.\n",
		Args: []table.Arg{text,
			{Name: "range", Kind: table.Range, About: "If a ranged descriptor is used, this specifies the end or the range (in [begin,end] notation) to derive."}},
		Results: []table.Shape{
			table.Arr("", "", table.Str("address", "the derived addresses")).When("for single derivation descriptors"),
			table.Arr("", "The derived addresses for each of the multipath expansions of the descriptor, in multipath specifier order",
				table.Arr("", "The derived addresses for a multipath descriptor expansion", table.Str("address", "the derived address"))).
				When("for multipath descriptors"),
		},
		Examples: "First three native segwit receive addresses\n" + table.Both("deriveaddresses", ranged+` "[0,2]"`, ranged+`, "[0,2]"`),
		Call:     n.deriveAddresses,
	}}
}

type infoJSON struct {
	Descriptor string   `json:"descriptor"`
	Multipath  []string `json:"multipath_expansion,omitempty"`
	Checksum   string   `json:"checksum"`
	Ranged     bool     `json:"isrange"`
	Solvable   bool     `json:"issolvable"`
	Private    bool     `json:"hasprivatekeys"`
}

func (n *node) descriptorInfo(_ context.Context, a table.Args) (any, error) {
	list, err := descriptor.Parse(a.Text(0), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "%v", err)
	}
	d := list[0]
	out := infoJSON{Descriptor: d.String(), Checksum: descriptor.ChecksumOf(a.Text(0)), Ranged: d.Ranged(), Solvable: d.Solvable(), Private: d.HasPrivate()}
	if len(list) > 1 {
		for _, d := range list {
			out.Multipath = append(out.Multipath, d.String())
		}
	}
	return out, nil
}

func (n *node) deriveAddresses(ctx context.Context, a table.Args) (any, error) {
	var low, high int64
	if a.Given(1) {
		var err error
		if low, high, err = table.ParseRange(a.Raw(1)); err != nil {
			return nil, err
		}
	}
	list, err := descriptor.ParseSealed(a.Text(0), n.Params)
	switch {
	case err != nil:
		return nil, table.Errorf(table.CodeNotFound, "%v", err)
	case !list[0].Ranged() && a.Given(1):
		return nil, table.Errorf(table.CodeInvalid, "Range should not be specified for an un-ranged descriptor")
	case list[0].Ranged() && !a.Given(1):
		return nil, table.Errorf(table.CodeInvalid, "Range must be specified for a ranged descriptor")
	}
	all := make([][]string, len(list))
	for i, d := range list {
		if all[i], err = n.addresses(ctx, d, uint32(low), uint32(high)); err != nil {
			return nil, err
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// addresses lists those at the indexes from low to high.
func (n *node) addresses(ctx context.Context, d *descriptor.Descriptor, low, high uint32) ([]string, error) {
	var out []string
	for i := low; i <= high; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := d.Expand(i)
		if err != nil {
			return nil, table.Errorf(table.CodeNotFound, "Cannot derive script without private keys")
		}
		for _, s := range e.Scripts {
			text, ok := address.Encode(s, n.Params)
			switch _, isKey := script.PubKey(s); {
			case ok:
				out = append(out, text)
			case isKey && len(e.Scripts) > 1: // of combo, which has others
			default:
				return nil, table.Errorf(table.CodeNotFound, "Descriptor does not have a corresponding address")
			}
		}
	}
	if out == nil {
		return nil, table.Errorf(table.CodeMisc, "Unexpected empty result")
	}
	return out, nil
}

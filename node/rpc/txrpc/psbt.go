package txrpc

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
)

var (
	psbtArg     = table.Arg{Name: "psbt", Kind: table.Text, Need: true, About: "A PSBT in base64"}
	psbtsArg    = table.Arg{Name: "txs", Kind: table.Array, Need: true, About: "PSBTs in base64", Fields: []table.Arg{{Name: "psbt", Kind: table.Text, About: "A PSBT"}}}
	psbtVersion = table.Arg{Name: "psbt_version", Kind: table.Long, Def: "2", About: "The version of the format, 0 or 2"}
	psbtShape   = table.Str("", "The PSBT in base64")
)

// psbtMethods work on PSBTs without knowing any keys.
func (n *node) psbtMethods() []table.Method {
	return []table.Method{{
		Name: "createpsbt", Category: "rawtransactions",
		About: "Makes a PSBT that spends the given inputs and makes new outputs (the Creator's part of BIP174).\n" +
			"Its inputs are not signed, and it is neither stored nor sent.",
		Args:    append(txargs.CreateArgs(), psbtVersion),
		Results: []table.Shape{psbtShape}, Call: n.createPSBT,
	}, {
		Name: "converttopsbt", Category: "rawtransactions",
		About: "Makes a PSBT of a transaction, for use after createrawtransaction and fundrawtransaction.\n" +
			"createpsbt and walletcreatefundedpsbt make one at once.",
		Args: []table.Arg{
			{Name: "hexstring", Kind: table.HexText, Need: true, About: "The transaction in hex"},
			{Name: "permitsigdata", Kind: table.Boolean, Def: "false", About: "Leave signatures that the transaction has out; without, they are an error"},
			iswitness, psbtVersion,
		},
		Results: []table.Shape{psbtShape}, Call: n.convertToPSBT,
	}, {
		Name: "combinepsbt", Category: "rawtransactions",
		About: "Merges PSBTs of one transaction into one (the Combiner's part of BIP174).",
		Args:  []table.Arg{psbtsArg}, Results: []table.Shape{psbtShape}, Call: n.combinePSBT,
	}, {
		Name: "joinpsbts", Category: "rawtransactions",
		About: "Puts the inputs and outputs of several PSBTs of version 0 together into one, in a random order.\n" +
			"No input may be in two of them.",
		Args: []table.Arg{psbtsArg}, Results: []table.Shape{psbtShape}, Call: n.joinPSBTs,
	}, {
		Name: "finalizepsbt", Category: "rawtransactions",
		About: "Makes final scripts for the inputs of a PSBT that have all their signatures. When that is all of them, the\n" +
			"transaction is returned, ready for sendrawtransaction (the Finalizer's and Extractor's parts of BIP174).",
		Args: []table.Arg{psbtArg, {Name: "extract", Kind: table.Boolean, Def: "true", About: "Return the transaction, not the PSBT, when it is complete"}},
		Results: []table.Shape{table.Obj("", "",
			table.Str("psbt", "The PSBT in base64, where the transaction is not returned").Maybe(),
			table.Hex("hex", "The transaction").Maybe(),
			table.Bool("complete", "Whether no signature is missing"),
			txargs.TroublesShape())},
		Call: n.finalizePSBT,
	}, {
		Name: "analyzepsbt", Category: "rawtransactions",
		About: "Says what a PSBT and its inputs still need.",
		Args:  []table.Arg{psbtArg}, Results: []table.Shape{analysisShape()}, Call: n.analyzePSBT,
	}}
}

// readPSBT reads a PSBT in base64, or says what is wrong with it.
func readPSBT(text string) (*psbt.Packet, error) {
	p, err := psbt.DecodeBase64(text)
	if err != nil {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed %v", err)
	}
	return p, nil
}

func readPSBTs(list []json.RawMessage) ([]*psbt.Packet, error) {
	packets := make([]*psbt.Packet, len(list))
	for i, item := range list {
		text, err := txargs.ReadText(item)
		if err != nil {
			return nil, err
		}
		if packets[i], err = readPSBT(text); err != nil {
			return nil, err
		}
	}
	return packets, nil
}

// newPSBT makes a packet of a transaction, in the version that argument i says.
func newPSBT(t *wire.Tx, a table.Args, i int) (any, error) {
	version := uint32(2)
	if a.Given(i) {
		var err error
		if version, err = txargs.ReadUint32(a.Raw(i)); err != nil {
			return nil, err
		}
	}
	if version != 2 && version != 0 {
		return nil, table.Errorf(table.CodeInvalid, "The PSBT version can only be 2 or 0")
	}
	return psbt.New(t, version).Base64(), nil
}

func (n *node) createPSBT(_ context.Context, a table.Args) (any, error) {
	t, err := txargs.Construct(a.Raw(0), a.Raw(1), a.Raw(2), a.Raw(4), replaceable(a, 3), n.Params)
	if err != nil {
		return nil, err
	}
	return newPSBT(t, a, 5)
}

func (n *node) convertToPSBT(_ context.Context, a table.Args) (any, error) {
	base, witness := ways(a, 2)
	t, ok := view.DecodeTxAs(a.Text(0), base, witness)
	if !ok {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed")
	}
	for _, in := range t.Ins {
		if (len(in.Script) > 0 || len(in.Witness) > 0) && !a.Flag(1) {
			return nil, table.Errorf(table.CodeDecode, "Inputs must not have scriptSigs and scriptWitnesses")
		}
	}
	return newPSBT(t, a, 3)
}

func (n *node) combinePSBT(_ context.Context, a table.Args) (any, error) {
	if len(a.List(0)) == 0 {
		return nil, table.Errorf(table.CodeInvalid, "Parameter 'txs' cannot be empty")
	}
	packets, err := readPSBTs(a.List(0))
	if err != nil {
		return nil, err
	}
	out, ok := psbt.Combine(packets)
	if !ok {
		return nil, table.Errorf(table.CodeInvalid, "PSBTs not compatible (different transactions)")
	}
	return out.Base64(), nil
}

func (n *node) joinPSBTs(_ context.Context, a table.Args) (any, error) {
	if len(a.List(0)) <= 1 {
		return nil, table.Errorf(table.CodeInvalid, "At least two PSBTs are required to join PSBTs.")
	}
	packets, err := readPSBTs(a.List(0))
	if err != nil {
		return nil, err
	}
	out, err := psbt.Join(packets, rand.IntN)
	if err != nil {
		return nil, table.Errorf(table.CodeInvalid, "%v", err)
	}
	return out.Base64(), nil
}

// finalized is finalizepsbt's result.
type finalized struct {
	PSBT     string   `json:"psbt,omitempty"`
	Hex      view.Hex `json:"hex,omitempty"`
	Complete bool     `json:"complete"`
	Warnings []string `json:"warnings,omitempty"`
}

func (n *node) finalizePSBT(_ context.Context, a table.Args) (any, error) {
	p, err := readPSBT(a.Text(0))
	if err != nil {
		return nil, err
	}
	t, complete := p.Extract()
	if complete && a.Flag(1) {
		return finalized{Hex: t.Append(nil), Complete: true}, nil
	}
	return finalized{PSBT: p.Base64(), Complete: complete, Warnings: psbt.Words(p.Troubles())}, nil
}

// analysis is analyzepsbt's result.
type analysis struct {
	Ins     []analysisIn `json:"inputs,omitempty"`
	VSize   int          `json:"estimated_vsize,omitempty"`
	Feerate *view.Coins  `json:"estimated_feerate,omitempty"`
	Fee     *view.Coins  `json:"fee,omitempty"`
	Next    string       `json:"next"`
	Error   string       `json:"error,omitempty"`
}

type analysisIn struct {
	HasCoin bool     `json:"has_utxo"`
	Final   bool     `json:"is_final"`
	Next    string   `json:"next"`
	Missing *missing `json:"missing,omitempty"`
}

type missing struct {
	Keys    []view.Hex `json:"pubkeys,omitempty"`
	Redeem  view.Hex   `json:"redeemscript,omitempty"`
	Witness view.Hex   `json:"witnessscript,omitempty"`
	Sigs    []view.Hex `json:"signatures,omitempty"`
}

func analysisShape() table.Shape {
	return table.Obj("", "",
		table.Arr("inputs", "", table.Obj("", "",
			table.Bool("has_utxo", "Whether the output it spends is known"),
			table.Bool("is_final", "Whether it has its final script"),
			table.Obj("missing", "What it lacks", table.Arr("pubkeys", "", table.Hex("keyid", "HASH160 of a public key that is not known")).Maybe(),
				table.Arr("signatures", "", table.Hex("keyid", "HASH160 of a public key whose signature is missing")).Maybe(),
				table.Hex("redeemscript", "HASH160 of the redeem script").Maybe(),
				table.Hex("witnessscript", "SHA256 of the witness script").Maybe()).Maybe(),
			table.Str("next", "Who has to act next").Maybe())).Maybe(),
		table.Num("estimated_vsize", "What the transaction's virtual size will be").Maybe(),
		table.Coins("estimated_feerate", "What its feerate will be, in BTC/kvB, where all outputs it spends are known").Maybe(),
		table.Coins("fee", "Its fee, where all outputs it spends are known").Maybe(),
		table.Str("next", "Who has to act next"),
		table.Str("error", "Why nothing can come of it").Maybe())
}

func (n *node) analyzePSBT(_ context.Context, a table.Args) (any, error) {
	p, err := readPSBT(a.Text(0))
	if err != nil {
		return nil, err
	}
	found := psbt.Analyze(p)
	out := analysis{Next: found.Next.String(), Error: found.Error, VSize: found.VSize}
	for i := range found.Ins {
		out.Ins = append(out.Ins, newAnalysisIn(&found.Ins[i]))
	}
	if found.Fee != nil {
		out.Fee = new(view.Coins(*found.Fee))
		if found.VSize > 0 {
			out.Feerate = new(view.Coins(feerate(*found.Fee, found.VSize)))
		}
	}
	return out, nil
}

// feerate is a fee in satoshis per 1000 virtual bytes, rounded down also below
// zero, as Core does it.
func feerate(fee int64, vsize int) int64 {
	n, d := fee*1000, int64(vsize)
	if n < 0 {
		n -= d - 1
	}
	return n / d
}

func newAnalysisIn(in *psbt.InputAnalysis) analysisIn {
	out := analysisIn{HasCoin: in.HasCoin, Final: in.Final, Next: in.Next.String()}
	m, d := new(missing), &in.Missing
	for _, id := range d.MissingKeys {
		m.Keys = append(m.Keys, slices.Clone(id[:]))
	}
	for _, id := range d.MissingSigs {
		m.Sigs = append(m.Sigs, slices.Clone(id[:]))
	}
	if d.MissingRedeem != [20]byte{} {
		m.Redeem = d.MissingRedeem[:]
	}
	if d.MissingWitness != [32]byte{} {
		m.Witness = d.MissingWitness[:]
	}
	if len(m.Keys)+len(m.Sigs)+len(m.Redeem)+len(m.Witness) > 0 {
		out.Missing = m
	}
	return out
}

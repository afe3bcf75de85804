package txrpc

import (
	"context"
	"errors"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
)

// processMethods fill PSBTs in with what the node and descriptors know.
func (n *node) processMethods() []table.Method {
	return []table.Method{{
		Name: "utxoupdatepsbt", Pool: true, Category: "rawtransactions",
		About:   "Fills a PSBT in with what descriptors, the coins, the mempool and the transaction index tell of its inputs and outputs.",
		Args:    []table.Arg{psbtArg, txargs.DescriptorArg(false)},
		Results: []table.Shape{psbtShape}, Call: n.updatePSBT,
	}, {
		Name: "descriptorprocesspsbt", Pool: true, Category: "rawtransactions",
		About: "Fills a PSBT in as utxoupdatepsbt does, and signs with the private keys that the descriptors have.",
		Args: []table.Arg{
			psbtArg, txargs.DescriptorArg(true), txargs.SighashArg(),
			{Name: "bip32derivs", Kind: table.Boolean, Def: "true", About: "Tell where public keys are derived from"},
			{Name: "finalize", Kind: table.Boolean, Def: "true", About: "Make final scripts where no signature is missing"},
		},
		Results: []table.Shape{ProcessedShape()}, Call: n.processPSBT,
	}}
}

// Processed is what signing a PSBT came to.
type Processed struct {
	PSBT     string   `json:"psbt"`
	Complete bool     `json:"complete"`
	Hex      view.Hex `json:"hex,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// ProcessedShape is the schema of Processed.
func ProcessedShape() table.Shape {
	return table.Obj("", "",
		table.Str("psbt", "The PSBT in base64"),
		table.Bool("complete", "Whether no signature is missing"),
		table.Hex("hex", "The transaction, when it is complete").Maybe(),
		txargs.TroublesShape())
}

func (n *node) updatePSBT(ctx context.Context, a table.Args) (any, error) {
	ring, err := txargs.Descriptors(a.List(1), false, n.Params)
	if err != nil {
		return nil, err
	}
	p, err := n.process(ctx, a.Text(0), ring.Hiding(true, false), psbt.Options{})
	if err != nil {
		return nil, err
	}
	return p.Base64(), nil
}

func (n *node) processPSBT(ctx context.Context, a table.Args) (any, error) {
	ring, err := txargs.Descriptors(a.List(1), true, n.Params)
	if err != nil {
		return nil, err
	}
	hashType, err := txargs.Sighash(a.Raw(2))
	if err != nil {
		return nil, err
	}
	p, err := n.process(ctx, a.Text(0), ring.Hiding(false, !a.Flag(3)), psbt.Options{Sighash: hashType, Finalize: a.Flag(4)})
	if err != nil {
		return nil, err
	}
	out := Processed{PSBT: p.Base64(), Complete: p.CountUnsigned() == 0, Warnings: psbt.Words(p.Troubles())}
	if out.Complete {
		if t, ok := p.Extract(); ok {
			out.Hex = t.Append(nil)
		}
	}
	return out, nil
}

// process fills a packet in and signs it with what ring knows (Core's ProcessPSBT).
func (n *node) process(ctx context.Context, text string, ring *signing.Keyring, o psbt.Options) (*psbt.Packet, error) {
	p, err := readPSBT(text)
	if err != nil {
		return nil, err
	}
	if err := n.fillCoins(ctx, p, ring); err != nil {
		return nil, err
	}
	s, err := psbt.NewSigner(p)
	if err != nil {
		return nil, table.Errorf(table.CodeVerify, "The transaction cannot be valid")
	}
	for i := range p.Ins {
		if p.Ins[i].Final() {
			continue
		}
		_, err := s.Sign(i, ring, o)
		switch {
		case errors.Is(err, psbt.ErrSighash):
			return nil, table.Errorf(table.CodeDecode, "%v", err)
		case err != nil && !errors.Is(err, psbt.ErrIncomplete) && !errors.Is(err, psbt.ErrMissing):
			return nil, table.Errorf(table.CodeVerify, "%v", err)
		}
	}
	for i := range p.Outs {
		s.Describe(i, ring)
	}
	p.DropPrevTxs()
	return p, nil
}

// fillCoins looks up what inputs spend: whole transactions in the mempool and the
// index, else outputs of witness programs in the coin set.
func (n *node) fillCoins(ctx context.Context, p *psbt.Packet, ring *signing.Keyring) error {
	var ops []wire.Outpoint
	for i := range p.Ins {
		in := &p.Ins[i]
		if in.PrevTx != nil {
			continue
		}
		if in.PrevTx = n.whole(ctx, in.Prev.TxID); in.PrevTx == nil {
			ops = append(ops, in.Prev)
		} else if uint64(in.Prev.Index) >= uint64(len(in.PrevTx.Outs)) {
			in.PrevTx = nil // there is no such output
		}
	}
	coins, err := n.find(ops)
	if err != nil {
		return err
	}
	for i := range p.Ins {
		in := &p.Ins[i]
		if coin, ok := coins[in.Prev]; ok && in.PrevTx == nil && segwit(coin.Script, ring) {
			in.Coin = &coin
		}
	}
	return nil
}

// whole finds a transaction in the index and the mempool; nil when it is nowhere.
func (n *node) whole(ctx context.Context, id wire.Hash) *wire.Tx {
	if n.Txs != nil {
		if found, err := n.Txs.Find(ctx, id); err == nil && found != nil {
			return found.Tx
		}
	}
	if e, ok := n.Pool.Get(id); ok {
		return e.Tx
	}
	return nil
}

// segwit says whether a witness spends an output with that script.
func segwit(s []byte, ring *signing.Keyring) bool {
	if script.IsP2SH(s) {
		s = ring.Scripts[[20]byte(s[2:22])]
	}
	_, _, ok := script.WitnessProgram(s)
	return ok
}

package txrpc

import (
	"slices"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
)

// inView is an input as decodepsbt shows it.
type inView struct {
	Coin          *coinView          `json:"witness_utxo,omitempty"`
	PrevTx        *view.Tx           `json:"non_witness_utxo,omitempty"`
	Sigs          hexPairs           `json:"partial_signatures,omitempty"`
	Sighash       *string            `json:"sighash,omitempty"`
	Redeem        *scriptView        `json:"redeem_script,omitempty"`
	WitnessScript *scriptView        `json:"witness_script,omitempty"`
	Origins       []derivView        `json:"bip32_derivs,omitempty"`
	FinalScript   *view.SigScript    `json:"final_scriptSig,omitempty"`
	FinalWitness  []view.Hex         `json:"final_scriptwitness,omitempty"`
	Ripemd160     hexPairs           `json:"ripemd160_preimages,omitempty"`
	SHA256        hexPairs           `json:"sha256_preimages,omitempty"`
	Hash160       hexPairs           `json:"hash160_preimages,omitempty"`
	Hash256       hexPairs           `json:"hash256_preimages,omitempty"`
	PrevTxID      *wire.Hash         `json:"previous_txid,omitempty"`
	PrevIndex     *uint32            `json:"previous_vout,omitempty"`
	Sequence      *uint32            `json:"sequence,omitempty"`
	TimeLock      *uint32            `json:"time_locktime,omitempty"`
	HeightLock    *uint32            `json:"height_locktime,omitempty"`
	TapKeySig     view.Hex           `json:"taproot_key_path_sig,omitempty"`
	TapSigs       []tapSigView       `json:"taproot_script_path_sigs,omitempty"`
	TapLeaves     []tapLeafView      `json:"taproot_scripts,omitempty"`
	TapOrigins    []tapDerivView     `json:"taproot_bip32_derivs,omitempty"`
	TapInternal   view.Hex           `json:"taproot_internal_key,omitempty"`
	TapRoot       view.Hex           `json:"taproot_merkle_root,omitempty"`
	Participants  []participantsView `json:"musig2_participant_pubkeys,omitempty"`
	Nonces        []sessionView      `json:"musig2_pubnonces,omitempty"`
	PartialSigs   []sessionView      `json:"musig2_partial_sigs,omitempty"`
	Proprietary   []foreignView      `json:"proprietary,omitempty"`
	Unknown       hexPairs           `json:"unknown,omitempty"`
}

type coinView struct {
	Amount view.Coins  `json:"amount"`
	Script view.Script `json:"scriptPubKey"`
}

type tapSigView struct {
	Key  view.Hex `json:"pubkey"`
	Leaf view.Hex `json:"leaf_hash"`
	Sig  view.Hex `json:"sig"`
}

type tapLeafView struct {
	Script   view.Hex   `json:"script"`
	Version  byte       `json:"leaf_ver"`
	Controls []view.Hex `json:"control_blocks"`
}

// sessionView is what a participant gave to a MuSig2 session.
type sessionView struct {
	By        view.Hex `json:"participant_pubkey"`
	Aggregate view.Hex `json:"aggregate_pubkey"`
	Leaf      view.Hex `json:"leaf_hash,omitempty"`
	Nonce     view.Hex `json:"pubnonce,omitempty"`
	Sig       view.Hex `json:"partial_sig,omitempty"`
}

func (n *node) showIn(in *psbt.Input, version uint32) inView {
	out := inView{
		Sigs: sigPairs(in.Sigs), Redeem: showScript(in.Redeem), WitnessScript: showScript(in.WitnessScript), Origins: showOrigins(in.Origins),
		Ripemd160: pairs(in.Preimages.Ripemd160), SHA256: pairs(in.Preimages.SHA256),
		Hash160: pairs(in.Preimages.Hash160), Hash256: pairs(in.Preimages.Hash256),
		Participants: showParticipants(in.Participants), Proprietary: foreign(in.Proprietary), Unknown: pairs(in.Unknown),
	}
	if in.Coin != nil {
		out.Coin = &coinView{view.Coins(in.Coin.Value), view.NewScript(in.Coin.Script, n.Params)}
	}
	if in.PrevTx != nil {
		out.PrevTx = new(view.TxView{Params: n.Params}.Show(in.PrevTx))
	}
	if in.Sighash != nil {
		out.Sighash = new(txargs.SighashName(byte(*in.Sighash)))
	}
	if len(in.FinalScript) > 0 {
		out.FinalScript = &view.SigScript{Asm: script.DisasmSig(in.FinalScript), Hex: in.FinalScript}
	}
	for _, item := range in.FinalWitness {
		out.FinalWitness = append(out.FinalWitness, item)
	}
	if version >= 2 {
		out.PrevTxID, out.PrevIndex = &in.Prev.TxID, &in.Prev.Index
		out.Sequence, out.TimeLock, out.HeightLock = in.Sequence, in.TimeLock, in.HeightLock
	}
	out.showTaproot(in)
	return out
}

func (v *inView) showTaproot(in *psbt.Input) {
	v.TapKeySig, v.TapOrigins = in.TapKeySig, showTapOrigins(in.TapOrigins)
	v.TapInternal, v.TapRoot = zeroOr(in.Tap.Internal), zeroOr(in.Tap.Root)
	for _, at := range psbt.SortedTapSigs(in.TapSigs) {
		v.TapSigs = append(v.TapSigs, tapSigView{slices.Clone(at.Key[:]), slices.Clone(at.Leaf[:]), in.TapSigs[at]})
	}
	for _, l := range in.Tap.SortedLeaves() {
		leaf := tapLeafView{Script: view.Hex(l.Script), Version: l.Version}
		for _, control := range in.Tap.Leaves[l] {
			leaf.Controls = append(leaf.Controls, control)
		}
		v.TapLeaves = append(v.TapLeaves, leaf)
	}
	for _, s := range psbt.SortedSessions(in.Nonces) {
		for _, by := range psbt.SortedKeys(in.Nonces[s]) {
			v.Nonces = append(v.Nonces, sessionView{By: view.Hex(by), Aggregate: view.Hex(s.Key), Leaf: zeroOr(s.Leaf), Nonce: in.Nonces[s][by]})
		}
	}
	for _, s := range psbt.SortedSessions(in.PartialSigs) {
		for _, by := range psbt.SortedKeys(in.PartialSigs[s]) {
			sig := in.PartialSigs[s][by]
			v.PartialSigs = append(v.PartialSigs, sessionView{By: view.Hex(by), Aggregate: view.Hex(s.Key), Leaf: zeroOr(s.Leaf), Sig: slices.Clone(sig[:])})
		}
	}
}

// outView is an output as decodepsbt shows it.
type outView struct {
	Redeem        *scriptView        `json:"redeem_script,omitempty"`
	WitnessScript *scriptView        `json:"witness_script,omitempty"`
	Origins       []derivView        `json:"bip32_derivs,omitempty"`
	Amount        *view.Coins        `json:"amount,omitempty"`
	Script        *view.Script       `json:"script,omitempty"`
	TapInternal   view.Hex           `json:"taproot_internal_key,omitempty"`
	TapTree       []treeLeafView     `json:"taproot_tree,omitempty"`
	TapOrigins    []tapDerivView     `json:"taproot_bip32_derivs,omitempty"`
	Participants  []participantsView `json:"musig2_participant_pubkeys,omitempty"`
	Proprietary   []foreignView      `json:"proprietary,omitempty"`
	Unknown       hexPairs           `json:"unknown,omitempty"`
}

type treeLeafView struct {
	Depth   byte     `json:"depth"`
	Version byte     `json:"leaf_ver"`
	Script  view.Hex `json:"script"`
}

func (n *node) showOut(o *psbt.Output, version uint32) outView {
	out := outView{
		Redeem: showScript(o.Redeem), WitnessScript: showScript(o.WitnessScript), Origins: showOrigins(o.Origins),
		TapInternal: zeroOr(o.TapInternal), TapOrigins: showTapOrigins(o.TapOrigins),
		Participants: showParticipants(o.Participants), Proprietary: foreign(o.Proprietary), Unknown: pairs(o.Unknown),
	}
	if version >= 2 {
		out.Amount, out.Script = new(view.Coins(o.Value)), new(view.NewScript(o.Script, n.Params))
	}
	for _, l := range o.TapTree {
		out.TapTree = append(out.TapTree, treeLeafView{l.Depth, l.Version, l.Script})
	}
	return out
}

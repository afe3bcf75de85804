package txrpc

import (
	"bytes"
	"context"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
)

func (n *node) decodePSBT(_ context.Context, a table.Args) (any, error) {
	p, err := readPSBT(a.Text(0))
	if err != nil {
		return nil, err
	}
	return n.showPSBT(p), nil
}

// packetView is decodepsbt's result.
type packetView struct {
	Tx            *view.Tx      `json:"tx,omitempty"`
	Xpubs         []xpubView    `json:"global_xpubs"`
	TxVersion     *uint32       `json:"tx_version,omitempty"`
	Fallback      *uint32       `json:"fallback_locktime,omitempty"`
	InCount       *int          `json:"input_count,omitempty"`
	OutCount      *int          `json:"output_count,omitempty"`
	InModifiable  *bool         `json:"inputs_modifiable,omitempty"`
	OutModifiable *bool         `json:"outputs_modifiable,omitempty"`
	Single        *bool         `json:"has_sighash_single,omitempty"`
	Version       uint32        `json:"psbt_version"`
	Proprietary   []foreignView `json:"proprietary"`
	Unknown       hexPairs      `json:"unknown"`
	Ins           []inView      `json:"inputs"`
	Outs          []outView     `json:"outputs"`
	Fee           *view.Coins   `json:"fee,omitempty"`
}

type xpubView struct {
	Xpub        string   `json:"xpub"`
	Fingerprint view.Hex `json:"master_fingerprint"`
	Path        string   `json:"path"`
}

type foreignView struct {
	Identifier view.Hex `json:"identifier"`
	Subtype    uint64   `json:"subtype"`
	Key        view.Hex `json:"key"`
	Value      view.Hex `json:"value"`
}

// hexPairs is an object whose keys and values are hex, in the given order.
type hexPairs [][2][]byte

// MarshalJSON writes the object.
func (h hexPairs) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, pair := range h {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(hex.AppendEncode(append(out, '"'), pair[0]), `":"`...)
		out = append(hex.AppendEncode(out, pair[1]), '"')
	}
	return append(out, '}'), nil
}

// pairs lists a map by its keys' order.
func pairs(m map[string][]byte) hexPairs {
	out := make(hexPairs, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, [2][]byte{[]byte(key), m[key]})
	}
	return out
}

func (n *node) showPSBT(p *psbt.Packet) packetView {
	out := packetView{
		Xpubs: []xpubView{}, Version: p.Version, Proprietary: view.NonNil(foreign(p.Proprietary)), Unknown: pairs(p.Unknown),
		Ins: []inView{}, Outs: []outView{},
	}
	for _, x := range p.Xpubs {
		out.Xpubs = append(out.Xpubs, xpubView{base58Check(x.Key[:]), slices.Clone(x.Origin.Fingerprint[:]), pathText(x.Origin.Path)})
	}
	if p.Version < 2 {
		t, _ := p.Unsigned() // version 0 always has one
		out.Tx = new(view.TxView{Params: n.Params}.Show(t.Seal()))
	} else {
		out.showSecond(p)
	}
	fee, known := int64(0), true
	for i := range p.Ins {
		in := &p.Ins[i]
		out.Ins = append(out.Ins, n.showIn(in, p.Version))
		coin, ok := in.Spent()
		known = known && ok && addMoney(&fee, coin.Value)
	}
	paid := int64(0)
	for i := range p.Outs {
		out.Outs = append(out.Outs, n.showOut(&p.Outs[i], p.Version))
		known = addMoney(&paid, p.Outs[i].Value) && known
	}
	if known {
		out.Fee = new(view.Coins(fee - paid))
	}
	return out
}

// addMoney adds v to a sum, if there is that much money.
func addMoney(sum *int64, v int64) bool {
	ok := func(v int64) bool { return v >= 0 && v <= consensus.MaxMoney }
	if !ok(v) || !ok(*sum+v) {
		return false
	}
	*sum += v
	return true
}

// showSecond shows what version 2 has instead of a transaction.
func (v *packetView) showSecond(p *psbt.Packet) {
	v.TxVersion, v.Fallback = &p.TxVersion, p.Fallback
	v.InCount, v.OutCount = new(len(p.Ins)), new(len(p.Outs))
	if m := p.Modifiable; m != nil {
		v.InModifiable, v.OutModifiable, v.Single = new(*m&1 != 0), new(*m&2 != 0), new(*m&4 != 0)
	}
}

func base58Check(key []byte) string { return base58.CheckEncode(key[1:], key[0]) }

// pathText writes a path from the master key.
func pathText(path []uint32) string { return "m" + keys.PathText(path, false) }

func foreign(m map[string]psbt.Proprietary) (out []foreignView) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, foreignView{m[key].Identifier, m[key].Subtype, view.Hex(key), m[key].Value})
	}
	return out
}

// sigPairs lists signatures by key, in the order of the keys' hashes.
func sigPairs(m map[signing.KeyID]signing.Sig) (out hexPairs) {
	ids := slices.SortedFunc(maps.Keys(m), func(a, b signing.KeyID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		out = append(out, [2][]byte{[]byte(m[id].Key), m[id].Sig})
	}
	return out
}

// scriptView is a redeem or witness script.
type scriptView struct {
	Asm  string      `json:"asm"`
	Hex  view.Hex    `json:"hex"`
	Type script.Type `json:"type"`
}

func showScript(s []byte) *scriptView {
	if len(s) == 0 {
		return nil
	}
	return &scriptView{script.Disasm(s), s, script.Classify(s)}
}

type derivView struct {
	Key         view.Hex `json:"pubkey"`
	Fingerprint view.Hex `json:"master_fingerprint"`
	Path        string   `json:"path"`
}

func showOrigins(m map[signing.PubKey]signing.Origin) (out []derivView) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		o := m[k]
		out = append(out, derivView{view.Hex(k), slices.Clone(o.Fingerprint[:]), pathText(o.Path)})
	}
	return out
}

type tapDerivView struct {
	derivView
	Leaves []view.Hex `json:"leaf_hashes"`
}

func showTapOrigins(m map[signing.XOnly]signing.TapOrigin) (out []tapDerivView) {
	for _, x := range psbt.SortedXOnly(m) {
		o := m[x]
		v := tapDerivView{derivView{slices.Clone(x[:]), slices.Clone(o.Origin.Fingerprint[:]), pathText(o.Origin.Path)}, []view.Hex{}}
		for _, l := range psbt.SortedHashes(o.Leaves) {
			v.Leaves = append(v.Leaves, slices.Clone(l[:]))
		}
		out = append(out, v)
	}
	return out
}

type participantsView struct {
	Aggregate view.Hex   `json:"aggregate_pubkey"`
	Keys      []view.Hex `json:"participant_pubkeys"`
}

func showParticipants(m map[signing.PubKey][]signing.PubKey) (out []participantsView) {
	for _, aggregate := range slices.Sorted(maps.Keys(m)) {
		v := participantsView{view.Hex(aggregate), []view.Hex{}}
		for _, k := range m[aggregate] {
			v.Keys = append(v.Keys, view.Hex(k))
		}
		out = append(out, v)
	}
	return out
}

// zeroOr is a hash, or nothing where it is zero.
func zeroOr[H ~[32]byte](h H) view.Hex {
	if h == (H{}) {
		return nil
	}
	return slices.Clone(h[:])
}

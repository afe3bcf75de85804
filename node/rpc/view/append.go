package view

import (
	"encoding/hex"
	"strconv"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
)

// What follows writes JSON without reflection. Texts are hashes, hex, script
// disassemblies, descriptors and addresses: none has a character to be escaped.

// buf is JSON in the making. Each method writes a key, if it is not empty, and
// a value; the comma before is in the key's hands.
type buf []byte

func (b buf) key(key string) buf {
	if n := len(b); n > 0 {
		switch b[n-1] {
		case '{', '[', ':': // the first of its kind
		default:
			b = append(b, ',')
		}
	}
	if key == "" {
		return b
	}
	return append(append(append(b, '"'), key...), '"', ':')
}

func (b buf) text(key, s string) buf {
	b = append(b.key(key), '"')
	return append(append(b, s...), '"')
}

func (b buf) hex(key string, raw []byte) buf {
	b = append(b.key(key), '"')
	return append(appendHex(b, raw), '"')
}

// hash writes in display order.
func (b buf) hash(key string, h *wire.Hash) buf {
	var turned wire.Hash
	for i := range h {
		turned[len(h)-1-i] = h[i]
	}
	return b.hex(key, turned[:])
}

func (b buf) number(key string, n int64) buf { return strconv.AppendInt(b.key(key), n, 10) }

func (b buf) coins(key string, c Coins) buf { return c.AppendJSON(b.key(key)) }

func (b buf) flag(key string, v bool) buf { return strconv.AppendBool(b.key(key), v) }

func (b buf) open(key string, brace byte) buf { return append(b.key(key), brace) }

// AppendJSON writes the decimals.
func (c Coins) AppendJSON(b []byte) []byte {
	v := uint64(c)
	if c < 0 {
		b, v = append(b, '-'), -v
	}
	b = append(strconv.AppendUint(b, v/consensus.Coins, 10), '.')
	from := len(b)
	b = strconv.AppendUint(b, consensus.Coins+v%consensus.Coins, 10) // a one, then eight digits
	return append(b[:from], b[from+1:]...)
}

// AppendJSON writes a text of hex digits.
func (h Hex) AppendJSON(b []byte) []byte { return buf(b).hex("", h) }

// script writes an output script as Script does.
func (b buf) script(key string, s []byte, p *consensus.Params) buf {
	kind := script.Classify(s)
	to, ok := address.Encode(s, p)
	b = b.open(key, '{').text("asm", script.Disasm(s))
	switch {
	case kind == script.TypePubKeyHash, kind == script.TypeScriptHash, kind == script.TypeWitnessV0KeyHash, kind == script.TypeWitnessV0ScriptHash:
		// Of what only hashes are known the address is all that describes it.
		b = b.desc("addr(" + to + ")")
	case kind == script.TypeWitnessV1Taproot && secp.IsXOnly(s[2:]):
		b = b.desc("rawtr(" + hex.EncodeToString(s[2:]) + ")")
	default:
		b = b.text("desc", descriptor.Infer(s, p))
	}
	b = b.hex("hex", s)
	if ok {
		b = b.text("address", to)
	}
	return append(b.text("type", string(kind)), '}')
}

// desc writes a descriptor with its checksum.
func (b buf) desc(text string) buf {
	sum, _ := descriptor.Checksum(text)
	return b.text("desc", text+"#"+sum)
}

// Append writes a transaction as Show shows it.
func (v TxView) Append(dst []byte, t *wire.Tx) []byte {
	id, wid := t.ID(), t.WitnessID()
	b := buf(dst).open("", '{').hash("txid", &id).hash("hash", &wid).number("version", int64(uint32(t.Version))).
		number("size", int64(t.Size())).number("vsize", int64(t.VSize())).number("weight", int64(t.Weight())).
		number("locktime", int64(t.LockTime)).open("vin", '[')
	var fee Coins
	for i := range t.Ins {
		b = v.appendInput(b, t, i)
		if v.Spent != nil {
			fee += Coins(v.Spent[i].Value)
		}
	}
	b = append(b, ']').open("vout", '[')
	for i := range t.Outs {
		o := &t.Outs[i]
		b = b.open("", '{').coins("value", Coins(o.Value)).number("n", int64(i)).script("scriptPubKey", o.Script, v.Params)
		b = append(b, '}')
		fee -= Coins(o.Value)
	}
	b = append(b, ']')
	if v.Spent != nil {
		b = b.coins("fee", fee)
	}
	if v.Hex {
		b = b.hex("hex", t.Append(make([]byte, 0, t.Size())))
	}
	return append(b, '}')
}

func (v TxView) appendInput(b buf, t *wire.Tx, i int) buf {
	in := &t.Ins[i]
	b = b.open("", '{')
	if t.IsCoinbase() {
		b = b.hex("coinbase", in.Script)
	} else {
		b = b.hash("txid", &in.Prev.TxID).number("vout", int64(in.Prev.Index)).
			open("scriptSig", '{').text("asm", script.DisasmSig(in.Script)).hex("hex", in.Script)
		b = append(b, '}')
	}
	if len(in.Witness) > 0 {
		b = b.open("txinwitness", '[')
		for _, item := range in.Witness {
			b = b.hex("", item)
		}
		b = append(b, ']')
	}
	if v.Prevs && v.Spent != nil {
		c := &v.Spent[i]
		b = b.open("prevout", '{').flag("generated", c.Coinbase).number("height", int64(c.Height)).
			coins("value", Coins(c.Value)).script("scriptPubKey", c.Script, v.Params)
		b = append(b, '}')
	}
	return append(b.number("sequence", int64(in.Sequence)), '}')
}

package psbt

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
)

// DecodeBase64 reads a packet in base64.
func DecodeBase64(text string) (*Packet, error) {
	// Go passes over line ends, Core does not.
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("invalid base64")
	}
	return Decode(raw)
}

// Decode reads a packet that fills raw, and keeps raw. Errors are worded as
// Core's. It allocates a bounded multiple of raw's length.
func Decode(raw []byte) (*Packet, error) {
	r := &reader{b: raw}
	if m := r.take(len(magic)); r.err == nil && string(m) != magic {
		return nil, failure("Invalid PSBT magic bytes")
	}
	p := new(Packet)
	g := globals{p: p}
	g.read(r)
	p.readIns(r, &g)
	p.readOuts(r, &g)
	switch {
	case r.err != nil:
		return nil, r.err
	case len(r.b) > 0:
		return nil, errors.New("extra data after PSBT")
	}
	return p, nil
}

// globals is the global map as it is read.
type globals struct {
	p            *Packet
	tx           *wire.Tx
	ins, outs    int
	haveTxVer    bool
	haveFallback bool
	haveIns      bool
	haveOuts     bool
}

func (g *globals) read(r *reader) {
	r.fields("the", "global", func(key []byte, kind int) { g.field(r, key, kind) })
	if r.err == nil {
		r.fail(g.check())
	}
}

func (g *globals) field(r *reader, key []byte, kind int) {
	p := g.p
	switch kind {
	case globalTx:
		if r.keySize("Global Unsigned TX", key, 1) {
			r.sized(func() { g.tx = r.baseTx() })
			g.takeTx(r)
		}
	case globalXpub:
		if x := r.xpub(key); r.err == nil {
			p.addXpub(x)
		}
	case globalTxVersion:
		if g.haveTxVer = r.keySize("Global Transaction Version", key, 1); g.haveTxVer {
			r.sized(func() { p.TxVersion = r.uint32() })
		}
	case globalFallback:
		if g.haveFallback = r.keySize("Global Fallback Locktime", key, 1); g.haveFallback {
			r.sized(func() { p.Fallback = new(r.uint32()) })
		}
	case globalInCount:
		if g.haveIns = r.keySize("Global Input Count", key, 1); g.haveIns {
			r.sized(func() { g.ins = r.size() })
		}
	case globalOutCount:
		if g.haveOuts = r.keySize("Global Output Count", key, 1); g.haveOuts {
			r.sized(func() { g.outs = r.size() })
		}
	case globalModifiable:
		if r.keySize("Global TX Modifiable Flags", key, 1) {
			r.sized(func() { p.Modifiable = new(r.byte()) })
		}
	case globalVersion:
		if r.keySize("Global PSBT Version", key, 1) {
			r.sized(func() { p.Version = r.uint32() })
			if r.err == nil && p.Version > highestVersion {
				r.fail(failure("Unsupported version number"))
			}
		}
	case globalProprietary:
		r.proprietary(key, &p.Proprietary)
	default:
		r.unknown(key, &p.Unknown)
	}
}

// takeTx takes version, lock time and counts from the unsigned transaction.
func (g *globals) takeTx(r *reader) {
	if r.err != nil {
		return
	}
	for i := range g.tx.Ins {
		if len(g.tx.Ins[i].Script) > 0 {
			r.fail(failure("Unsigned tx does not have empty scriptSigs and scriptWitnesses."))
			return
		}
	}
	g.p.TxVersion, g.p.Fallback = uint32(g.tx.Version), new(g.tx.LockTime)
	g.ins, g.outs = len(g.tx.Ins), len(g.tx.Outs)
}

// check holds the global map against the rules of its version.
func (g *globals) check() error {
	rules := []struct {
		broken bool
		text   string
	}{
		{g.tx == nil, "No unsigned transaction was provided"},
		{g.haveTxVer, "PSBT_GLOBAL_TX_VERSION is not allowed in PSBTv0"},
		{g.haveFallback, "PSBT_GLOBAL_FALLBACK_LOCKTIME is not allowed in PSBTv0"},
		{g.haveIns, "PSBT_GLOBAL_INPUT_COUNT is not allowed in PSBTv0"},
		{g.haveOuts, "PSBT_GLOBAL_OUTPUT_COUNT is not allowed in PSBTv0"},
		{g.p.Modifiable != nil, "PSBT_GLOBAL_TX_MODIFIABLE is not allowed in PSBTv0"},
	}
	switch g.p.Version {
	case 1:
		return failure("There is no PSBT version 1")
	case 2:
		rules = rules[:0]
		rules = append(rules, []struct {
			broken bool
			text   string
		}{
			{!g.haveTxVer, "PSBT_GLOBAL_TX_VERSION is required in PSBTv2"},
			{!g.haveIns, "PSBT_GLOBAL_INPUT_COUNT is required in PSBTv2"},
			{!g.haveOuts, "PSBT_GLOBAL_OUTPUT_COUNT is required in PSBTv2"},
			{g.tx != nil, "PSBT_GLOBAL_UNSIGNED_TX is not allowed in PSBTv2"},
		}...)
	}
	for _, r := range rules {
		if r.broken {
			return failure("%s", r.text)
		}
	}
	return nil
}

func (p *Packet) readIns(r *reader, g *globals) {
	for i := 0; i < g.ins && r.more(); i++ {
		var in Input
		if p.Version < 2 {
			in.Prev, in.Sequence = g.tx.Ins[i].Prev, new(g.tx.Ins[i].Sequence)
		}
		in.read(r, p.Version)
		if r.err == nil && in.PrevTx != nil {
			if in.PrevTx.ID() != in.Prev.TxID {
				r.fail(failure("Non-witness UTXO does not match outpoint hash"))
			} else if uint64(in.Prev.Index) >= uint64(len(in.PrevTx.Outs)) {
				r.fail(failure("Input specifies output index that does not exist"))
			}
		}
		p.Ins = append(p.Ins, in)
	}
	if r.err == nil && len(p.Ins) != g.ins {
		r.fail(failure("Inputs provided does not match the number of inputs in transaction."))
	}
}

func (p *Packet) readOuts(r *reader, g *globals) {
	for i := 0; i < g.outs && r.more(); i++ {
		var out Output
		if p.Version < 2 {
			out.Out = g.tx.Outs[i]
		}
		out.read(r, p.Version)
		p.Outs = append(p.Outs, out)
	}
	if r.err == nil && len(p.Outs) != g.outs {
		r.fail(failure("Outputs provided does not match the number of outputs in transaction."))
	}
}

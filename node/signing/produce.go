package signing

import (
	"bytes"
	"slices"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Produce makes what signatures it can for an input that spends an output with
// script prev, and notes in d what it made, used and missed. It says whether the
// input is complete now.
func Produce(r *Keyring, c Creator, prev []byte, d *Data) bool {
	if d.Complete {
		return true
	}
	p := producer{r: r, c: c, d: d}
	stack, kind, solved := p.step(prev, false)
	var redeem []byte
	if solved && kind == script.TypeScriptHash {
		redeem = stack[0]
		d.Redeem = redeem
		stack, kind, solved = p.step(redeem, false)
		solved = solved && kind != script.TypeScriptHash
	}
	switch {
	case solved && kind == script.TypeWitnessV0KeyHash:
		d.Witness, _, solved = p.step(payToKeyHash(stack[0]), true)
		d.Witnessed, stack = true, nil
	case solved && kind == script.TypeWitnessV0ScriptHash:
		solved = p.witnessScript(stack[0])
		stack = nil
	case kind == script.TypeWitnessV1Taproot && redeem == nil:
		d.Witnessed = true
		if solved {
			d.Witness = stack
		}
		stack = nil
	}
	if !d.Witnessed {
		d.Witness = nil
	}
	if redeem != nil {
		stack = append(stack, redeem)
	}
	d.Script = pushAll(stack)
	d.Complete = solved && c.Check(d, prev)
	return d.Complete
}

// witnessScript fills in the witness of a version 0 script hash.
func (p producer) witnessScript(s []byte) bool {
	d := p.d
	d.WitnessScript, d.Witnessed = s, true
	stack, kind, solved := p.step(s, true)
	switch kind {
	case script.TypeScriptHash, script.TypeWitnessV0ScriptHash, script.TypeWitnessV0KeyHash:
		solved = false
	}
	// A multisig that lacks signatures leaves those it has on the stack; only what
	// no template knows is taken for miniscript.
	if !solved && len(stack) == 0 {
		stack, solved = p.miniscript(s)
	}
	d.Witness = append(stack, s)
	return solved
}

// producer is one Produce on its way.
type producer struct {
	r *Keyring
	c Creator
	d *Data
	m *aggregates // of a taproot input
}

// step solves one script (Core's SignStep). The stack of a script or key hash is
// the script, or the hash.
func (p producer) step(s []byte, witness bool) (stack [][]byte, kind script.Type, solved bool) {
	kind = script.Classify(s)
	switch kind {
	case script.TypePubKey:
		key, _ := script.PubKey(s)
		sig, ok := p.sign(PubKey(key), s, witness)
		if !ok {
			return nil, kind, false
		}
		return [][]byte{sig}, kind, true
	case script.TypePubKeyHash:
		stack, solved = p.keyHash(s, witness)
		return stack, kind, solved
	case script.TypeMultisig:
		stack, solved = p.multisig(s, witness)
		return stack, kind, solved
	case script.TypeScriptHash:
		hash := [20]byte(s[2:22])
		if redeem, ok := p.d.script(p.r, hash); ok {
			return [][]byte{redeem}, kind, true
		}
		p.d.MissingRedeem = hash
	case script.TypeWitnessV0KeyHash:
		return [][]byte{s[2:]}, kind, true
	case script.TypeWitnessV0ScriptHash:
		if ws, ok := p.d.script(p.r, RIPEMD160(s[2:])); ok {
			return [][]byte{ws}, kind, true
		}
		p.d.MissingWitness = [32]byte(s[2:])
	case script.TypeWitnessV1Taproot:
		stack, solved = p.taproot(XOnly(s[2:]))
		return stack, kind, solved
	case script.TypeAnchor:
		return nil, kind, true
	}
	return nil, kind, false
}

func (p producer) keyHash(s []byte, witness bool) ([][]byte, bool) {
	hash, _ := script.PubKeyHash(s)
	id := KeyID(hash)
	key, ok := p.d.pubKey(p.r, id)
	if !ok {
		p.d.MissingKeys = append(p.d.MissingKeys, id)
		return nil, false
	}
	sig, ok := p.sign(key, s, witness)
	if !ok {
		return nil, false
	}
	return [][]byte{sig, []byte(key)}, true
}

// multisig asks every key to sign, so that whoever combines signatures later has
// them all, and uses the first that suffice. What is missing stays empty.
func (p producer) multisig(s []byte, witness bool) ([][]byte, bool) {
	required, keys, _ := script.Multisig(s)
	stack := [][]byte{{}} // one item too many is taken by the operation
	for _, key := range keys {
		if sig, ok := p.sign(PubKey(key), s, witness); ok && len(stack) <= required {
			stack = append(stack, sig)
		}
	}
	solved := len(stack) == required+1
	// Core pads to where its loop's two moving ends meet, half of what is missing.
	for i := 0; i+len(stack) < required+1; i++ {
		stack = append(stack, []byte{})
	}
	return stack, solved
}

// sign makes an ECDSA signature, or finds the one that there is.
func (p producer) sign(key PubKey, code []byte, witness bool) ([]byte, bool) {
	id := key.ID()
	if s, ok := p.d.Sigs[id]; ok {
		return s.Sig, true
	}
	if o, ok := p.r.Origins[id]; ok {
		emplace(&p.d.Origins, id, KeyOrigin{key, o.Origin})
	}
	if sig, ok := p.c.ECDSA(p.r, id, code, witness); ok {
		emplace(&p.d.Sigs, id, Sig{key, sig})
		return sig, true
	}
	p.d.MissingSigs = append(p.d.MissingSigs, id)
	return nil, false
}

// payToKeyHash is the script that a version 0 key hash stands for.
func payToKeyHash(hash []byte) []byte {
	return slices.Concat([]byte{opDup, opHash160, 20}, hash, []byte{opEqualVerify, opCheckSig})
}

// Operations that templates are made of.
const (
	op1Negate     = 0x4f
	op1           = 0x51
	opDup         = 0x76
	opEqualVerify = 0x88
	opHash160     = 0xa9
	opCheckSig    = 0xac
)

// pushAll writes the script that pushes items, in the shortest way.
func pushAll(items [][]byte) []byte {
	var s []byte
	for _, item := range items {
		switch {
		case len(item) == 0:
			s = append(s, 0)
		case len(item) == 1 && item[0] >= 1 && item[0] <= 16:
			s = append(s, op1-1+item[0])
		case bytes.Equal(item, []byte{0x81}):
			s = append(s, op1Negate)
		default:
			s = script.AppendPush(s, item)
		}
	}
	return s
}

// witnessSize is a witness's encoded length in bytes.
func witnessSize(w [][]byte) int {
	n := wire.VarintSize(uint64(len(w)))
	for _, item := range w {
		n += wire.VarintSize(uint64(len(item))) + len(item)
	}
	return n
}

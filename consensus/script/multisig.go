package script

// multisig is a check of m signatures of n keys on its way, in the order of
// CHECKMULTISIG: both from their ends.
type multisig struct {
	signed
	check      int32
	sigs, keys [][]byte // that are left
	failed     bool
}

// claimPushedMultisig is claimMultisig of a legacy script, whose signatures are
// pushed after an OP_0, the item too many that CHECKMULTISIG takes.
func (b *Batch) claimPushedMultisig(i int, c *Check, at cursor, script []byte) {
	if op, _, ok := at.next(); !ok || op != op0 {
		return
	}
	start := len(b.items)
	for at.more() {
		sig, ok := at.directPush()
		if !ok || !deletesNoKey(sig) {
			return
		}
		b.items = append(b.items, sig)
	}
	end := len(b.items)
	b.claimMultisig(i, c, b.items[start:end:end], script, legacy)
}

// claimMultisig recognises m KEYS n CHECKMULTISIG with exactly m signatures, and
// up to 16 keys.
func (b *Batch) claimMultisig(i int, c *Check, sigs [][]byte, script []byte, v sigVersion) {
	n := len(script)
	if n < 3 || script[n-1] != opCheckMultisig || len(sigs) == 0 || int(script[0]) != op1-1+len(sigs) || len(sigs) > 16 {
		return
	}
	start := len(b.items)
	at := cursor{script: script[:n-2], pos: 1}
	for at.more() {
		key, ok := at.directPush()
		if !ok || !keySized(key) {
			return
		}
		b.items = append(b.items, key)
	}
	end := len(b.items)
	keys := b.items[start:end:end]
	if len(keys) > 16 || int(script[n-2]) != op1-1+len(keys) || len(sigs) > len(keys) {
		return
	}
	for _, sig := range sigs {
		if len(sig) > maxElementSize {
			return
		}
	}
	b.multis = append(b.multis, multisig{
		signed: signed{spend: c.Spend, in: c.In, code: script, version: v},
		check:  int32(i), sigs: sigs, keys: keys,
	})
	b.claimRound(len(b.multis) - 1)
}

// claimRound claims what multisig i must know next: whether one signature is by
// one key or, when there are no more keys left than signatures, whether each is.
// So it never asks more than CHECKMULTISIG would of what is valid. Encodings are
// held against the flags where CHECKMULTISIG comes to them.
func (b *Batch) claimRound(i int) {
	m := &b.multis[i]
	f := m.spend.Flags
	n := 1
	if len(m.sigs) == len(m.keys) {
		n = len(m.sigs)
	}
	start := len(b.claims)
	for k := range n {
		sig, key := m.sigs[len(m.sigs)-1-k], m.keys[len(m.keys)-1-k]
		claim, ok := m.claim(&b.hash, sig, key)
		if !ok || checkSigEncoding(sig, f) != nil || checkKeyEncoding(key, f, m.version == witnessV0) != nil {
			b.claims, b.of, m.failed = b.claims[:start], b.of[:start], true
			return
		}
		b.claims, b.of = append(b.claims, claim), append(b.of, ^int32(i))
	}
}

// answer is whether the last signature left is by the last key left.
func (m *multisig) answer(ok bool) {
	if m.failed {
		return
	}
	m.keys = m.keys[:len(m.keys)-1]
	if ok {
		m.sigs = m.sigs[:len(m.sigs)-1]
	}
	m.failed = len(m.sigs) > len(m.keys)
}

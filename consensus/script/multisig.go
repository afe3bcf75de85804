package script

// multisig is a check of m signatures of n keys on its way, in the order of
// CHECKMULTISIG: both from their ends.
type multisig struct {
	signed
	check      int32
	sigs, keys [][]byte // that are left
	failed     bool
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

// claimRound claims what multisig i must know next: whether one signature is by
// one key or, when there are no more keys left than signatures, whether each is.
// So it never asks more than CHECKMULTISIG would of what is valid.
func (b *Batch) claimRound(i int) {
	m := &b.multis[i]
	n := 1
	if len(m.sigs) == len(m.keys) {
		n = len(m.sigs)
	}
	start := len(b.claims)
	f := m.spend.Flags
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

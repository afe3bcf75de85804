package signing

import "github.com/quernnet/quern/node/miniscript"

// miniscript satisfies a witness script that no template knows.
func (p producer) miniscript(s []byte) ([][]byte, bool) {
	m := scriptKeys{producer: p, size: 33}
	return m.satisfy(s, miniscript.P2WSH, func(key string) ([]byte, bool) { return p.sign(PubKey(key), s, true) })
}

// tapscript satisfies a leaf script.
func (p producer) tapscript(s []byte, leaf [32]byte) ([][]byte, bool) {
	m := scriptKeys{producer: p, size: 32}
	return m.satisfy(s, miniscript.Tapscript, func(key string) ([]byte, bool) { return p.signTap(XOnly([]byte(key)), leaf) })
}

// scriptKeys numbers the keys of a script in the order in which they are met.
type scriptKeys struct {
	producer
	size int // 33, or 32 in tapscript
	list []string
}

func (m *scriptKeys) number(key string) int {
	m.list = append(m.list, key)
	return len(m.list) - 1
}

func (m *scriptKeys) key(raw []byte) (int, bool) {
	if len(raw) != m.size {
		return 0, false
	}
	return m.number(string(raw)), true
}

// hash finds the key of a hash; one that is not known is noted as missing.
func (m *scriptKeys) hash(id [20]byte) (int, bool) {
	key, ok := m.d.pubKey(m.r, id)
	if !ok {
		m.d.MissingKeys = append(m.d.MissingKeys, id)
		return 0, false
	}
	if m.size == 32 {
		x := key.XOnly()
		return m.number(string(x[:])), true
	}
	return m.number(string(key)), true
}

func (m *scriptKeys) satisfy(s []byte, ctx miniscript.Context, sign func(string) ([]byte, bool)) ([][]byte, bool) {
	identity := func(i int) string { return m.list[i] }
	n, ok := miniscript.Decode(s, ctx, miniscript.KnownKeys{Key: m.key, Hash: m.hash, Identity: identity})
	if !ok {
		return nil, false
	}
	return n.Satisfy(miniscript.Signer{
		Sign:     func(i int) ([]byte, bool) { return sign(m.list[i]) },
		Key:      func(i int) []byte { return []byte(m.list[i]) },
		Preimage: m.preimage,
		Older:    m.c.Older, After: m.c.After,
	})
}

func (m *scriptKeys) preimage(f miniscript.Fragment, hash []byte) ([]byte, bool) {
	known := map[miniscript.Fragment]map[string][]byte{
		miniscript.SHA256: m.d.Preimages.SHA256, miniscript.Hash256: m.d.Preimages.Hash256,
		miniscript.RIPEMD160: m.d.Preimages.Ripemd160, miniscript.Hash160: m.d.Preimages.Hash160,
	}[f]
	b, ok := known[string(hash)]
	return b, ok
}

package psbt

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

func appendOrigin(b []byte, o signing.Origin) []byte {
	b = append(b, o.Fingerprint[:]...)
	for _, step := range o.Path {
		b = binary.LittleEndian.AppendUint32(b, step)
	}
	return b
}

func (w *writer) origins(kind byte, m map[signing.PubKey]signing.Origin) {
	for _, k := range sorted(m) {
		w.field(kind, appendOrigin(nil, m[k]), string(k))
	}
}

func (w *writer) tapOrigins(kind byte, m map[signing.XOnly]signing.TapOrigin) {
	for _, x := range SortedXOnly(m) {
		leaves := SortedHashes(m[x].Leaves)
		v := wire.AppendVarint(nil, uint64(len(leaves)))
		for _, l := range leaves {
			v = append(v, l[:]...)
		}
		w.field(kind, appendOrigin(v, m[x].Origin), string(x[:]))
	}
}

func (w *writer) preimages(kind byte, m map[string][]byte) {
	for _, hash := range sorted(m) {
		w.field(kind, m[hash], hash)
	}
}

func (w *writer) participants(kind byte, m map[signing.PubKey][]signing.PubKey) {
	for _, aggregate := range sorted(m) {
		var v []byte
		for _, k := range m[aggregate] {
			v = append(v, k...)
		}
		w.field(kind, v, string(aggregate))
	}
}

// hash writes a field unless its value is zero.
func (w *writer) hash(kind byte, h [32]byte) {
	if h != [32]byte{} {
		w.field(kind, h[:])
	}
}

func (w *writer) foreign(m map[string]Proprietary) {
	for _, key := range sorted(m) {
		w.bytes([]byte(key))
		w.bytes(m[key].Value)
	}
}

func (w *writer) unknown(m map[string][]byte) {
	for _, key := range sorted(m) {
		w.bytes([]byte(key))
		w.bytes(m[key])
	}
}

func sessionText(s signing.Session) string {
	if s.Leaf == [32]byte{} {
		return string(s.Key)
	}
	return string(s.Key) + string(s.Leaf[:])
}

// SortedXOnly lists keys in the order in which they are written.
func SortedXOnly[V any](m map[signing.XOnly]V) []signing.XOnly {
	return slices.SortedFunc(maps.Keys(m), func(a, b signing.XOnly) int { return bytes.Compare(a[:], b[:]) })
}

// SortedHashes lists the hashes of a set in the order in which they are written.
func SortedHashes(m map[[32]byte]bool) [][32]byte {
	return slices.SortedFunc(maps.Keys(m), func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
}

// SortedTapSigs lists signatures in the order in which they are written.
func SortedTapSigs(m map[signing.TapSigKey][]byte) []signing.TapSigKey {
	return slices.SortedFunc(maps.Keys(m), func(a, b signing.TapSigKey) int {
		return cmp.Or(bytes.Compare(a.Key[:], b.Key[:]), bytes.Compare(a.Leaf[:], b.Leaf[:]))
	})
}

// SortedSessions lists sessions in the order in which they are written.
func SortedSessions[V any](m map[signing.Session]V) []signing.Session {
	return slices.SortedFunc(maps.Keys(m), func(a, b signing.Session) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), bytes.Compare(a.Leaf[:], b.Leaf[:]))
	})
}

// SortedKeys lists keys in the order in which they are written.
func SortedKeys[V any](m map[signing.PubKey]V) []signing.PubKey { return sorted(m) }

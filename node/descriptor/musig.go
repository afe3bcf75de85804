package descriptor

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/node/keys"
	bip327 "github.com/quernnet/quern/node/musig"
	"github.com/quernnet/quern/node/signing"
)

// aggregate adds compressed keys up to one (BIP327's KeyAgg of sorted keys).
func aggregate(pubs [][]byte) ([]byte, error) {
	list := make([]bip327.Pub, len(pubs))
	for i, pub := range pubs {
		list[i] = bip327.Pub(pub)
	}
	k, err := bip327.Aggregate(list)
	if err != nil {
		return nil, err
	}
	return k.Sum[:], nil
}

// musig is a key that several make together (BIP390): participants first derived,
// then aggregated, or aggregated and then derived.
type musig struct {
	*known
	parts []key
	path  []uint32 // below the aggregate key
	star  star     // of it; none when participants are ranged

	fixed func() (key, []byte, error) // of participants without range: the aggregate, cached
}

func newMusig(kn *known, parts []key, path []uint32, s star) *musig {
	k := &musig{known: kn, parts: parts, path: path, star: s}
	type result struct {
		key key
		sum []byte
		err error
	}
	once := sync.OnceValue(func() (r result) {
		var pubs [][]byte
		if pubs, r.err = k.participants(0, new(signing.Keyring)); r.err != nil {
			return r
		}
		if r.sum, r.err = aggregate(pubs); r.err != nil {
			return r
		}
		r.key, r.err = k.over(r.sum)
		return r
	})
	k.fixed = func() (key, []byte, error) { r := once(); return r.key, r.sum, r.err }
	return k
}

// over is the key expression of what follows aggregation.
func (k *musig) over(sum []byte) (key, error) {
	if k.star == noStar && len(k.path) == 0 {
		return &constant{known: &known{params: k.params}, pub: sum}, nil
	}
	pub, err := btcec.ParsePubKey(sum)
	if err != nil {
		return nil, err
	}
	return newDerived(&known{params: k.params}, keys.NewExtended(pub, bip327.ChainCode), k.path, k.star, false), nil
}

// participants derives the keys to aggregate, sorted.
func (k *musig) participants(index uint32, out *signing.Keyring) ([][]byte, error) {
	pubs := make([][]byte, len(k.parts))
	for i, part := range k.parts {
		var err error
		if pubs[i], err = part.derive(index, out); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(pubs, bytes.Compare)
	return pubs, nil
}

func (k *musig) derive(index uint32, out *signing.Keyring) ([]byte, error) {
	pubs, err := k.participants(index, out)
	if err != nil {
		return nil, err
	}
	var over key
	var sum []byte
	if k.rangedParts() {
		if sum, err = aggregate(pubs); err == nil {
			over, err = k.over(sum)
		}
	} else {
		over, sum, err = k.fixed()
	}
	if err != nil {
		return nil, err
	}
	addParticipants(out, sum, pubs)
	return over.derive(index, out)
}

func (k *musig) private(index uint32, out *signing.Keyring) {
	for _, part := range k.parts {
		part.private(index, out)
	}
}

func (k *musig) text(f form) (string, bool) {
	all, any := true, false
	texts := make([]string, len(k.parts))
	for i, part := range k.parts {
		var ok bool
		texts[i], ok = part.text(f)
		all, any = all && ok, any || ok
	}
	text := "musig(" + strings.Join(texts, ",") + ")" + keys.PathText(k.path, false)
	if k.star != noStar {
		text += "/*"
	}
	if f == private {
		return text, any
	}
	return text, all
}

func (k *musig) rangedParts() bool { return slices.ContainsFunc(k.parts, key.ranged) }
func (k *musig) ranged() bool      { return k.star != noStar || k.rangedParts() }
func (k *musig) size() int         { return 32 } // musig() is for Taproot alone

func (k *musig) extended() bool {
	return !slices.ContainsFunc(k.parts, func(p key) bool { return !p.extended() })
}

func (k *musig) selfExpands() bool {
	return !slices.ContainsFunc(k.parts, func(p key) bool { return !p.selfExpands() })
}

// roots tells nothing: no one key stands behind it.
func (k *musig) roots(*[][]byte, *[]keys.Extended) {}

package signing

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quernnet/quern/node/musig"
)

// aggregates are the aggregate keys that may sign an input (BIP373). What takes work that
// grows with their participants is done once for each: a packet may name many keys below one.
type aggregates struct {
	byX     map[XOnly][]PubKey
	byPrint map[[4]byte][]PubKey // by the fingerprint of what is derived of them
	known   map[PubKey]Origin    // participants that the ring knows the origin of
	groups  map[PubKey]*cosigner // without tweaks; nil: the participants do not make the key
	found   map[tapKey][]cosigner
	done    map[TapSigKey]bool // what was signed for already
}

// cosigner is an aggregate key, and those of its participants that the ring signs for.
type cosigner struct {
	key *musig.Key
	own []*Key
}

// tapKey is a key of a taproot input: one in a script, or one that the root tweaks.
type tapKey struct {
	x      XOnly
	rooted bool
}

func newAggregates(r *Keyring, d *Data) *aggregates {
	a := &aggregates{
		byX: make(map[XOnly][]PubKey), byPrint: make(map[[4]byte][]PubKey), known: make(map[PubKey]Origin),
		groups: make(map[PubKey]*cosigner), found: make(map[tapKey][]cosigner), done: make(map[TapSigKey]bool),
	}
	for _, sum := range slices.Sorted(maps.Keys(d.Participants)) {
		id, x := sum.ID(), sum.XOnly()
		first := [4]byte(id[:4])
		a.byX[x], a.byPrint[first] = append(a.byX[x], sum), append(a.byPrint[first], sum)
		for _, part := range d.Participants[sum] {
			if o, ok := r.Origins[part.ID()]; ok {
				a.known[part] = o.Origin
			}
		}
	}
	return a
}

// group adds a key's participants up; nil when they make another one: who wrote a packet
// may have made it up.
func (p producer) group(sum PubKey) *cosigner {
	if g, ok := p.m.groups[sum]; ok {
		return g
	}
	var g *cosigner
	parts := p.d.Participants[sum]
	pubs := make([]musig.Pub, len(parts))
	for i, part := range parts {
		copy(pubs[i][:], part) // one that is not compressed is none
	}
	if k, err := musig.Aggregate(pubs); err == nil && PubKey(k.Sum[:]) == sum {
		g = &cosigner{key: k}
		for _, part := range parts {
			if own, ok := p.r.Private[part.ID()]; ok && own.public == part && p.r.Nonces != nil {
				g.own = append(g.own, own)
			}
		}
	}
	p.m.groups[sum] = g
	return g
}

// cosigners are the aggregate keys that x stands for: itself, or what it is derived of by
// its origin (BIP328). root tweaks them as Creator.Schnorr says.
func (p producer) cosigners(x XOnly, root *[32]byte) []cosigner {
	at := tapKey{x, root != nil}
	if list, ok := p.m.found[at]; ok {
		return list
	}
	var list []cosigner
	add := func(sum PubKey, path []uint32) {
		if c, ok := p.below(sum, path, x, root); ok {
			list = append(list, c)
		}
	}
	for _, sum := range p.m.byX[x] {
		add(sum, nil)
	}
	if o := p.d.TapOrigins[x].Origin; len(o.Path) > 0 {
		for _, sum := range p.m.byPrint[o.Fingerprint] {
			add(sum, o.Path)
		}
	}
	p.m.found[at] = list
	return list
}

// below is the key that a path leads to, tweaked by root; not ok when it is not x.
func (p producer) below(sum PubKey, path []uint32, x XOnly, root *[32]byte) (c cosigner, ok bool) {
	if !sum.Compressed() {
		return c, false
	}
	key, tweaks, err := musig.Derive(musig.Pub([]byte(sum)), path)
	if err != nil || XOnly(key.X()) != x {
		return c, false
	}
	g := p.group(sum)
	if g == nil {
		return c, false
	}
	if root != nil {
		var tree []byte
		if *root != [32]byte{} {
			tree = root[:]
		}
		tweaks = append(tweaks, musig.TapTweak(key, tree))
	}
	k, err := g.key.Tweak(tweaks...)
	return cosigner{k, g.own}, err == nil
}

// musig signs by the aggregate keys that x stands for, as far as that has come: it adds
// up partial signatures, or adds the ring's own, or its public nonces (Core's SignMuSig2).
func (p producer) musig(x XOnly, leaf, root *[32]byte) ([]byte, bool) {
	for part, o := range p.m.known { // like Core, of whichever aggregate key
		p.d.tapOrigin(part.XOnly(), o, leaf)
	}
	at := TapSigKey{Key: x}
	if leaf != nil {
		at.Leaf = *leaf
	}
	sum, hashType, ok := p.c.Digest(leaf)
	if !ok || p.m.done[at] {
		return nil, false
	}
	p.m.done[at] = true
	for _, c := range p.cosigners(x, root) {
		s := cosigning{p, c, Session{PubKey(c.key.Tweaked[:]), at.Leaf}, sum}
		if sig, ok := s.advance(); ok {
			return append(sig, hashType...), true
		}
	}
	return nil, false
}

// cosigning is one aggregate key's signing.
type cosigning struct {
	producer
	cosigner
	at  Session
	sum [32]byte // what is signed
}

// advance does what can be done next.
func (c cosigning) advance() ([]byte, bool) {
	nonces := convert(c.d.Nonces[c.at], func(b []byte) (n musig.Nonce) { copy(n[:], b); return n })
	s, err := c.key.Session(nonces, c.sum)
	var wrong *musig.Wrong
	switch {
	case errors.As(err, &wrong):
		c.d.trouble(Trouble{c.at, PubKey(wrong.By[:]), WrongNonce})
		return nil, false
	case errors.Is(err, musig.ErrShares):
		if len(c.d.PartialSigs[c.at]) == 0 {
			c.addNonces()
		}
		return nil, false
	case err != nil:
		c.d.fault(err)
		return nil, false
	}
	c.addPartials(s)
	return c.combine(s)
}

// convert makes participants' shares of a session musig's.
func convert[T, V any](shares map[PubKey]V, to func(V) T) map[musig.Pub]T {
	out := make(map[musig.Pub]T, len(shares))
	for by, v := range shares {
		if by.Compressed() {
			out[musig.Pub([]byte(by))] = to(v)
		}
	}
	return out
}

func (c cosigning) use(k *Key) musig.Use {
	return musig.Use{Sum: c.key.Sum, Tweaked: c.key.Tweaked, By: musig.Pub([]byte(k.public)), Leaf: c.at.Leaf, Msg: c.sum}
}

// addNonces makes the public nonces that are the ring's to make.
func (c cosigning) addNonces() {
	for _, k := range c.own {
		if _, there := c.d.Nonces[c.at][k.public]; there {
			continue
		}
		nonce, err := c.r.Nonces.New(c.use(k), k.secret)
		if err != nil {
			c.d.fault(err)
			continue
		}
		emplace(&c.d.Nonces, c.at, make(map[PubKey][]byte))
		c.d.Nonces[c.at][k.public] = nonce[:]
	}
}

// addPartials makes the partial signatures that are the ring's to make.
func (c cosigning) addPartials(s *musig.Session) {
	for _, k := range c.own {
		if _, there := c.d.PartialSigs[c.at][k.public]; there {
			continue
		}
		p, ok, err := c.r.Nonces.Sign(s, c.use(k), k.secret)
		switch {
		case err != nil:
			c.d.fault(err)
		case !ok:
			c.d.trouble(Trouble{c.at, k.public, NonceGone})
		default:
			emplace(&c.d.PartialSigs, c.at, make(map[PubKey][32]byte))
			c.d.PartialSigs[c.at][k.public] = p
		}
	}
}

// combine adds the partial signatures up, if all are there and right; those that are
// wrong it names.
func (c cosigning) combine(s *musig.Session) ([]byte, bool) {
	parts := convert(c.d.PartialSigs[c.at], func(p [32]byte) musig.Partial { return p })
	complete := true
	for _, by := range c.key.Participants() {
		p, there := parts[by]
		if complete = complete && there; there && s.Verify(by, p) != nil {
			c.d.trouble(Trouble{c.at, PubKey(by[:]), WrongPartial})
			complete = false
		}
	}
	if !complete || len(parts) != len(c.key.Participants()) {
		return nil, false
	}
	sig, err := s.Combine(parts)
	if err != nil {
		c.d.fault(err)
		return nil, false
	}
	return sig[:], true
}

// Trouble is what keeps the participants of an aggregate key from signing.
type Trouble struct {
	Session Session
	By      PubKey // the participant
	Kind    TroubleKind
}

// TroubleKind is what the trouble is.
type TroubleKind uint8

// Kinds of trouble.
const (
	WrongNonce   TroubleKind = iota // the public nonce is not two points
	WrongPartial                    // the partial signature is not the participant's
	NonceGone                       // the own secret nonce has signed, or was forgotten in a restart
)

// String says it in words, with the keys in hex.
func (t Trouble) String() string {
	of := fmt.Sprintf("of participant %x, who signs with others as %x, ", string(t.By), string(t.Session.Key))
	switch t.Kind {
	case WrongNonce:
		return "the MuSig2 public nonce " + of + "is not two points"
	case WrongPartial:
		return "the MuSig2 partial signature " + of + "is wrong"
	}
	return "the secret behind the MuSig2 public nonce " + of + "is gone: combine with what it signed, or begin anew without nonces"
}

// trouble notes t once.
func (d *Data) trouble(t Trouble) {
	if !slices.Contains(d.Troubles, t) {
		d.Troubles = append(d.Troubles, t)
	}
}

func (d *Data) fault(err error) { d.Fault = errors.Join(d.Fault, fmt.Errorf("MuSig2: %w", err)) }

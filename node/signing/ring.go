package signing

import "github.com/quernnet/quern/node/musig"

// Keyring is what a signer knows besides the transaction: private and public keys
// by their hashes, where keys come from, scripts by their HASH160, and the trees of
// leaf scripts behind taproot outputs, by output key. All of it may be nil.
type Keyring struct {
	Private map[KeyID]*Key
	Public  map[KeyID]PubKey
	Origins map[KeyID]KeyOrigin
	Scripts map[[20]byte][]byte
	Trees   map[XOnly]TapOutput
	// Participants lists by aggregate key the keys it is made of (BIP327).
	Participants map[PubKey][]PubKey
	// Nonces keeps the secret nonces of the private keys' owner; without it the keys do
	// not sign together with others'.
	Nonces *musig.Nonces
}

// Add takes in a private key, its public key with it.
func (r *Keyring) Add(k *Key) {
	emplace(&r.Private, k.public.ID(), k)
	emplace(&r.Public, k.public.ID(), k.public)
}

// AddScript takes in a redeem or witness script.
func (r *Keyring) AddScript(s []byte) { emplace(&r.Scripts, Hash160(s), s) }

// Merge takes in what o knows and r does not.
func (r *Keyring) Merge(o *Keyring) {
	insert(&r.Private, o.Private)
	insert(&r.Public, o.Public)
	insert(&r.Origins, o.Origins)
	insert(&r.Scripts, o.Scripts)
	insert(&r.Trees, o.Trees)
	insert(&r.Participants, o.Participants)
	if r.Nonces == nil {
		r.Nonces = o.Nonces
	}
}

// Hiding is r without its private keys, or without origins.
func (r *Keyring) Hiding(secrets, origins bool) *Keyring {
	out := *r
	if secrets {
		out.Private, out.Nonces = nil, nil
	}
	if origins {
		out.Origins = nil
	}
	return &out
}

// WitnessScript is the script of a P2WSH program.
func (r *Keyring) WitnessScript(program [32]byte) ([]byte, bool) {
	s, ok := r.Scripts[RIPEMD160(program[:])]
	return s, ok
}

// OriginX says where the key with an X coordinate comes from, whichever its Y.
func (r *Keyring) OriginX(x XOnly) (Origin, bool) {
	o, ok := byX(r.Origins, x)
	return o.Origin, ok
}

// byX finds what m holds of the key with that X coordinate, whichever its Y.
func byX[V any](m map[KeyID]V, x XOnly) (V, bool) {
	if v, ok := m[x.even().ID()]; ok {
		return v, true
	}
	v, ok := m[x.odd().ID()]
	return v, ok
}

// emplace sets m[k] unless it is set.
func emplace[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	if _, ok := (*m)[k]; !ok {
		(*m)[k] = v
	}
}

// insert adds what m lacks of from.
func insert[K comparable, V any](m *map[K]V, from map[K]V) {
	for k, v := range from {
		emplace(m, k, v)
	}
}

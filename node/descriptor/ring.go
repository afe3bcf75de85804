package descriptor

import (
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/signing"
)

// What follows tells a keyring of what expanding finds; what it knows stays.

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	if _, known := (*m)[k]; !known {
		(*m)[k] = v
	}
}

// addKey adds a public key and where it comes from.
func addKey(r *signing.Keyring, pub []byte, o signing.Origin) {
	id, key := signing.KeyID(keys.Hash160(pub)), signing.PubKey(pub)
	put(&r.Public, id, key)
	put(&r.Origins, id, signing.KeyOrigin{Key: key, Origin: o})
}

// addHashed adds a public key that a script names by the hash of other bytes.
func addHashed(r *signing.Keyring, hashed, pub []byte) {
	put(&r.Public, keys.Hash160(hashed), signing.PubKey(pub))
}

// addPrivate adds a private key, without its public key.
func addPrivate(r *signing.Keyring, k keys.Private) {
	put(&r.Private, keys.Hash160(k.Pub()), signing.NewKey(k.Key, !k.Uncompressed))
}

func addTree(r *signing.Keyring, key signing.XOnly, o signing.TapOutput) { put(&r.Trees, key, o) }

// addParticipants adds the keys that an aggregate is made of.
func addParticipants(r *signing.Keyring, sum []byte, pubs [][]byte) {
	list := make([]signing.PubKey, len(pubs))
	for i, pub := range pubs {
		list[i] = signing.PubKey(pub)
	}
	put(&r.Participants, signing.PubKey(sum), list)
}

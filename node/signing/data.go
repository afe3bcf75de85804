package signing

// Sig is an ECDSA signature, hash type included, and the key it is by.
type Sig struct {
	Key PubKey
	Sig []byte
}

// TapSigKey names a signature in a leaf script: by whom, and the leaf's hash.
type TapSigKey struct {
	Key  XOnly
	Leaf [32]byte
}

// TapOrigin is where a taproot key comes from, and in which leaves it stands.
type TapOrigin struct {
	Leaves map[[32]byte]bool
	Origin Origin
}

// Session names what an aggregate key signs: itself and the leaf's hash, zero for
// the key path (BIP373).
type Session struct {
	Key  PubKey
	Leaf [32]byte
}

// Preimages holds what hashes to what, by hash, for the hash functions of
// scripts.
type Preimages struct {
	Ripemd160, SHA256, Hash160, Hash256 map[string][]byte
}

// Data is what is known of one input: signatures, scripts, key origins (Core's
// SignatureData). Produce fills it in.
type Data struct {
	Complete  bool // Script and Witness spend the output
	Witnessed bool // the output is spent by a witness
	Script    []byte
	Witness   [][]byte

	Redeem        []byte // the redeem script
	WitnessScript []byte
	Sigs          map[KeyID]Sig
	Origins       map[KeyID]KeyOrigin

	Tap        Taproot
	Tree       *TapOutput // that Tap was made of, where known
	TapKeySig  []byte
	TapSigs    map[TapSigKey][]byte
	TapOrigins map[XOnly]TapOrigin
	TapKeys    map[KeyID]XOnly // of TapOrigins, by hash

	Preimages Preimages

	Participants map[PubKey][]PubKey
	Nonces       map[Session]map[PubKey][]byte
	PartialSigs  map[Session]map[PubKey][32]byte

	MissingKeys    []KeyID // no public key with this hash is known
	MissingSigs    []KeyID
	MissingRedeem  [20]byte // HASH160; zero: none is missing
	MissingWitness [32]byte // SHA256; zero: none is missing

	Troubles []Trouble // why aggregate keys do not sign
	Fault    error     // what failed in making MuSig2 nonces and partial signatures; nil: nothing
}

// Merge takes in the signatures and scripts of o, or all of it if it is complete.
func (d *Data) Merge(o *Data) {
	switch {
	case d.Complete:
		return
	case o.Complete:
		*d = *o
		return
	}
	if len(d.Redeem) == 0 {
		d.Redeem = o.Redeem
	}
	if len(d.WitnessScript) == 0 {
		d.WitnessScript = o.WitnessScript
	}
	insert(&d.Sigs, o.Sigs)
}

// script finds a script by its hash.
func (d *Data) script(r *Keyring, hash [20]byte) ([]byte, bool) {
	if s, ok := r.Scripts[hash]; ok {
		return s, true
	}
	for _, s := range [][]byte{d.Redeem, d.WitnessScript} {
		if Hash160(s) == hash {
			return s, true
		}
	}
	return nil, false
}

// pubKey finds a public key by its hash.
func (d *Data) pubKey(r *Keyring, id KeyID) (PubKey, bool) {
	if s, ok := d.Sigs[id]; ok {
		return s.Key, true
	}
	if o, ok := d.Origins[id]; ok {
		return o.Key, true
	}
	if x, ok := d.TapKeys[id]; ok {
		return x.even(), true
	}
	k, ok := r.Public[id]
	return k, ok
}

// tapOrigin notes where a taproot key comes from, and that it stands in a leaf.
func (d *Data) tapOrigin(x XOnly, o Origin, leaf *[32]byte) {
	emplace(&d.TapOrigins, x, TapOrigin{Leaves: make(map[[32]byte]bool), Origin: o})
	if leaf != nil {
		d.TapOrigins[x].Leaves[*leaf] = true
	}
}

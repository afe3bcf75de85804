package psbt_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"

	"github.com/quernnet/quern/node/musig"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/signing"
)

// cosigners are the participants of BIP373's vectors, each with nonces of its own.
func cosigners(t testing.TB) []*signing.Keyring {
	t.Helper()
	var rings []*signing.Keyring
	for _, text := range []string{
		"L2XJhGmS9rkNwzn1eFJVD5ydKpA5K5p54uk9qqWpURj85VkEPuNE",
		"L19kEzCkrce5E3v7CWKn9pTceVzFwwdorjNXfqtUc5nKLXz4qXSX",
		"KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU74sHUHy8S",
	} {
		wif, err := btcutil.DecodeWIF(text)
		if err != nil {
			t.Fatal(err)
		}
		r := &signing.Keyring{Nonces: musig.NewNonces(rand.Reader)}
		r.Add(signing.NewKey(wif.PrivKey, true))
		rings = append(rings, r)
	}
	return rings
}

// kinds of BIP373's vectors, by what is in their input.
const (
	onlyKeys = iota
	withNonces
	withPartials
)

// musigVectors are BIP373's valid packets that spend, of one kind.
func musigVectors(t *testing.T, kind int) (list []string) {
	t.Helper()
	for _, text := range readVectors(t).Valid {
		p := decode(t, text)
		if len(p.Ins) == 0 {
			continue
		}
		in, is := &p.Ins[0], onlyKeys
		switch {
		case len(in.PartialSigs) > 0:
			is = withPartials
		case len(in.Nonces) > 0:
			is = withNonces
		}
		if len(in.Participants) > 0 && is == kind {
			list = append(list, text)
		}
	}
	if len(list) != 4 { // by output key, internal key, leaf, and one derived
		t.Fatalf("%d vectors", len(list))
	}
	return list
}

// sign passes a packet to one signer; complete says whether nothing is missing.
func sign(t *testing.T, text string, r *signing.Keyring) (out string, complete bool, troubles []psbt.Trouble) {
	t.Helper()
	p := decode(t, text)
	s, err := psbt.NewSigner(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Sign(0, r, psbt.Options{Finalize: true}); err != nil && !errors.Is(err, psbt.ErrIncomplete) {
		t.Fatal(err)
	}
	return p.Base64(), err == nil, s.Troubles()
}

// round passes a packet to all signers, and combines what they return.
func round(t *testing.T, text string, rings []*signing.Keyring) string {
	t.Helper()
	var packets []*psbt.Packet
	for _, r := range rings {
		out, complete, troubles := sign(t, text, r)
		if complete || len(troubles) > 0 {
			t.Fatalf("complete %v, troubles %v", complete, troubles)
		}
		packets = append(packets, decode(t, out))
	}
	p, ok := psbt.Combine(packets)
	if !ok {
		t.Fatal("the packets do not fit")
	}
	return p.Base64()
}

// unsummed is a vector with all partial signatures, without what they add up to, which
// some of the vectors have.
func unsummed(t *testing.T, text string) (p *psbt.Packet, sum []byte) {
	t.Helper()
	p = decode(t, text)
	in := &p.Ins[0]
	sum = in.TapKeySig
	for _, sig := range in.TapSigs {
		sum = sig
	}
	in.TapKeySig, in.TapSigs = nil, nil
	return p, sum
}

func TestMuSigVectorsAreFinalized(t *testing.T) {
	for i, text := range musigVectors(t, withPartials) {
		p, sum := unsummed(t, text)
		if !p.Finalize() {
			t.Errorf("vector %d is not complete: %v", i, p.Troubles())
			continue
		}
		in := &decode(t, p.Base64()).Ins[0]
		if sum != nil && !bytes.Equal(in.FinalWitness[0], sum) {
			t.Errorf("vector %d adds up to %x, want %x", i, in.FinalWitness[0], sum)
		}
		if len(in.FinalWitness) == 0 || len(in.Participants)+len(in.Nonces)+len(in.PartialSigs) > 0 {
			t.Errorf("vector %d, final: %+v", i, in)
		}
	}
}

func TestMuSigVectorsAreSigned(t *testing.T) {
	for i, text := range musigVectors(t, onlyKeys) {
		rings := cosigners(t)
		p := decode(t, round(t, round(t, text, rings), rings))
		if n := len(onlyShares(t, p.Ins[0].Nonces)); n != 3 {
			t.Errorf("vector %d: %d nonces", i, n)
		}
		if n := len(onlyShares(t, p.Ins[0].PartialSigs)); n != 3 {
			t.Errorf("vector %d: %d partial signatures", i, n)
		}
		if !p.Finalize() {
			t.Errorf("vector %d is not complete", i)
		}
		for _, r := range rings {
			if r.Nonces.Len() != 0 {
				t.Errorf("vector %d: a secret nonce is left", i)
			}
		}
	}
}

// onlyShares are those of the one session that there is.
func onlyShares[V any](t *testing.T, sessions map[signing.Session]map[signing.PubKey]V) map[signing.PubKey]V {
	t.Helper()
	if len(sessions) != 1 {
		t.Fatalf("%d sessions", len(sessions))
	}
	return slices.Collect(maps.Values(sessions))[0]
}

// One after the other: whoever adds the last partial signature has a whole one.
func TestLastCosignerCompletes(t *testing.T) {
	for i, text := range musigVectors(t, onlyKeys) {
		rings := cosigners(t)
		for n := range 6 {
			var complete bool
			var troubles []psbt.Trouble
			text, complete, troubles = sign(t, text, rings[n%3])
			if complete != (n == 5) || len(troubles) > 0 {
				t.Fatalf("vector %d, step %d: complete %v, %v", i, n, complete, troubles)
			}
		}
	}
}

// A signer never signs twice with a nonce: neither the same packet again, nor one with
// another's nonce in it, and it says so.
func TestNonceSignsOnePacket(t *testing.T) {
	rings := cosigners(t)
	nonces := round(t, musigVectors(t, onlyKeys)[0], rings)
	first, _, _ := sign(t, nonces, rings[0])
	mine := onlyKey(rings[0])
	if shares := onlyShares(t, decode(t, first).Ins[0].PartialSigs); len(shares) != 1 || shares[mine] == [32]byte{} {
		t.Fatalf("%v", shares)
	}
	other := decode(t, nonces)
	shares := onlyShares(t, other.Ins[0].Nonces)
	fresh, _, _ := sign(t, musigVectors(t, onlyKeys)[0], rings[1])
	by := onlyKey(rings[1])
	shares[by] = onlyShares(t, decode(t, fresh).Ins[0].Nonces)[by]
	for name, text := range map[string]string{"again": nonces, "another's nonce": other.Base64()} {
		out, _, troubles := sign(t, text, rings[0])
		if n := len(decode(t, out).Ins[0].PartialSigs); n > 0 {
			t.Errorf("%s: signed", name)
		}
		if len(troubles) != 1 || troubles[0].Kind != signing.NonceGone || troubles[0].By != mine || !strings.Contains(troubles[0].String(), "begin anew") {
			t.Errorf("%s: %v", name, troubles)
		}
	}
}

func onlyKey(r *signing.Keyring) signing.PubKey {
	for _, k := range r.Private {
		return k.Public()
	}
	return ""
}

// Who sent a wrong share is named, and nothing is made of it.
func TestWrongShareIsNamed(t *testing.T) {
	for i, text := range musigVectors(t, withPartials) {
		p, _ := unsummed(t, text)
		by := onlyKey(cosigners(t)[1])
		shares := onlyShares(t, p.Ins[0].PartialSigs)
		bad := shares[by]
		bad[0] ^= 1
		shares[by] = bad
		checkTrouble(t, p, i, signing.WrongPartial, by)
		p, _ = unsummed(t, text)
		onlyShares(t, p.Ins[0].Nonces)[by] = make([]byte, 66)
		checkTrouble(t, p, i, signing.WrongNonce, by)
	}
}

func checkTrouble(t *testing.T, p *psbt.Packet, i int, kind signing.TroubleKind, by signing.PubKey) {
	t.Helper()
	before := p.Base64()
	list := p.Troubles()
	if len(list) != 1 || list[0].Kind != kind || list[0].By != by || list[0].In != 0 {
		t.Errorf("vector %d: %v", i, list)
	}
	if p.Base64() != before {
		t.Errorf("vector %d: the packet is another one", i)
	}
	if a := psbt.Analyze(p); !strings.Contains(a.Error, list[0].String()) || a.Next != psbt.RoleCreator {
		t.Errorf("vector %d is analyzed as %+v", i, a)
	}
	if p.Finalize() || len(p.Ins[0].TapKeySig)+len(p.Ins[0].TapSigs) > 0 {
		t.Errorf("vector %d: a signature came of it", i)
	}
}

// What a packet says of keys is believed no further than it is right.
func TestMadeUpAggregates(t *testing.T) {
	path := func(steps ...uint32) func(*psbt.Input) {
		return func(in *psbt.Input) {
			for x, o := range in.TapOrigins {
				o.Origin.Path = steps
				in.TapOrigins[x] = o
			}
		}
	}
	participants := func(change func(sum signing.PubKey, parts []signing.PubKey) (signing.PubKey, []signing.PubKey)) func(*psbt.Input) {
		return func(in *psbt.Input) {
			for sum, parts := range in.Participants {
				sum, parts = change(sum, parts)
				in.Participants = map[signing.PubKey][]signing.PubKey{sum: parts}
			}
		}
	}
	for i, text := range musigVectors(t, onlyKeys) {
		for _, c := range []struct {
			name   string
			change func(*psbt.Input)
			of     int // the vector, -1 for all
		}{
			{"another order", participants(func(sum signing.PubKey, parts []signing.PubKey) (signing.PubKey, []signing.PubKey) {
				return sum, append(slices.Clone(parts[1:]), parts[0])
			}), -1},
			{"nobody", participants(func(sum signing.PubKey, _ []signing.PubKey) (signing.PubKey, []signing.PubKey) { return sum, nil }), -1},
			{"another key", participants(func(_ signing.PubKey, parts []signing.PubKey) (signing.PubKey, []signing.PubKey) {
				return parts[0], parts
			}), -1},
			{"a hardened path", path(1 << 31), 3},
			{"another path", path(7), 3},
			{"a long path", path(make([]uint32, 300)...), 3},
		} {
			if c.of >= 0 && c.of != i {
				continue
			}
			p := decode(t, text)
			c.change(&p.Ins[0])
			out, complete, _ := sign(t, p.Base64(), cosigners(t)[0])
			if n := len(decode(t, out).Ins[0].Nonces); complete || n > 0 {
				t.Errorf("vector %d, %s: %d nonces", i, c.name, n)
			}
		}
	}
}

// A signer without a place for nonces makes none: nobody could sign with them.
func TestNoNoncesWithoutAPlace(t *testing.T) {
	r := cosigners(t)[0]
	r.Nonces = nil
	out, _, _ := sign(t, musigVectors(t, onlyKeys)[0], r)
	if len(decode(t, out).Ins[0].Nonces) > 0 {
		t.Error("a nonce whose secret is lost")
	}
}

// No randomness is an error, not a packet without nonces.
func TestNonceFaultIsToldInSigning(t *testing.T) {
	r := cosigners(t)[0]
	r.Nonces = musig.NewNonces(bytes.NewReader(nil))
	s, err := psbt.NewSigner(decode(t, musigVectors(t, onlyKeys)[0]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(0, r, psbt.Options{}); err == nil || errors.Is(err, psbt.ErrIncomplete) {
		t.Errorf("%v", err)
	}
}

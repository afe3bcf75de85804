package musig

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
)

func secret(n byte) *btcec.PrivateKey {
	k, _ := btcec.PrivKeyFromBytes([]byte{n})
	return k
}

func pub(n byte) Pub { return Pub(secret(n).PubKey().SerializeCompressed()) }

// party is three signers of one message.
type party struct {
	t      *testing.T
	key    *Key
	msg    [32]byte
	stores [3]*Nonces
	nonces map[Pub]Nonce
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func newParty(t *testing.T, tweaks ...Tweak) *party {
	t.Helper()
	k, err := Aggregate([]Pub{pub(1), pub(2), pub(3)})
	if err != nil {
		t.Fatal(err)
	}
	if k, err = k.Tweak(tweaks...); err != nil {
		t.Fatal(err)
	}
	p := &party{t: t, key: k, msg: sha256.Sum256([]byte("pay"))}
	for i := range p.stores {
		p.stores[i] = NewNonces(rand.Reader)
	}
	p.begin()
	return p
}

func (p *party) use(i int) Use {
	return Use{Sum: p.key.Sum, Tweaked: p.key.Tweaked, By: pub(byte(i + 1)), Msg: p.msg}
}

// begin makes everybody's nonces.
func (p *party) begin() {
	p.nonces = make(map[Pub]Nonce)
	for i, n := range p.stores {
		nonce, err := n.New(p.use(i), secret(byte(i+1)))
		if err != nil {
			p.t.Fatal(err)
		}
		p.nonces[pub(byte(i+1))] = nonce
	}
}

func (p *party) session() *Session {
	p.t.Helper()
	s, err := p.key.Session(p.nonces, p.msg)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// sign makes everybody's partial signatures.
func (p *party) sign(s *Session) map[Pub]Partial {
	p.t.Helper()
	parts := make(map[Pub]Partial)
	for i, n := range p.stores {
		part, ok, err := n.Sign(s, p.use(i), secret(byte(i+1)))
		if err != nil || !ok {
			p.t.Fatal(ok, err)
		}
		parts[pub(byte(i+1))] = part
	}
	return parts
}

// has says whether the secret half of a public nonce waits.
func (n *Nonces) has(u Use, pub Nonce) bool { return n.by[name{u, pub}] != nil }

func TestTogether(t *testing.T) {
	_, steps, err := Derive(newParty(t).key.Sum, []uint32{1, 7})
	if err != nil {
		t.Fatal(err)
	}
	for range 8 { // both parities of nonces
		for _, tweaks := range [][]Tweak{nil, steps, {TapTweak(newParty(t).key.Sum, nil)}} {
			p := newParty(t, tweaks...)
			s := p.session()
			sig, err := s.Combine(p.sign(s))
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := schnorr.ParseSignature(sig[:])
			if err != nil {
				t.Fatal(err)
			}
			key, err := schnorr.ParsePubKey(p.key.Tweaked.X())
			if err != nil || !parsed.Verify(p.msg[:], key) {
				t.Errorf("%d tweaks: btcec does not take the signature: %v", len(tweaks), err)
			}
		}
	}
}

// Who is wrong is named, and nothing is added up.
func TestWrongPartialSignatureIsNamed(t *testing.T) {
	p := newParty(t)
	s := p.session()
	parts := p.sign(s)
	for _, by := range []Pub{pub(2), pub(3)} {
		bad := parts[by]
		bad[31] ^= 1
		parts[by] = bad
		sig, err := s.Combine(parts)
		var wrong *Wrong
		if !errors.As(err, &wrong) || wrong.Nonce || sig != [64]byte{} {
			t.Fatalf("%x, %v", sig, err)
		}
	}
	_, err := s.Combine(parts)
	for _, by := range []Pub{pub(2), pub(3)} {
		if !bytes.Contains([]byte(err.Error()), []byte(by.String())) {
			t.Errorf("%v does not name %v", err, by)
		}
	}
	if bytes.Contains([]byte(err.Error()), []byte(pub(1).String())) {
		t.Errorf("%v names who is right", err)
	}
}

func TestInfinityIsNoNonce(t *testing.T) {
	p := newParty(t)
	p.nonces[pub(2)] = Nonce{}
	var wrong *Wrong
	if _, err := p.key.Session(p.nonces, p.msg); !errors.As(err, &wrong) || wrong.By != pub(2) || !wrong.Nonce {
		t.Errorf("%v", err)
	}
}

func TestSessionTakesOneNonceOfEach(t *testing.T) {
	p := newParty(t)
	more := map[Pub]Nonce{pub(4): p.nonces[pub(1)]}
	less := map[Pub]Nonce{}
	for by, n := range p.nonces {
		more[by] = n
		if by != pub(3) {
			less[by] = n
		}
	}
	twice, err := Aggregate([]Pub{pub(1), pub(1)})
	if err != nil {
		t.Fatal(err)
	}
	one := map[Pub]Nonce{pub(1): p.nonces[pub(1)]}
	for name, err := range map[string]error{"more": start(p.key, more), "less": start(p.key, less), "twice": start(twice, one)} {
		if !errors.Is(err, ErrShares) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func start(k *Key, nonces map[Pub]Nonce) error {
	_, err := k.Session(nonces, [32]byte{})
	return err
}

// A secret nonce signs once, and only what it was made for.
func TestNonceSignsOnce(t *testing.T) {
	p := newParty(t)
	s := p.session()
	u, mine := p.use(0), p.nonces[pub(1)]
	other := *p
	other.msg[0]++
	leaf := u
	leaf.Leaf[0]++
	key := u
	key.Tweaked = pub(9)
	for name, c := range map[string]struct {
		s *Session
		u Use
	}{"message": {other.session(), other.use(0)}, "leaf": {s, leaf}, "key": {s, key}, "mixed": {other.session(), u}, "participant": {s, p.use(1)}} {
		if part, ok, err := p.stores[0].Sign(c.s, c.u, secret(1)); ok || err != nil {
			t.Errorf("%s: %x, %v, %v", name, part, ok, err)
		}
	}
	if !p.stores[0].has(u, mine) {
		t.Fatal("the nonce is gone though it signed nothing")
	}
	if _, ok, err := p.stores[0].Sign(s, u, secret(1)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if part, ok, err := p.stores[0].Sign(s, u, secret(1)); ok || err != nil || p.stores[0].has(u, mine) {
		t.Errorf("a second time: %x, %v, %v", part, ok, err)
	}
}

// What a failure has touched is gone.
func TestNonceIsGoneAfterAnError(t *testing.T) {
	p := newParty(t)
	s := p.session()
	if part, ok, err := p.stores[0].Sign(s, p.use(0), secret(2)); !ok || err == nil || part != (Partial{}) {
		t.Fatalf("another's key signed: %x, %v, %v", part, ok, err)
	}
	if _, ok, _ := p.stores[0].Sign(s, p.use(0), secret(1)); ok || p.stores[0].Len() != 0 {
		t.Error("the nonce was used again")
	}
}

func TestOneOfManyGetsTheNonce(t *testing.T) {
	p := newParty(t)
	s := p.session()
	var wg sync.WaitGroup
	got := make(chan Partial, 16)
	for range cap(got) {
		wg.Go(func() {
			if part, ok, err := p.stores[0].Sign(s, p.use(0), secret(1)); ok && err == nil {
				got <- part
			}
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("%d signed", len(got))
	}
}

func TestNoncesAreWiped(t *testing.T) {
	p := newParty(t)
	n := p.stores[0]
	w := n.oldest.Front().Value.(*waiting)
	if w.secret == [97]byte{} {
		t.Fatal("there is no secret")
	}
	n.Close()
	if w.secret != [97]byte{} || n.Len() != 0 || n.has(p.use(0), w.name.pub) {
		t.Error("a secret outlived Close")
	}
	if _, err := n.New(p.use(0), secret(1)); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestOldestNonceMakesRoom(t *testing.T) {
	n := NewNonces(rand.Reader)
	var first *waiting
	for i := range MaxNonces + 1 {
		w := &waiting{name: name{pub: Nonce{byte(i), byte(i >> 8)}}}
		w.secret[0] = 1
		if n.keep(w); i == 0 {
			first = w
		}
	}
	if n.Len() != MaxNonces || n.has(Use{}, first.name.pub) || first.secret[0] != 0 {
		t.Errorf("%d nonces", n.Len())
	}
}

// Randomness that repeats itself must not repeat nonces, nor may it be missing.
func TestNonceOfBadRandomness(t *testing.T) {
	p := newParty(t)
	n := NewNonces(zeros{})
	a, err := n.New(p.use(0), secret(1))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := n.New(p.use(0), secret(1)); err != nil || a == b {
		t.Errorf("twice the same nonce: %v", err)
	}
	if _, err := NewNonces(bytes.NewReader(make([]byte, 31))).New(p.use(0), secret(1)); err == nil {
		t.Error("a nonce of too little randomness")
	}
	if _, err := n.New(p.use(0), secret(2)); !errors.Is(err, errOwn) {
		t.Errorf("another's key: %v", err)
	}
}

func TestDerivationStops(t *testing.T) {
	k := newParty(t).key
	sum := k.Sum
	for name, path := range map[string][]uint32{"hardened": {1 << 31}, "deep": make([]uint32, 256)} {
		if _, _, err := Derive(sum, path); !errors.Is(err, errPath) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want, tweaks, err := Derive(sum, make([]uint32, 255))
	if err != nil {
		t.Fatal(err)
	}
	if k, err = k.Tweak(tweaks...); err != nil || k.Tweaked != want {
		t.Errorf("the tweaks lead to %v, not to %v: %v", k.Tweaked, want, err)
	}
}

package musig

import (
	"bytes"
	"container/list"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr/musig2"
)

// MaxNonces is how many secret nonces wait at most. Whoever lets more sessions
// begin loses the oldest.
const MaxNonces = 8192

var (
	errClosed = errors.New("no nonces are made any more")
	errOwn    = errors.New("the private key is not the participant's")
)

// Use is what a secret nonce was made for, and the only thing it signs.
type Use struct {
	Sum, Tweaked Pub      // the aggregate key, and the one that signatures are by
	By           Pub      // the participant
	Leaf         [32]byte // the hash of the leaf that is signed for; zero: none
	Msg          [32]byte // what is signed
}

// Nonces are the secret nonces of a signer who has sent the public ones and waits
// for the others'. Two signatures with one secret nonce tell the private key, so that
//
//   - each is in one place only, here: in memory, never on disk, and no function
//     returns it;
//   - it is found by its Use and its public half alone, so that another message,
//     key, leaf or participant never meets it;
//   - it is taken out under mu before anything is signed with it, and wiped whatever
//     comes of that: two callers never have the same, an error brings none back;
//   - there are at most MaxNonces, and Close wipes them all.
//
// The owner is a wallet, from its loading to its unloading. Safe for concurrent use;
// mu guards everything below it.
type Nonces struct {
	mu     sync.Mutex
	rand   io.Reader
	made   uint64 // how many, ever: no two are alike even if rand repeats itself
	oldest *list.List
	by     map[name]*list.Element // of *waiting
	closed bool
}

// name is how a secret nonce is found.
type name struct {
	use Use
	pub Nonce
}

type waiting struct {
	name   name
	secret [musig2.SecNonceSize]byte
}

// NewNonces is an empty one; rand must not be guessed.
func NewNonces(rand io.Reader) *Nonces {
	return &Nonces{rand: rand, oldest: list.New(), by: make(map[name]*list.Element)}
}

// New makes a nonce for u with the participant's private key, keeps its secret half
// and returns the public one.
func (n *Nonces) New(u Use, secret *btcec.PrivateKey) (Nonce, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return Nonce{}, errClosed
	}
	if Pub(secret.PubKey().SerializeCompressed()) != u.By {
		return Nonce{}, errOwn
	}
	var fresh [32]byte
	defer clear(fresh[:])
	if _, err := io.ReadFull(n.rand, fresh[:]); err != nil {
		return Nonce{}, fmt.Errorf("randomness: %w", err)
	}
	n.made++
	both, err := generate(fresh[:], u, secret, binary.BigEndian.AppendUint64(nil, n.made))
	if err != nil {
		return Nonce{}, err
	}
	defer clear(both.SecNonce[:])
	n.keep(&waiting{name{u, both.PubNonce}, both.SecNonce})
	return both.PubNonce, nil
}

// generate is BIP327's NonceGen with all that it can be given.
func generate(fresh []byte, u Use, secret *btcec.PrivateKey, extra []byte) (*musig2.Nonces, error) {
	sum, err := btcec.ParsePubKey(u.Sum[:])
	if err != nil {
		return nil, fmt.Errorf("aggregate key: %w", err)
	}
	both, err := musig2.GenNonces(
		musig2.WithCustomRand(bytes.NewReader(fresh)), musig2.WithPublicKey(secret.PubKey()), musig2.WithNonceSecretKeyAux(secret),
		musig2.WithNonceCombinedKeyAux(sum), musig2.WithNonceMessageAux(u.Msg), musig2.WithNonceAuxInput(extra))
	if err != nil {
		return nil, fmt.Errorf("make a nonce: %w", err)
	}
	return both, nil
}

// keep makes room for w. mu is held.
func (n *Nonces) keep(w *waiting) {
	if n.oldest.Len() >= MaxNonces {
		n.drop(n.oldest.Front())
	}
	n.by[w.name] = n.oldest.PushBack(w)
}

// drop wipes a nonce. mu is held.
func (n *Nonces) drop(e *list.Element) {
	w := n.oldest.Remove(e).(*waiting)
	delete(n.by, w.name)
	clear(w.secret[:])
}

// Len is how many wait.
func (n *Nonces) Len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.oldest.Len()
}

// take moves a secret nonce out.
func (n *Nonces) take(u Use, pub Nonce) (secret [musig2.SecNonceSize]byte, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.by[name{u, pub}]
	if e == nil {
		return secret, false
	}
	secret = e.Value.(*waiting).secret
	n.drop(e)
	return secret, true
}

// Sign makes the partial signature of u's participant in s, with the secret half of
// the public nonce that s has of it; not ok when that half does not wait for u. It is
// gone afterwards, whatever the error.
func (n *Nonces) Sign(s *Session, u Use, key *btcec.PrivateKey) (p Partial, ok bool, err error) {
	if s.key.Sum != u.Sum || s.key.Tweaked != u.Tweaked || s.msg != u.Msg {
		return p, false, nil
	}
	secret, ok := n.take(u, s.nonces[u.By])
	if !ok {
		return p, false, nil
	}
	defer clear(secret[:])
	sig, err := musig2.Sign(secret, key, s.sum, s.key.pubs, s.msg, musig2.WithTweaks(s.key.tweaks...))
	if err != nil {
		return p, true, fmt.Errorf("partial signature: %w", err)
	}
	sig.S.PutBytes((*[32]byte)(&p))
	if err := s.Verify(u.By, p); err != nil {
		return Partial{}, true, fmt.Errorf("own signing: %w", err)
	}
	return p, true, nil
}

// Close wipes all nonces; from then on none is made.
func (n *Nonces) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for e := n.oldest.Front(); e != nil; e = n.oldest.Front() {
		n.drop(e)
	}
}

package musig

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

// The files in testdata are those of BIP327 and BIP328 in bitcoin/bips.

// hexBytes reads hex from JSON.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// vector is a test case of any of the files; which fields it has differs.
type vector struct {
	Keys    []int  `json:"key_indices"`
	Nonces  []int  `json:"nonce_indices"`
	Tweaks  []int  `json:"tweak_indices"`
	XOnly   []bool `json:"is_xonly"`
	Parts   []int  `json:"psig_indices"`
	Msg     int    `json:"msg_index"`
	Signer  int    `json:"signer_index"`
	Sig     hexBytes
	Want    hexBytes `json:"expected"`
	Comment string
	Error   struct {
		Signer  *int
		Contrib string
	}
}

// vectors is a file of BIP327.
type vectors struct {
	SK       hexBytes
	Pubs     []hexBytes `json:"pubkeys"`
	Secnonce hexBytes
	Secs     []hexBytes `json:"secnonces"`
	Pnonces  []hexBytes
	Tweaks   []hexBytes
	Psigs    []hexBytes
	Msg      hexBytes
	Msgs     []hexBytes
	Valid    []vector `json:"valid_test_cases"`
	Wrong    []vector `json:"error_test_cases"`
	Failing  []vector `json:"verify_fail_test_cases"`
	Refused  []vector `json:"verify_error_test_cases"`
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

func (f *vectors) parts(v vector) (parts []Pub) {
	for _, i := range v.Keys {
		parts = append(parts, Pub(f.Pubs[i]))
	}
	return parts
}

func (f *vectors) key(v vector) (*Key, error) {
	var tweaks []Tweak
	for i, n := range v.Tweaks {
		tweaks = append(tweaks, Tweak{Tweak: [32]byte(f.Tweaks[n]), IsXOnly: v.XOnly[i]})
	}
	k, err := Aggregate(f.parts(v))
	if err != nil {
		return nil, err
	}
	return k.Tweak(tweaks...)
}

func (f *vectors) session(t *testing.T, v vector, msg []byte) (*Session, error) {
	t.Helper()
	k, err := f.key(v)
	if err != nil {
		return nil, err
	}
	nonces := make(map[Pub]Nonce)
	for i, n := range v.Nonces {
		var nonce Nonce
		copy(nonce[:], f.Pnonces[n]) // one is too short
		nonces[Pub(f.Pubs[v.Keys[i]])] = nonce
	}
	return k.Session(nonces, [32]byte(msg))
}

func TestKeysOfBIP327(t *testing.T) {
	var f vectors
	read(t, "key_agg_vectors", &f)
	for i, v := range f.Valid {
		k, err := f.key(v)
		if err != nil || string(k.Tweaked.X()) != string(v.Want) || k.Tweaked != k.Sum {
			t.Errorf("key %d: %v %v", i, k, err)
		}
	}
	for _, v := range f.Wrong {
		if k, err := f.key(v); err == nil {
			t.Errorf("%s: %v", v.Comment, k.Tweaked)
		}
	}
}

// sign makes the partial signature with a nonce that is given.
func (f *vectors) sign(t *testing.T, s *Session, by Pub, secnonce []byte) (Partial, error) {
	t.Helper()
	n := NewNonces(strings.NewReader(""))
	u := Use{Sum: s.key.Sum, Tweaked: s.key.Tweaked, By: by, Msg: s.msg}
	n.keep(&waiting{name{u, s.nonces[by]}, [97]byte(secnonce)})
	secret, _ := btcec.PrivKeyFromBytes(f.SK)
	p, ok, err := n.Sign(s, u, secret)
	if !ok || n.Len() != 0 {
		t.Errorf("signed: %v, %d nonces left", ok, n.Len())
	}
	return p, err
}

func TestSigningOfBIP327(t *testing.T) {
	for _, name := range []string{"sign_verify_vectors", "tweak_vectors"} {
		var f vectors
		read(t, name, &f)
		for i, v := range f.Valid {
			msg, secnonce := f.Msg, f.Secnonce
			if f.Msgs != nil {
				msg, secnonce = f.Msgs[v.Msg], f.Secs[0]
			}
			if len(msg) != 32 {
				continue // transactions are signed by their hashes
			}
			s, err := f.session(t, v, msg)
			if err != nil {
				t.Errorf("%s %d: %v", name, i, err)
				continue
			}
			by := Pub(f.Pubs[v.Keys[v.Signer]])
			if p, err := f.sign(t, s, by, secnonce); err != nil || string(p[:]) != string(v.Want) {
				t.Errorf("%s %d: %x, %v, want %x", name, i, p, err, v.Want)
			}
			if err := s.Verify(by, Partial(v.Want)); err != nil {
				t.Errorf("%s %d: %v", name, i, err)
			}
		}
	}
}

func TestWrongSharesOfBIP327(t *testing.T) {
	var f vectors
	read(t, "sign_verify_vectors", &f)
	var wrong *Wrong
	for _, v := range f.Failing {
		s, err := f.session(t, v, f.Msgs[v.Msg])
		if err != nil {
			t.Fatal(err)
		}
		by := Pub(f.Pubs[v.Keys[v.Signer]])
		if err := s.Verify(by, Partial(v.Sig)); !errors.As(err, &wrong) || wrong.By != by || wrong.Nonce {
			t.Errorf("%s: %v", v.Comment, err)
		}
	}
	for _, v := range f.Refused {
		_, err := f.session(t, v, f.Msgs[v.Msg])
		if err == nil {
			t.Errorf("%s: no error", v.Comment)
		}
		if v.Error.Contrib == "pubnonce" && (!errors.As(err, &wrong) || wrong.By != Pub(f.Pubs[v.Keys[*v.Error.Signer]]) || !wrong.Nonce) {
			t.Errorf("%s: %v", v.Comment, err)
		}
	}
	// A secret nonce of zeros is one that was wiped.
	s, err := f.session(t, f.Valid[0], f.Msgs[0])
	if err != nil {
		t.Fatal(err)
	}
	if p, err := f.sign(t, s, Pub(f.Pubs[0]), f.Secs[1]); err == nil {
		t.Errorf("signed with a nonce of zeros: %x", p)
	}
}

func TestNoncesOfBIP327(t *testing.T) {
	type nonces struct {
		Nonces []int    `json:"pnonce_indices"`
		Want   hexBytes `json:"expected"`
		Error  struct{ Signer *int }
	}
	var f struct {
		Pnonces []hexBytes
		Valid   []nonces `json:"valid_test_cases"`
		Wrong   []nonces `json:"error_test_cases"`
	}
	read(t, "nonce_agg_vectors", &f)
	parts := []Pub{pub(1), pub(2)}
	k, err := Aggregate(parts)
	if err != nil {
		t.Fatal(err)
	}
	session := func(v nonces) (*Session, error) {
		return k.Session(map[Pub]Nonce{parts[0]: Nonce(f.Pnonces[v.Nonces[0]]), parts[1]: Nonce(f.Pnonces[v.Nonces[1]])}, [32]byte{})
	}
	for i, v := range f.Valid {
		if s, err := session(v); err != nil || s.sum != Nonce(v.Want) {
			t.Errorf("nonces %d: %v", i, err)
		}
	}
	for i, v := range f.Wrong {
		var wrong *Wrong
		if _, err := session(v); !errors.As(err, &wrong) || wrong.By != parts[*v.Error.Signer] || !wrong.Nonce {
			t.Errorf("wrong nonces %d: %v", i, err)
		}
	}
}

func TestAddingUpOfBIP327(t *testing.T) {
	var f vectors
	read(t, "sig_agg_vectors", &f)
	combine := func(v vector) ([64]byte, error) {
		s, err := f.session(t, v, f.Msg)
		if err != nil {
			t.Fatal(err)
		}
		parts := make(map[Pub]Partial)
		for i, n := range v.Parts {
			parts[Pub(f.Pubs[v.Keys[i]])] = Partial(f.Psigs[n])
		}
		return s.Combine(parts)
	}
	for i, v := range f.Valid {
		if sig, err := combine(v); err != nil || string(sig[:]) != string(v.Want) {
			t.Errorf("signature %d: %x, %v, want %x", i, sig, err, v.Want)
		}
	}
	for _, v := range f.Wrong {
		sig, err := combine(v)
		if by := Pub(f.Pubs[v.Keys[*v.Error.Signer]]); err == nil || !strings.Contains(err.Error(), by.String()) {
			t.Errorf("%s: %x, %v", v.Comment, sig, err)
		}
	}
}

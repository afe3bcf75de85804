package script

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/quernnet/quern/consensus/secp"
)

// liar answers wrongly whatever it is asked.
type liar struct{ Fast }

func (l *liar) Verify(claims []secp.Claim, ok []bool) error {
	err := l.Fast.Verify(claims, ok)
	for i := range ok {
		ok[i] = !ok[i]
	}
	return err
}

func (l *liar) Tweaked(key []byte, tweak *[32]byte, output []byte, odd bool) (bool, error) {
	ok, err := l.Fast.Tweaked(key, tweak, output, odd)
	return !ok, err
}

// TestAuditFindsLies: whether the lie is that a good signature is bad or that a
// bad one is good, and whichever way it is verified, there is no verdict on the
// check but a Divergence that tells what was asked and where.
func TestAuditFindsLies(t *testing.T) {
	leaf := join(push(make([]byte, 32)), []byte{opDrop, op1})
	for _, test := range []struct {
		name   string
		check  Check
		scheme string
	}{
		{"good, fast path", locked{form: formWitnessKeyHash, hashType: hashAll}.spend(Mandatory), "ecdsa"},
		{"bad, fast path", mutate(locked{form: formWitnessKeyHash, hashType: hashAll}.spend(Mandatory), []byte{8, 0, 1}), "ecdsa"},
		{"good, multisig", locked{form: formHashMultisig, keys: 3, signers: 3, hashType: hashAll}.spend(Mandatory), "ecdsa"},
		{"good, taproot", locked{form: formTaproot}.spend(Mandatory), "schnorr"},
		{"good, interpreted", locked{form: formMultisig, keys: 1, signers: 1, hashType: hashAll, tiny: true}.spend(Mandatory), "ecdsa"},
		{"good, tweaked", newTapSpend(leaf).check(t, Mandatory, items()), "tweak"},
	} {
		batch := NewBatch(NewAudit(new(liar), Reference{}, 1, rand.New(rand.NewPCG(1, 2))))
		_, err := batch.Run([]Check{test.check})
		var d *Divergence
		if !errors.As(err, &d) {
			t.Errorf("%s: no divergence but %v", test.name, err)
			continue
		}
		if d.Scheme != test.scheme || d.First == d.Second || d.Tx != test.check.Tx.ID() || d.In != test.check.In {
			t.Errorf("%s: reported as %v", test.name, d)
		}
	}
}

// TestAuditChooses shows that about one in so many is repeated, and not always
// the same.
func TestAuditChooses(t *testing.T) {
	claims, ok := make([]secp.Claim, 1000), make([]bool, 1000)
	var runs [2]int
	for i := range runs {
		second := new(counting)
		a := NewAudit(new(Fast), second, 10, rand.New(rand.NewPCG(uint64(i), 7)))
		if err := a.Verify(claims, ok); err != nil {
			t.Fatal(err)
		}
		if runs[i] = second.claims; runs[i] < 50 || runs[i] > 200 {
			t.Errorf("%d of 1000 are repeated, 100 were to be expected", runs[i])
		}
	}
	if runs[0] == runs[1] {
		t.Errorf("both runs chose %d", runs[0])
	}
}

// TestReferenceAgrees runs every form by btcec.
func TestReferenceAgrees(t *testing.T) {
	for f := range forms {
		c := locked{form: f, keys: 2, signers: 3, hashType: hashAll}.spend(Mandatory)
		for _, c := range []Check{c, mutate(c, []byte{8, 0, 1})} {
			_, fast := NewBatch(nil).Run([]Check{c})
			_, slow := NewBatch(Reference{}).Run([]Check{c})
			if !errors.Is(fast, slow) && (fast != nil || slow != nil) {
				t.Errorf("%v: %v, by btcec %v", f, fast, slow)
			}
		}
	}
}

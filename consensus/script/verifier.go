package script

import "github.com/quernnet/quern/consensus/secp"

// Verifier is the arithmetic behind signatures. One serves one goroutine.
type Verifier interface {
	// Verify sets ok[i] to whether claims[i] is true. After an error ok means
	// nothing, and nothing may be said of whoever made the claims.
	Verify(claims []secp.Claim, ok []bool) error
	// Tweaked is secp.Tweaked, with errors like Verify's.
	Tweaked(key []byte, tweak *[32]byte, output []byte, odd bool) (bool, error)
}

// Fast is the Verifier of consensus/secp. The zero value is ready.
type Fast struct{ batch secp.Batch }

// Verify implements Verifier.
func (f *Fast) Verify(claims []secp.Claim, ok []bool) error {
	f.batch.Verify(claims, ok)
	return nil
}

// Tweaked implements Verifier.
func (f *Fast) Tweaked(key []byte, tweak *[32]byte, output []byte, odd bool) (bool, error) {
	return secp.Tweaked(key, tweak, output, odd), nil
}

// Interpreted is a Verifier with which every check is interpreted, templates too:
// for those who doubt the fast path.
type Interpreted struct{ Verifier }

// Reference is the Verifier of btcec: slow, and made by others.
type Reference struct{}

// Verify implements Verifier.
func (Reference) Verify(claims []secp.Claim, ok []bool) error {
	for i := range claims {
		ok[i] = claims[i].VerifyReference()
	}
	return nil
}

// Tweaked implements Verifier.
func (Reference) Tweaked(key []byte, tweak *[32]byte, output []byte, odd bool) (bool, error) {
	return secp.TweakedReference(key, tweak, output, odd), nil
}

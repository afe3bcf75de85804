package psbt_test

import (
	"encoding/base64"
	"testing"

	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/signing"
)

// FuzzDecode holds that what can be read can be written, read again the same, and
// merged, signed and analyzed without harm, also by the participants of BIP373's vectors.
func FuzzDecode(f *testing.F) {
	v := readVectors(f)
	for _, text := range append(v.Valid, v.Invalid...) {
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			f.Add(raw)
		}
	}
	var ring signing.Keyring
	for _, r := range cosigners(f) {
		ring.Merge(r)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := psbt.Decode(raw)
		if err != nil {
			return
		}
		once := p.Base64()
		again, err := psbt.DecodeBase64(once)
		if err != nil {
			// A previous transaction is written without its witness, and one without inputs
			// cannot be read back that way.
			t.Skip(err)
		}
		if again.Base64() != once {
			t.Fatal("changes when written again")
		}
		if both, ok := psbt.Combine([]*psbt.Packet{p, again}); ok && both.Base64() != once {
			t.Fatal("merged with itself it is another")
		}
		psbt.Analyze(p)
		p.Troubles()
		if s, err := psbt.NewSigner(p); err == nil {
			for i := range p.Outs {
				s.Describe(i, new(signing.Keyring))
			}
			for i := range p.Ins {
				_, _ = s.Sign(i, &ring, psbt.Options{})
			}
		}
		p.Extract()
	})
}

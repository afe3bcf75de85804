package psbt

import (
	"fmt"
	"slices"

	"github.com/quernnet/quern/node/signing"
)

// Trouble is what keeps the participants of an aggregate key from signing an input.
type Trouble struct {
	In int
	signing.Trouble
}

// String says it in words.
func (t Trouble) String() string { return fmt.Sprintf("Input %d: %v", t.In, t.Trouble) }

// Troubles lists what Sign has come upon, each once.
func (s *Signer) Troubles() []Trouble { return s.troubles }

func (s *Signer) note(i int, list []signing.Trouble) {
	for _, t := range list {
		if at := (Trouble{i, t}); !slices.Contains(s.troubles, at) {
			s.troubles = append(s.troubles, at)
		}
	}
}

// Troubles lists what is wrong with the shares that participants of aggregate keys put
// into the packet: it names who sent a public nonce or partial signature that nothing
// can come of. The packet stays as it is.
func (p *Packet) Troubles() []Trouble {
	p = p.clone()
	s, err := NewSigner(p)
	if err != nil {
		return nil
	}
	for i := range p.Ins {
		if len(p.Ins[i].Nonces) > 0 && !p.Ins[i].Final() {
			_, _ = s.Sign(i, new(signing.Keyring), Options{Sighash: p.Ins[i].Sighash}) // only the shares are asked for
		}
	}
	return s.troubles
}

// Words are troubles as RPC tells them.
func Words(list []Trouble) []string {
	var words []string
	for _, t := range list {
		words = append(words, t.String())
	}
	return words
}

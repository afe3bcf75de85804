package psbt

import "fmt"

// Join puts the inputs and outputs of packets of version 0 together into one
// transaction, in an order that pick chooses: pick(n) is a random number below n.
// An input that stands in two is an error. It has the highest transaction version,
// and the lowest lock time.
func Join(packets []*Packet, pick func(n int) int) (*Packet, error) {
	out := &Packet{TxVersion: 1, Fallback: new(uint32(0xffffffff))}
	for _, p := range packets {
		if p.Version != 0 {
			return nil, fmt.Errorf("joinpsbts only operates on version 0 PSBTs")
		}
		out.TxVersion = max(out.TxVersion, p.TxVersion)
		lock, _ := p.LockTime()
		out.Fallback = new(min(*out.Fallback, lock))
	}
	for _, p := range packets {
		for _, in := range p.Ins {
			if !out.addInput(in) {
				return nil, fmt.Errorf("Input %s:%d exists in multiple PSBTs", in.Prev.TxID, in.Prev.Index)
			}
		}
		out.Outs = append(out.Outs, p.Outs...)
		insert(&out.Unknown, p.Unknown)
	}
	shuffle(out.Ins, pick)
	shuffle(out.Outs, pick)
	return out, nil
}

// addInput adds an input to a packet of version 0, without its signatures, which
// would not hold. It says whether it is new.
func (p *Packet) addInput(in Input) bool {
	for i := range p.Ins {
		if p.Ins[i].Prev == in.Prev {
			return false
		}
	}
	in.Sigs, in.FinalScript, in.FinalWitness = nil, nil, nil
	p.Ins = append(p.Ins, in)
	return true
}

func shuffle[T any](s []T, pick func(n int) int) {
	for i := len(s) - 1; i > 0; i-- {
		j := pick(i + 1)
		s[i], s[j] = s[j], s[i]
	}
}

package descriptor

import "github.com/quernnet/quern/consensus/wire"

// InputWeight is the most that a signed input weighs that spends the output, in a
// transaction with witness, in weight units, and whether it has a witness itself. maxSig
// is as MaxWeight's. Not ok: nobody knows how to spend it.
func (d *Descriptor) InputWeight(maxSig bool) (weight int64, witness, ok bool) {
	sat, ok := d.MaxWeight(maxSig)
	if !ok {
		return 0, false, false
	}
	items, ok := d.MaxItems()
	if !ok {
		return 0, false, false
	}
	kind := d.OutputType()
	witness = kind != "" && kind != "legacy"
	// The length of the signature script, and the number of the witness's items.
	sizes := 4*wire.VarintSize(uint64(sat/4)) + 1
	if witness {
		sizes = 4 + wire.VarintSize(uint64(items))
	}
	const outpointAndSequence = 32 + 4 + 4
	return int64(4*outpointAndSequence + sizes + sat), witness, true
}

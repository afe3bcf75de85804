package coins

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus"
)

// template is a script of a usual form: fixed bytes around a hash or key.
type template struct {
	before, after string
	payload       int
}

func (t *template) size() int { return len(t.before) + t.payload + len(t.after) }

func (t *template) fits(script []byte) bool {
	return len(script) == t.size() &&
		string(script[:len(t.before)]) == t.before &&
		string(script[len(t.before)+t.payload:]) == t.after
}

// templates are the forms stored without their fixed bytes. The index is on
// disk: append only, and no more than rawScript.
var templates = [...]template{
	{"\x76\xa9\x14", "\x88\xac", 20}, // P2PKH
	{"\xa9\x14", "\x87", 20},         // P2SH
	{"\x00\x14", "", 20},             // P2WPKH
	{"\x00\x20", "", 32},             // P2WSH
	{"\x51\x20", "", 32},             // P2TR
}

// rawScript plus its length introduces a script of no known form.
const rawScript = 8

// Append adds c's encoding to dst: height*2+coinbase, the amount without its
// trailing decimal zeros, the script, all but the script's payload as uvarints.
// TimePast is not kept.
func Append(dst []byte, c *consensus.Coin) []byte {
	place := uint64(c.Height) << 1
	if c.Coinbase {
		place |= 1
	}
	dst = binary.AppendUvarint(dst, place)
	dst = binary.AppendUvarint(dst, consensus.PackAmount(uint64(c.Value)))
	for i := range templates {
		if t := &templates[i]; t.fits(c.Script) {
			dst = append(dst, byte(i))
			return append(dst, c.Script[len(t.before):len(t.before)+t.payload]...)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Script))+rawScript)
	return append(dst, c.Script...)
}

// errDamaged is what is wrong with bytes that Append never wrote.
var errDamaged = errors.New("damaged coin encoding")

// Decode reads what Append wrote, which must fill b. The coin's script does not
// alias b.
func Decode(b []byte) (consensus.Coin, error) {
	var a Arena
	c, rest, err := a.Next(b)
	if err == nil && len(rest) > 0 {
		return consensus.Coin{}, fmt.Errorf("%w: %d bytes too many", errDamaged, len(rest))
	}
	return c, err
}

// Arena holds the scripts of decoded coins together, so that each does not
// cost an allocation. They live as long as any of them.
type Arena struct{ free []byte }

const arenaChunk = 4096

func (a *Arena) take(n int) []byte {
	if n > len(a.free) {
		if n > arenaChunk/4 {
			return make([]byte, n)
		}
		// The first coin alone is the common case: it gets what it needs.
		size := n
		if a.free != nil {
			size = arenaChunk
		}
		a.free = make([]byte, size)
	}
	b := a.free[:n:n]
	a.free = a.free[n:]
	return b
}

// Next reads one coin from the start of b and returns the rest.
func (a *Arena) Next(b []byte) (c consensus.Coin, rest []byte, err error) {
	place, b, err := uvarint(b)
	if err != nil {
		return c, nil, err
	}
	if place>>1 > 1<<32-1 {
		return c, nil, fmt.Errorf("%w: height %d", errDamaged, place>>1)
	}
	amount, b, err := uvarint(b)
	if err != nil {
		return c, nil, err
	}
	c.Height, c.Coinbase = uint32(place>>1), place&1 == 1
	c.Value = int64(consensus.UnpackAmount(amount))
	c.Script, rest, err = a.script(b)
	return c, rest, err
}

func (a *Arena) script(b []byte) (script, rest []byte, err error) {
	kind, b, err := uvarint(b)
	if err != nil {
		return nil, nil, err
	}
	var t template
	switch {
	case kind < uint64(len(templates)):
		t = templates[kind]
	case kind >= rawScript && kind-rawScript <= uint64(len(b)):
		t.payload = int(kind - rawScript)
	default:
		return nil, nil, fmt.Errorf("%w: script kind %d with %d bytes left", errDamaged, kind, len(b))
	}
	if t.payload > len(b) {
		return nil, nil, fmt.Errorf("%w: script needs %d bytes, %d left", errDamaged, t.payload, len(b))
	}
	script = a.take(t.size())
	copy(script, t.before)
	copy(script[len(t.before):], b[:t.payload])
	copy(script[len(t.before)+t.payload:], t.after)
	return script, b[t.payload:], nil
}

func uvarint(b []byte) (v uint64, rest []byte, err error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, fmt.Errorf("%w: no number in %d bytes", errDamaged, len(b))
	}
	return v, b[n:], nil
}

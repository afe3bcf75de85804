package snapshot

import (
	"errors"
	"io"
	"math"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus"
)

// Forms of a script without its fixed bytes (Core: compressor.cpp). Any other has its
// length and rawScript before it.
const (
	payToKeyHash    = 0
	payToScriptHash = 1
	payToEvenKey    = 2 // and 3: an odd one; 4 and 5: likewise, of a key that is written in full
	rawScript       = 6

	maxScript = 10_000 // bytes; Core reads none that are longer
)

// errFormat is what bytes come to that no writer writes.
var errFormat = errors.New("malformed")

// appendVarint writes Core's VARINT: seven bits a byte, the most significant first, of
// which each continued value counts one more, so that there is one form for each number.
func appendVarint(b []byte, n uint64) []byte {
	var tmp [10]byte
	i := len(tmp) - 1
	tmp[i] = byte(n & 0x7f)
	for n > 0x7f {
		n = n>>7 - 1
		i--
		tmp[i] = byte(n&0x7f) | 0x80
	}
	return append(b, tmp[i:]...)
}

// varint reads one that fits most.
func varint(r io.ByteReader, most uint64) (n uint64, err error) {
	for {
		c, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if n > most>>7 {
			return 0, errFormat
		}
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return n, nil
		}
		if n == most {
			return 0, errFormat
		}
		n++
	}
}

// appendCoin writes height and coinbase, amount and script.
func appendCoin(b []byte, c *consensus.Coin) []byte {
	place := uint64(c.Height) << 1
	if c.Coinbase {
		place |= 1
	}
	b = appendVarint(b, place)
	b = appendVarint(b, consensus.PackAmount(uint64(c.Value)))
	return appendScript(b, c.Script)
}

func appendScript(b, s []byte) []byte {
	switch {
	case len(s) == 25 && s[0] == 0x76 && s[1] == 0xa9 && s[2] == 20 && s[23] == 0x88 && s[24] == 0xac:
		return append(append(b, payToKeyHash), s[3:23]...)
	case len(s) == 23 && s[0] == 0xa9 && s[1] == 20 && s[22] == 0x87:
		return append(append(b, payToScriptHash), s[2:22]...)
	case len(s) == 35 && s[0] == 33 && s[34] == 0xac && (s[1] == 2 || s[1] == 3):
		return append(append(b, s[1]), s[2:34]...)
	case len(s) == 67 && s[0] == 65 && s[66] == 0xac && s[1] == 4 && onCurve(s[1:66]):
		return append(append(b, 4|s[65]&1), s[2:34]...)
	}
	return append(appendVarint(b, uint64(len(s))+rawScript), s...)
}

func onCurve(key []byte) bool {
	_, err := btcec.ParsePubKey(key)
	return err == nil
}

// reader is what coins are read from.
type reader interface {
	io.Reader
	io.ByteReader
}

// readCoin reads what appendCoin wrote.
func readCoin(r reader) (c consensus.Coin, err error) {
	place, err := varint(r, math.MaxUint32)
	if err != nil {
		return c, err
	}
	amount, err := varint(r, math.MaxUint64)
	if err != nil {
		return c, err
	}
	c.Height, c.Coinbase = uint32(place>>1), place&1 == 1
	c.Value = int64(consensus.UnpackAmount(amount))
	c.Script, err = readScript(r)
	return c, err
}

func readScript(r reader) ([]byte, error) {
	kind, err := varint(r, math.MaxUint32)
	if err != nil {
		return nil, err
	}
	if kind >= rawScript {
		return readRaw(r, int64(kind-rawScript))
	}
	payload := make([]byte, 20, 32)
	if kind >= payToEvenKey {
		payload = payload[:32]
	}
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, err
	}
	switch kind {
	case payToKeyHash:
		return append(append([]byte{0x76, 0xa9, 20}, payload...), 0x88, 0xac), nil
	case payToScriptHash:
		return append(append([]byte{0xa9, 20}, payload...), 0x87), nil
	case payToEvenKey, payToEvenKey + 1:
		return append(append([]byte{33, byte(kind)}, payload...), 0xac), nil
	}
	key, err := btcec.ParsePubKey(append([]byte{byte(kind) - 2}, payload...))
	if err != nil {
		return nil, nil //nolint:nilerr // Core leaves the script empty
	}
	return append(append([]byte{65}, key.SerializeUncompressed()...), 0xac), nil
}

// readRaw reads a script as it is. One that is too long becomes one that cannot be
// spent, as in Core.
func readRaw(r reader, n int64) ([]byte, error) {
	if n > maxScript {
		_, err := io.CopyN(io.Discard, r, n)
		return []byte{0x6a}, err
	}
	s := make([]byte, n)
	_, err := io.ReadFull(r, s)
	return s, err
}

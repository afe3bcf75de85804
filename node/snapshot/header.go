package snapshot

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Header is what a file begins with.
type Header struct {
	Base  wire.Hash // the block after which the coins are
	Coins uint64
}

const (
	version = 2
	// HeaderSize in bytes: magic, version, the network's magic, base, coins.
	HeaderSize = len(fileMagic) + 2 + 4 + wire.HashSize + 8
)

const fileMagic = "utxo\xff"

// append writes the header of a file of the network with that magic.
func (h *Header) append(b []byte, magic [4]byte) []byte {
	b = append(b, fileMagic...)
	b = binary.LittleEndian.AppendUint16(b, version)
	b = append(b, magic[:]...)
	b = append(b, h.Base[:]...)
	return binary.LittleEndian.AppendUint64(b, h.Coins)
}

// ReadHeader reads what a file of p's network begins with. Its errors are in
// Bitcoin Core's words.
func ReadHeader(r io.Reader, p *consensus.Params) (h Header, err error) {
	var b [HeaderSize]byte
	n, err := io.ReadFull(r, b[:])
	switch {
	case n < len(fileMagic):
		return h, errShort
	case string(b[:len(fileMagic)]) != fileMagic:
		return h, fmt.Errorf("Invalid UTXO set snapshot magic bytes. Please check if this is indeed a snapshot file or if you are using an outdated snapshot format.") //nolint:staticcheck // Core's words
	}
	rest := b[len(fileMagic):n]
	if len(rest) < 2 {
		return h, errShort
	}
	if v := binary.LittleEndian.Uint16(rest); v != version {
		return h, fmt.Errorf("Version of snapshot %d does not match any of the supported versions.", v) //nolint:staticcheck // Core's words
	}
	if len(rest) < 6 {
		return h, errShort
	}
	if magic := rest[2:6]; !bytes.Equal(magic, p.Magic[:]) {
		if name := network([4]byte(magic)); name != "" {
			return h, fmt.Errorf("The network of the snapshot (%s) does not match the network of this node (%s).", name, p.RPCName) //nolint:staticcheck // Core's words
		}
		return h, fmt.Errorf("This snapshot has been created for an unrecognized network. This could be a custom signet, a new testnet or possibly caused by data corruption.") //nolint:staticcheck // Core's words
	}
	if err != nil {
		return h, errShort
	}
	copy(h.Base[:], rest[6:])
	h.Coins = binary.LittleEndian.Uint64(rest[6+wire.HashSize:])
	return h, nil
}

// errShort is Core's word for a file that ends too early, as its stream says it.
var errShort = fmt.Errorf("AutoFile::read: end of file: iostream error")

// network names the network of a magic, empty for none that is known.
func network(magic [4]byte) string {
	if magic == [4]byte{0x0b, 0x11, 0x09, 0x07} {
		return "test"
	}
	for _, name := range []string{"main", "testnet4", "signet", "regtest"} {
		if p, err := consensus.Chain(name); err == nil && p.Magic == magic {
			return name
		}
	}
	return ""
}

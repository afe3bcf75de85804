package snapshot

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// maxCount is the largest count that Core reads (MAX_SIZE).
const maxCount = 0x02000000

// Read calls f for each coin behind a header, none of which may be of a block above
// height. Its own errors are in Bitcoin Core's words
// (PopulateAndValidateSnapshot).
func Read(r reader, h Header, height uint32, f func(wire.Outpoint, *consensus.Coin) error) error {
	left := h.Coins
	for left > 0 {
		truncated := func() error {
			return fmt.Errorf("Bad snapshot format or truncated snapshot after deserializing %d coins", h.Coins-left) //nolint:staticcheck // Core's words
		}
		var op wire.Outpoint
		if _, err := io.ReadFull(r, op.TxID[:]); err != nil {
			return truncated()
		}
		n, err := count(r)
		if err != nil {
			return truncated()
		}
		if n > left {
			return fmt.Errorf("Mismatch in coins count in snapshot metadata and actual snapshot data") //nolint:staticcheck // Core's words
		}
		for range n {
			index, err := count(r)
			if err != nil {
				return truncated()
			}
			c, err := readCoin(r)
			if err != nil {
				return truncated()
			}
			op.Index = uint32(index)
			if c.Height > height || op.Index == math.MaxUint32 {
				return fmt.Errorf("Bad snapshot data after deserializing %d coins", h.Coins-left) //nolint:staticcheck // Core's words
			}
			if c.Value < 0 || c.Value > consensus.MaxMoney {
				return fmt.Errorf("Bad snapshot data after deserializing %d coins - bad tx out value", h.Coins-left) //nolint:staticcheck // Core's words
			}
			if err := f(op, &c); err != nil {
				return err
			}
			left--
		}
	}
	if _, err := r.ReadByte(); err == nil {
		return fmt.Errorf("Bad snapshot - coins left over after deserializing %d coins", h.Coins) //nolint:staticcheck // Core's words
	}
	return nil
}

// count reads a compact size in its one form.
func count(r reader) (uint64, error) {
	first, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	size, least := 0, uint64(0)
	switch first {
	case 0xfd:
		size, least = 2, 0xfd
	case 0xfe:
		size, least = 4, 0x10000
	case 0xff:
		size, least = 8, 0x100000000
	default:
		return uint64(first), nil
	}
	var b [8]byte
	if _, err := io.ReadFull(r, b[:size]); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint64(b[:])
	if n < least || n > maxCount {
		return 0, errFormat
	}
	return n, nil
}

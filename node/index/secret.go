package index

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus/siphash"
)

// secret hashes ids and outpoints to short keys. Nobody else knows it, so that
// nobody can make two transactions with one key; by accident 2^96 keys hardly ever
// meet, and one that does is found out by whoever reads.
type secret [2]siphash.Key

var secretKey = ds.NewKey("/secret")

const (
	secretSize = 32
	shortSize  = 12 // bytes of a short key
)

// loadSecret reads an index's secret, or makes one before there are entries.
func loadSecret(ctx context.Context, r reader, rand io.Reader) (s secret, err error) {
	b, err := r.get(ctx, secretKey)
	if err != nil {
		return s, err
	}
	if b == nil {
		b = make([]byte, secretSize)
		if _, err := io.ReadFull(rand, b); err != nil {
			return s, fmt.Errorf("make a secret: %w", err)
		}
		// The log keeps it before any entry that is made with it.
		if err := r.store.(ds.Write).Put(ctx, secretKey, b); err != nil {
			return s, fmt.Errorf("keep a secret: %w", err)
		}
	}
	if len(b) != secretSize {
		return s, fmt.Errorf("its secret is damaged: %d bytes", len(b))
	}
	return secret{siphash.NewKey([16]byte(b[:16])), siphash.NewKey([16]byte(b[16:]))}, nil
}

// key is the key of an entry for b.
func (s *secret) key(b []byte) ds.Key {
	k := make([]byte, 1, 1+shortSize+1)
	k[0] = '/'
	k = binary.BigEndian.AppendUint64(k, s[0].Sum(b))
	k = binary.BigEndian.AppendUint32(k, uint32(s[1].Sum(b)))
	return ds.RawKey(string(append(k, guard)))
}

package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// A crash may take the chain back behind an index, down to the last block that the
// chain had on disk, whichever that was. An index therefore remembers places that it
// has passed: one below that block, and one in every stride since. Blocks above the
// nearest are there whatever was pruned, as pruning leaves the last 288 below what the
// chain has on disk.

// stride is how many blocks lie between two places of a trail.
const stride = 144

// pass notes where the index is, on its way. memory is asked when it is needed.
func (l *line) pass(id wire.Hash, height uint32) {
	if n := len(l.trail); n > 0 && height < l.trail[n-1].height+stride {
		return
	}
	l.trail = append(l.trail, place{known: true, id: id, height: height, memory: l.memory()})
	l.strayed = true
}

// unpass forgets places that a reorganisation has taken back.
func (l *line) unpass(height uint32) {
	for n := len(l.trail); n > 0 && l.trail[n-1].height > height; n-- {
		l.trail, l.strayed = l.trail[:n-1], true
	}
}

// settle forgets the places below the newest that the chain has on disk.
func (s *Set) settle(l *line) {
	disk, _ := s.c.Chain.Header(s.c.Chain.Flushed())
	for disk.Active && len(l.trail) > 1 && l.trail[1].height <= disk.Height {
		if h, ok := s.c.Chain.Header(l.trail[1].id); !ok || !h.Active {
			return // a crash may lead to either branch
		}
		l.trail, l.strayed = l.trail[1:], true
	}
}

// back is the newest place of the trail that the chain knows; that before genesis
// where it knows none.
func (s *Set) back(l *line) place {
	for n := len(l.trail); n > 0; n-- {
		if p := l.trail[n-1]; !s.unknown(p.id) {
			return p
		}
	}
	return place{}
}

func (s *Set) unknown(id wire.Hash) bool {
	_, _, err := s.c.Chain.UpdatesSince(id, 1)
	return errors.Is(err, chain.ErrUnknown)
}

// encodeTrail puts places after each other, each behind its length.
func encodeTrail(ps []place) (b []byte) {
	for i := range ps {
		one := ps[i].encode()
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(one))), one...)
	}
	return b
}

func (l *line) readTrail(ctx context.Context) (ps []place, err error) {
	b, err := l.store.Get(ctx, trailKey)
	if errors.Is(err, ds.ErrNotFound) {
		return nil, nil
	}
	for err == nil && len(b) > 0 {
		if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
			return nil, fmt.Errorf("the places that it has passed are damaged: %d bytes are left", len(b))
		}
		n := binary.BigEndian.Uint32(b)
		var p place
		if p, err = decodePlace(b[4 : 4+n]); err == nil {
			ps, b = append(ps, p), b[4+n:]
		}
	}
	return ps, err
}

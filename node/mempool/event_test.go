package mempool

import (
	"math/rand/v2"
	"testing"
)

// TestEventLogKeepsTheNewest compares the ring with a list, over its growth and for a while beyond.
func TestEventLogKeepsTheNewest(t *testing.T) {
	var l eventLog
	var all []record
	random := rand.New(rand.NewPCG(3, 0))
	big := &entry{Packed: Packed{raw: make([]byte, maxEventBytes/8)}}
	kept := 0 // by the bound of bytes
	for i := range 2*maxEvents + 100 {
		r := record{height: uint32(i)}
		if i < 200 && random.IntN(10) == 0 {
			r.e = big
		}
		l.push(r)
		all = append(all, r)
		if random.IntN(1000) > 0 && i != 2*maxEvents+99 && i > 200 {
			continue
		}
		bytes := 0
		for kept = 0; kept < min(len(all), maxEvents); kept++ {
			if bytes += all[len(all)-1-kept].size(); bytes > maxEventBytes {
				break
			}
		}
		if l.n != kept || len(l.ring) > maxEvents || l.last != uint64(len(all)) {
			t.Fatalf("after %d events %d of %d are kept in a ring of %d", len(all), l.n, kept, len(l.ring))
		}
		k := random.IntN(kept + 1)
		got, ok := l.since(l.last - uint64(k))
		if !ok || len(got) != k {
			t.Fatalf("after %d events: %d of the last %d", len(all), len(got), k)
		}
		for j := range got {
			if got[j] != all[len(all)-k+j] {
				t.Fatalf("after %d events: the last but %d is of height %d", len(all), k-j, got[j].height)
			}
		}
		if _, ok := l.since(l.last - uint64(kept) - 1); ok && kept < len(all) {
			t.Fatalf("after %d events: more than %d are told of", len(all), kept)
		}
	}
}

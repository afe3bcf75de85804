package coins

import "pgregory.net/rapid"

// check holds a cache against its invariants.
func (c *Cache) check(t *rapid.T) {
	live := make(map[uint32]int)
	n := 0
	bytes := int64(0)
	for i := range c.table.shards {
		s := &c.table.shards[i]
		bytes += int64(len(s.slots)) * slotBytes
		before := slot(0)
		if s.slots[len(s.slots)-1] != 0 {
			t.Fatalf("shard %d has no end", i)
		}
		for at, e := range s.slots {
			if e == 0 {
				continue
			}
			n++
			if h := home(e.hash(), s.homes()); h > at || h < at && s.slots[at-1] == 0 || e.hash() < before.hash() {
				t.Fatalf("an entry of home %d is at %d", h, at)
			}
			before = e
			v := parse(c.log.at(e.at()))
			hash := c.hash(&v.op)
			if c.table.shard(hash) != s || uint32(hash) != e.hash() {
				t.Fatalf("entry %v is at another's place", v.op)
			}
			if v.flags&deadFlag != 0 {
				t.Fatalf("entry %v is dead", v.op)
			}
			if c.log.segmentOf(e.at()).kind != clean || !v.spent() {
				live[uint32(int(e.at())/c.log.units())] += v.size
			}
		}
	}
	if n != c.table.n || bytes != c.table.bytes {
		t.Fatalf("the table has %d entries in %d bytes, its sums say %d and %d", n, bytes, c.table.n, c.table.bytes)
	}
	c.checkLog(t, live)
}

func (c *Cache) checkLog(t *rapid.T, live map[uint32]int) {
	held, changed, written := 0, 0, 0
	var dirtySum Sum
	for no := range c.log.segments {
		s := &c.log.segments[no]
		if s.kind == vacant {
			continue
		}
		held++
		if s.live != live[uint32(no)] {
			t.Fatalf("segment %d has %d bytes that are current, its sum says %d", no, live[uint32(no)], s.live)
		}
		switch s.kind {
		case dirty:
			changed++
			for at := 0; at < s.used; {
				e := parse(s.data[at:])
				at += e.size
				if e.flags&deadFlag == 0 {
					dirtySum.Entries++
					dirtySum.Batch += e.batch()
				}
			}
		case frozen:
			written++
		}
	}
	if held != c.log.held || changed != len(c.log.changed) || written != len(c.log.written) {
		t.Fatalf("segments: %d, %d changed, %d frozen; the lists say %d, %d, %d",
			held, changed, written, c.log.held, len(c.log.changed), len(c.log.written))
	}
	if dirtySum != c.dirty {
		t.Fatalf("changes are %+v, their sum says %+v", dirtySum, c.dirty)
	}
}

package coins

// Room in the log is got back in two ways. A segment of which at most half is
// current is compacted: what is current moves on, to be found where entries of
// its kind are added. Otherwise the clean entries that were added first are
// given up: most coins that are spent are young.

// crowded says that n more segments of changes would be more than there should
// be. While those are flushed, as much again may come.
func (c *Cache) crowded(n int) bool {
	return int64(len(c.log.changed)+n)*int64(c.log.size) > c.most
}

// over says that the cache could not open a segment within its budget.
func (c *Cache) over() bool {
	return int64(c.log.held+1)*int64(c.log.size)+c.table.bytes > c.budget
}

// makeRoom prepares for an entry of a kind and size. It says whether it changed
// the table. Changes always find room, if need be beyond the budget.
func (c *Cache) makeRoom(k kind, size int) (changed bool) {
	if c.log.fits(k, size) {
		return false
	}
	if k == dirty && c.crowded(1) {
		if no := c.log.emptiest(dirty); no != 0 {
			c.empty(no, true)
			changed = true
		}
	}
	for c.over() && c.reclaim() {
		changed = true
	}
	return changed
}

// reclaim empties one segment; false when none can be.
func (c *Cache) reclaim() bool {
	for _, k := range [...]kind{clean, dirty} {
		if no := c.log.emptiest(k); no != 0 {
			c.empty(no, true)
			return true
		}
	}
	if no := c.log.oldest(); no != 0 {
		c.empty(no, false)
		return true
	}
	return false
}

// empty releases a segment. What is current in it moves, or is given up if it
// is clean.
func (c *Cache) empty(no uint32, move bool) {
	s := c.log.segments[no] // a copy: adding to the log may move the original
	first := place(int(no) * c.log.units())
	for at := 0; at < s.used; {
		e := parse(s.data[at:])
		p := first + place(at/unit)
		at += e.size
		if e.flags&deadFlag != 0 {
			continue
		}
		hash := c.hash(&e.op)
		shard, i, known := c.find(&e.op, hash)
		switch {
		case !known || shard.slots[i].at() != p:
			// Frozen when it was superseded, thawed since: what superseded it is
			// the last word.
			if s.kind == dirty {
				c.dirty.Entries--
				c.dirty.Batch -= e.batch()
			}
		case move && !(s.kind == clean && e.spent()):
			shard.slots[i] = slotOf(hash, c.log.add(s.kind, &e.op, e.value, e.flags))
		default:
			c.table.remove(shard, i)
		}
	}
	c.log.release(no)
}

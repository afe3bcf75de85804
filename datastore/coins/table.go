package coins

// table finds an entry's place in the log by the salted hash of its outpoint.
//
// It is a number of shards, each a run of slots sorted by hash: an entry lies
// at its home, or behind it after those of smaller hashes that were pushed out
// of theirs. So a search ends at the first greater hash, a deletion leaves no
// mark, and growing is one pass in order. Shards grow one by one and by a
// quarter, so that no growth needs much memory at once.
type table struct {
	shards [shardCount]shard
	n      int   // entries
	bytes  int64 // of slots
}

// shard holds slots for its homes and, behind them, room for entries that the
// last homes push out. The last slot is always empty: every search ends there.
type shard struct {
	slots []slot
	n     int
}

// slot is an entry: the low half of its hash above its place; 0: none.
type slot uint64

func (s slot) hash() uint32 { return uint32(s >> 32) }
func (s slot) at() place    { return place(s) }

const (
	shardCount = 256
	shardTail  = 40 // slots behind the homes: no entry was ever seen pushed so far
	shardFirst = 8  // homes of a new shard
	slotBytes  = 8
)

func newTable() *table {
	t := new(table)
	for i := range t.shards {
		t.shards[i].slots = make([]slot, shardFirst+shardTail)
	}
	t.bytes = shardCount * (shardFirst + shardTail) * slotBytes
	return t
}

// shard is where the entry of a hash is, if anywhere.
func (t *table) shard(hash uint64) *shard { return &t.shards[hash>>56] }

func (s *shard) homes() int { return len(s.slots) - shardTail }

// home maps a hash to one of n slots so that greater hashes have no lesser homes.
func home(hash uint32, n int) int { return int(uint64(hash) * uint64(n) >> 32) }

// insert puts an entry in at i, where a search for its hash ended, and may move
// all entries of its shard.
func (t *table) insert(s *shard, i int, e slot) {
	t.n++
	s.n++
	end := i
	for s.slots[end] != 0 {
		end++
	}
	if end < len(s.slots)-1 && s.n <= s.homes()*4/5 {
		copy(s.slots[i+1:end+1], s.slots[i:end])
		s.slots[i] = e
		return
	}
	t.grow(s, e)
}

// grow makes a shard larger and adds an entry.
func (t *table) grow(s *shard, e slot) {
	old := s.slots
	for n := s.homes(); ; {
		n += n/4 + 8
		s.slots = make([]slot, n+shardTail)
		if s.fill(old, e) {
			break
		}
	}
	t.bytes += int64(len(s.slots)-len(old)) * slotBytes
}

// fill lays out sorted entries and e among them. It is false when the last ones
// have no room.
func (s *shard) fill(sorted []slot, e slot) bool {
	n, next := s.homes(), 0
	put := func(e slot) bool {
		next = max(next, home(e.hash(), n))
		if next >= len(s.slots)-1 {
			return false
		}
		s.slots[next] = e
		next++
		return true
	}
	for _, old := range sorted {
		if old == 0 {
			continue
		}
		if e != 0 && e.hash() < old.hash() {
			if !put(e) {
				return false
			}
			e = 0
		}
		if !put(old) {
			return false
		}
	}
	return e == 0 || put(e)
}

// remove takes the entry at i out.
func (t *table) remove(s *shard, i int) {
	t.n--
	s.n--
	n := s.homes()
	for {
		next := s.slots[i+1]
		if next == 0 || home(next.hash(), n) > i {
			s.slots[i] = 0
			return
		}
		s.slots[i] = next
		i++
	}
}

package coins

import (
	"encoding/binary"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// log holds the entries themselves, one behind the other in segments of equal
// size without a pointer in them, so that the garbage collector has nothing to
// look at.
//
// An entry is never changed where it lies, but for deadFlag while its segment
// is dirty. A current entry is one that the table has; the others are room that
// is got back when their segment is.
type log struct {
	size     int           // bytes of a segment
	segments []segment     // by number; the first is never used
	vacant   []uint32      // numbers of segments without data
	spare    [][]byte      // data of segments that were given up, for the next
	heads    [kinds]uint32 // where entries of a kind are added; 0: nowhere yet
	written  []uint32      // frozen segments, oldest first
	changed  []uint32      // dirty segments, oldest first
	held     int           // segments with data
	age      uint64        // of the newest segment
}

// kind is what an entry is by the segment that it lies in.
type kind uint8

const (
	vacant kind = iota // the segment has no data
	clean              // as the Reader has it
	frozen             // to be written, with all others that are
	dirty              // changed since then
	kinds
)

type segment struct {
	data []byte
	used int    // bytes
	live int    // bytes of current entries; spent ones do not count once they are clean
	gone int    // bytes of current entries that are spent
	age  uint64 // grows from one segment to the next
	kind kind
}

// place of an entry: the segment's number and the offset in units as one
// number, which is never 0.
type place uint32

const (
	unit     = 4 // bytes; entries begin at multiples of it
	headSize = 2 // the value's length above the flags, little endian

	deadFlag  = 1 << 0 // superseded before it was written
	freshFlag = 1 << 1 // the Reader has no coin there
	flagBits  = 2

	maxValue = 1<<(16-flagBits) - 1 // bytes; no script that can be spent is so long
	maxLog   = unit << 32           // bytes
)

// entry is a view of one in the log.
type entry struct {
	flags uint16
	op    wire.Outpoint
	value []byte // empty: the coin is spent
	size  int    // bytes in the log
}

func (e *entry) spent() bool { return len(e.value) == 0 }

// batch is how many bytes writing the entry takes.
func (e *entry) batch() int64 { return int64(len(e.value)) + writeBytes }

// entrySize is what an entry takes in the log, in bytes.
func entrySize(op *wire.Outpoint, value int) int {
	n := headSize + wire.HashSize + 1 + value
	for i := op.Index; i >= 0x80; i >>= 7 {
		n++
	}
	return (n + unit - 1) &^ (unit - 1)
}

// parse reads the entry at the start of b.
func parse(b []byte) (e entry) {
	head := binary.LittleEndian.Uint16(b)
	e.flags = head & (1<<flagBits - 1)
	e.op.TxID = wire.Hash(b[headSize : headSize+wire.HashSize])
	index, k := binary.Uvarint(b[headSize+wire.HashSize:])
	e.op.Index = uint32(index)
	n, size := headSize+wire.HashSize+k, int(head>>flagBits)
	e.value = b[n : n+size : n+size]
	e.size = (n + size + unit - 1) &^ (unit - 1)
	return e
}

func (l *log) units() int { return l.size / unit }

func (l *log) segmentOf(p place) *segment { return &l.segments[int(p)/l.units()] }

func (l *log) at(p place) []byte {
	return l.segmentOf(p).data[int(p)%l.units()*unit:]
}

// holds says whether the entry at p is that of op.
func (l *log) holds(p place, op *wire.Outpoint) bool {
	b := l.at(p)
	if wire.Hash(b[headSize:headSize+wire.HashSize]) != op.TxID {
		return false
	}
	index, _ := binary.Uvarint(b[headSize+wire.HashSize:])
	return uint32(index) == op.Index
}

// fits says whether an entry of size bytes can be added without a new segment.
func (l *log) fits(k kind, size int) bool {
	no := l.heads[k]
	return no != 0 && l.segments[no].used+size <= l.size
}

// add appends a current entry of a kind.
func (l *log) add(k kind, op *wire.Outpoint, value []byte, flags uint16) place {
	size := entrySize(op, len(value))
	if !l.fits(k, size) {
		l.open(k)
	}
	no := l.heads[k]
	s := &l.segments[no]
	b := binary.LittleEndian.AppendUint16(s.data[s.used:s.used], uint16(len(value))<<flagBits|flags)
	b = append(b, op.TxID[:]...)
	b = binary.AppendUvarint(b, uint64(op.Index))
	_ = append(b, value...)
	p := place(int(no)*l.units() + s.used/unit)
	s.used += size
	s.live += size
	if len(value) == 0 {
		s.gone += size
	}
	return p
}

// open begins a new segment of a kind.
func (l *log) open(k kind) {
	var no uint32
	if n := len(l.vacant); n > 0 {
		no, l.vacant = l.vacant[n-1], l.vacant[:n-1]
	} else {
		if len(l.segments) == 0 {
			l.segments = append(l.segments, segment{})
		}
		no = uint32(len(l.segments))
		l.segments = append(l.segments, segment{})
	}
	var data []byte
	if n := len(l.spare); n > 0 {
		data, l.spare = l.spare[n-1], l.spare[:n-1]
	} else {
		data = make([]byte, l.size)
	}
	l.age++
	l.held++
	l.segments[no] = segment{data: data, age: l.age, kind: k}
	l.heads[k] = no
	if k == dirty {
		l.changed = append(l.changed, no)
	}
}

// release gives up a segment in which nothing is current.
func (l *log) release(no uint32) {
	s := &l.segments[no]
	if s.kind == dirty {
		l.changed = slices.DeleteFunc(l.changed, func(n uint32) bool { return n == no })
	}
	if len(l.spare) < spareMax {
		l.spare = append(l.spare, s.data)
	}
	*s = segment{}
	l.held--
	l.vacant = append(l.vacant, no)
}

// spareMax is how many segments without use are kept for the next.
const spareMax = 2

// supersede takes an entry out of the sums that are about current ones. It says
// what kind the entry is.
func (l *log) supersede(p place, e *entry) kind {
	s := l.segmentOf(p)
	if e.spent() {
		s.gone -= e.size
	}
	if !e.spent() || s.kind != clean {
		s.live -= e.size
	}
	if s.kind == dirty {
		b := l.at(p)
		b[0] |= deadFlag
	}
	return s.kind
}

// freeze makes what is dirty frozen; nothing is.
func (l *log) freeze() {
	for _, no := range l.changed {
		l.segments[no].kind = frozen
	}
	l.written, l.changed = l.changed, nil
	l.heads[dirty] = 0
}

// thaw makes what is frozen dirty again. The order of all that is written stays
// that in which it was added.
func (l *log) thaw() {
	for _, no := range l.written {
		l.segments[no].kind = dirty
	}
	l.changed, l.written = append(l.written, l.changed...), nil
}

// settle makes what is frozen clean.
func (l *log) settle() {
	for _, no := range l.written {
		s := &l.segments[no]
		s.kind = clean
		s.live -= s.gone
	}
	l.written = nil
}

// emptiest is the segment of a kind of which the least is current, unless more
// than half is; 0: there is none. Those that are being added to do not count.
func (l *log) emptiest(k kind) (found uint32) {
	least := 1
	for no := range l.segments {
		s := &l.segments[no]
		if s.kind != k || l.heads[k] == uint32(no) {
			continue
		}
		if free := s.used - s.live; 2*free >= s.used && free >= least {
			found, least = uint32(no), free
		}
	}
	return found
}

// oldest is the segment of clean entries that was begun first; 0: there is none
// but the one that is added to.
func (l *log) oldest() (found uint32) {
	for no := range l.segments {
		s := &l.segments[no]
		if s.kind == clean && l.heads[clean] != uint32(no) && (found == 0 || s.age < l.segments[found].age) {
			found = uint32(no)
		}
	}
	return found
}

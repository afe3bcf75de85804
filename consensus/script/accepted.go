package script

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/quernnet/quern/consensus/wire"
)

// Accepted remembers transactions all of whose scripts hold, each with the flags
// that they were run with. The id with witness is enough to know them by: it
// commits to the scripts and witnesses of all inputs and to the ids of the
// transactions whose outputs they spend, which commit to those outputs' scripts
// and values. So what is accepted once stays so, on every branch.
//
// What is kept is 16 bytes of a hash with a salt that nobody else knows, so
// that nobody can look for two transactions with the same ones. It takes a
// fixed number of bytes and holds no pointers; new entries push out old ones.
// Safe for concurrent use.
type Accepted struct {
	salt [32]byte

	mu   sync.Mutex
	sets []acceptedSet // allocated with the first entry
	size int           // of sets when allocated, a power of two
}

// acceptedSet is a cache line of entries, the newest first. A zero entry is none.
type acceptedSet [4]acceptedKey

type acceptedKey struct{ a, b uint64 }

const acceptedSetSize = 64 // bytes

// NewAccepted takes at most so many bytes of memory, and a random salt.
func NewAccepted(bytes int, salt [32]byte) *Accepted {
	a := &Accepted{salt: salt, size: 1}
	for 2*a.size*acceptedSetSize <= bytes {
		a.size *= 2
	}
	return a
}

// key is what the transaction is known by, and the two sets it may be in.
func (a *Accepted) key(wid *wire.Hash, f Flags) (k acceptedKey, s1, s2 int) {
	var room [32 + wire.HashSize + 4]byte
	b := append(append(room[:0], a.salt[:]...), wid[:]...)
	sum := sha256.Sum256(binary.LittleEndian.AppendUint32(b, uint32(f)))
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(sum[8*i:]) }
	return acceptedKey{word(0), word(1)}, int(word(2)) & (a.size - 1), int(word(3)) & (a.size - 1)
}

// Has says whether the transaction with this WitnessID is known to pass under
// exactly these flags.
func (a *Accepted) Has(wid wire.Hash, f Flags) bool {
	if a.empty() {
		return false
	}
	k, s1, s2 := a.key(&wid, f)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sets[s1].has(k) || a.sets[s2].has(k)
}

func (a *Accepted) empty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sets == nil
}

// Add remembers a transaction.
func (a *Accepted) Add(wid wire.Hash, f Flags) {
	k, s1, s2 := a.key(&wid, f)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sets == nil {
		a.sets = make([]acceptedSet, a.size)
	}
	if a.sets[s1].has(k) || a.sets[s2].has(k) {
		return
	}
	// Into the emptier set; when both are full, into either, as the hash has it.
	at := s1
	if a.sets[s1].full() {
		at = s2
	}
	a.sets[at].put(k)
}

func (s *acceptedSet) has(k acceptedKey) bool {
	return s[0] == k || s[1] == k || s[2] == k || s[3] == k
}

func (s *acceptedSet) full() bool { return s[len(s)-1] != acceptedKey{} }

// put pushes the oldest out.
func (s *acceptedSet) put(k acceptedKey) {
	copy(s[1:], s[:len(s)-1])
	s[0] = k
}

//go:build !purego

package wire

import (
	"crypto/sha256"
	"encoding/binary"
)

//go:generate go run -C gen . -out ../pairs_amd64.s -stubs ../pairs_amd64.go -pkg wire

// hasSHA says whether the processor has what pairs_amd64.s is made of. Tests
// change it.
var hasSHA = detectSHA()

// detectSHA asks the processor, as golang.org/x/sys/cpu does not report its SHA
// instructions.
func detectSHA() bool {
	const (
		ssse3 = 1 << 9  // leaf 1, ECX
		sha   = 1 << 29 // leaf 7, EBX
	)
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return false
	}
	_, _, sse, _ := cpuid(1, 0)
	_, extended, _, _ := cpuid(7, 0)
	return sse&ssse3 != 0 && extended&sha != 0
}

const blockSize = sha256.BlockSize

// initial is SHA-256's initial state in the order that the assembly keeps it in:
// words F E B A, H G D C.
var initial = [8]uint32{
	0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667,
	0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372,
}

// putState writes a state as the digest that it is.
func putState(dst []byte, s *[8]uint32) {
	_ = dst[HashSize-1]
	binary.BigEndian.PutUint64(dst, uint64(s[3])<<32|uint64(s[2]))
	binary.BigEndian.PutUint64(dst[8:], uint64(s[7])<<32|uint64(s[6]))
	binary.BigEndian.PutUint64(dst[16:], uint64(s[1])<<32|uint64(s[0]))
	binary.BigEndian.PutUint64(dst[24:], uint64(s[5])<<32|uint64(s[4]))
}

// pad puts SHA-256's padding behind the first n bytes of buf, which end a message
// of total bytes. It returns the number of blocks, one or two.
func pad(buf *[2 * blockSize]byte, n, total int) int {
	blocks := (n+8)/blockSize + 1
	end := blocks*blockSize - 8
	buf[n] = 0x80
	clear(buf[n+1 : end])
	binary.BigEndian.PutUint64(buf[end:], uint64(total)*8)
	return blocks
}

// DoubleSHA256 hashes b twice.
func DoubleSHA256(b []byte) (h Hash) {
	if !hasSHA {
		first := sha256.Sum256(b)
		return sha256.Sum256(first[:])
	}
	state, rest := initial, b
	if whole := len(b) / blockSize; whole > 0 {
		blocks1(&state, &b[0], whole)
		rest = b[whole*blockSize:]
	}
	var buf [2 * blockSize]byte
	n := copy(buf[:], rest)
	blocks1(&state, &buf[0], pad(&buf, n, len(b)))
	putState(buf[:], &state)
	state = initial
	blocks1(&state, &buf[0], pad(&buf, HashSize, HashSize))
	putState(h[:], &state)
	return h
}

// hashNodes hashes twice each two hashes of src, to dst, which may be src.
func hashNodes(dst, src []Hash) {
	if !hasSHA {
		portableNodes(dst, src)
		return
	}
	n := len(dst)
	if n > 1 {
		nodes2(&dst[0][0], &src[0][0], n/2)
	}
	if n%2 == 1 {
		var pair [2 * HashSize]byte
		copy(pair[:], src[2*n-2][:])
		copy(pair[HashSize:], src[2*n-1][:])
		dst[n-1] = DoubleSHA256(pair[:])
	}
}

// hasher double-hashes messages two at a time, which hides the latency of the
// SHA instructions: whenever both lanes have one, they take turns until one of
// them has ended. The zero value is ready.
type hasher struct {
	lanes [2]lane
	slow  portable // where there are no such instructions
}

// push hashes head, body and foot, one message, to dst, not later than finish
// returns. The bytes must stay as they are until then; head and foot have at
// most 8.
func (h *hasher) push(dst *Hash, head, body, foot []byte) {
	if !hasSHA {
		h.slow.double(dst, head, body, foot)
		return
	}
	a, b := &h.lanes[0], &h.lanes[1]
	if a.busy() {
		a, b = b, a
	}
	a.begin(dst, head, body, foot)
	for a.busy() && b.busy() {
		n := min(a.left, b.left)
		blocks2(&a.state, a.at(), &b.state, b.at(), n)
		a.did(n)
		b.did(n)
	}
}

// finish returns when every dst is filled.
func (h *hasher) finish() {
	for i := range h.lanes {
		for l := &h.lanes[i]; l.busy(); {
			n := l.left
			blocks1(&l.state, l.at(), n)
			l.did(n)
		}
	}
}

// stage is what of a message a lane is hashing.
type stage uint8

const (
	idle   stage = iota
	atHead       // the block that head and the body's start fill
	atBody       // whole blocks of the body, where they lie
	atTail       // the body's end, the foot and the padding
	atHash       // the first hash, a message of its own
)

// lane hashes one message: block after block, left of them from off on in the
// body, or in buf unless the stage is atBody.
type lane struct {
	state      [8]uint32
	buf        [2 * blockSize]byte
	stage      stage
	off, left  int
	dst        *Hash
	body, foot []byte
	total      int // bytes of the message
}

func (l *lane) busy() bool { return l.stage != idle }

func (l *lane) at() *byte {
	if l.stage == atBody {
		return &l.body[l.off]
	}
	return &l.buf[l.off]
}

func (l *lane) begin(dst *Hash, head, body, foot []byte) {
	l.state, l.dst, l.foot = initial, dst, foot
	l.total = len(head) + len(body) + len(foot)
	l.off = 0
	n := copy(l.buf[:], head)
	switch {
	case n == 0:
		l.body = body
		l.enterBody()
	case len(body) < blockSize:
		l.body = body[len(body):]
		l.enterTail(n + copy(l.buf[n:], body))
	default:
		l.body = body[copy(l.buf[n:blockSize], body):]
		l.stage, l.left = atHead, 1
	}
}

func (l *lane) enterBody() {
	l.stage, l.off, l.left = atBody, 0, len(l.body)/blockSize
	if l.left == 0 {
		l.enterTail(copy(l.buf[:], l.body))
	}
}

// enterTail closes the message behind the n bytes that buf has.
func (l *lane) enterTail(n int) {
	n += copy(l.buf[n:], l.foot)
	l.stage, l.off, l.left = atTail, 0, pad(&l.buf, n, l.total)
}

// did notes that n blocks were hashed, and goes on to what follows the last.
func (l *lane) did(n int) {
	l.off += n * blockSize
	if l.left -= n; l.left > 0 {
		return
	}
	switch l.stage {
	case atHead:
		l.enterBody()
	case atBody:
		l.enterTail(copy(l.buf[:], l.body[l.off:]))
	case atTail:
		putState(l.buf[:], &l.state)
		l.state = initial
		l.stage, l.off, l.left = atHash, 0, pad(&l.buf, HashSize, HashSize)
	case atHash:
		putState(l.dst[:], &l.state)
		l.stage = idle
	}
}

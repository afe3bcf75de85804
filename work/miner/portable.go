package miner

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"

	"github.com/quernnet/quern/work"
)

// digest is what crypto/sha256 promises of its hashes.
type digest interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// portable scans with crypto/sha256. The header's first 64 bytes fill one block of
// SHA-256 and do not hold the nonce, so their state is computed once: two
// compressions a nonce instead of three.
type portable struct {
	target work.Target
	hash   digest
	state  []byte // of hash after a whole header, the nonce at its place
	nonce  []byte // that place
	sum    []byte
}

// Layout of crypto/sha256's marshalled state: magic and eight words of state, the
// block in progress, the length.
const (
	stateWords = 4
	stateBlock = stateWords + 32
	stateSize  = stateBlock + sha256.BlockSize + 8
)

func newPortable(header [HeaderSize]byte, target work.Target) *portable {
	k := &portable{target: target, hash: sha256.New().(digest), sum: make([]byte, 0, sha256.Size)}
	k.hash.Write(header[:])
	state, err := k.hash.AppendBinary(make([]byte, 0, stateSize))
	if err != nil || len(state) != stateSize {
		panic("crypto/sha256 marshals its state in another layout")
	}
	at := stateBlock + nonceOffset - sha256.BlockSize
	k.state, k.nonce = state, state[at:at+4]
	return k
}

// midstate is SHA-256's state after the header's first block: of what follows,
// nothing is compressed before the block is full.
func (k *portable) midstate() (words [8]uint32) {
	for i := range words {
		words[i] = binary.BigEndian.Uint32(k.state[stateWords+4*i:])
	}
	return words
}

func (k *portable) scan(from, n uint32) (nonce uint32, found bool) {
	for i := range n {
		nonce = from + i
		binary.LittleEndian.PutUint32(k.nonce, nonce)
		if err := k.hash.UnmarshalBinary(k.state); err != nil {
			panic(err) // the state is the hash's own
		}
		k.sum = k.hash.Sum(k.sum[:0])
		if k.target.Met(sha256.Sum256(k.sum)) {
			return nonce, true
		}
	}
	return 0, false
}

//go:build !amd64 || purego

package wire

import "crypto/sha256"

// DoubleSHA256 hashes b twice.
func DoubleSHA256(b []byte) Hash {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}

// hasher double-hashes messages. The zero value is ready.
type hasher struct{ portable }

// push hashes head, body and foot, one message, to dst.
func (h *hasher) push(dst *Hash, head, body, foot []byte) { h.double(dst, head, body, foot) }

// finish returns when every dst is filled.
func (h *hasher) finish() {}

// hashNodes hashes twice each two hashes of src, to dst, which may be src.
func hashNodes(dst, src []Hash) { portableNodes(dst, src) }

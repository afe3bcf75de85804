//go:build libsecp256k1

package oracle

/*
#cgo pkg-config: libsecp256k1
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

static const secp256k1_context *ctx(void) { return secp256k1_context_static; }

static int verify(const unsigned char *key, size_t keylen, const secp256k1_ecdsa_signature *parsed, const unsigned char *sum) {
	secp256k1_pubkey p;
	secp256k1_ecdsa_signature sig;
	if (!secp256k1_ec_pubkey_parse(ctx(), &p, key, keylen)) return 0;
	secp256k1_ecdsa_signature_normalize(ctx(), &sig, parsed);
	return secp256k1_ecdsa_verify(ctx(), &sig, sum, &p);
}

static int verify_der(const unsigned char *key, size_t keylen, const unsigned char *der, size_t derlen, const unsigned char *sum) {
	secp256k1_ecdsa_signature sig;
	return secp256k1_ecdsa_signature_parse_der(ctx(), &sig, der, derlen) && verify(key, keylen, &sig, sum);
}

static int verify_compact(const unsigned char *key, size_t keylen, const unsigned char *rs, const unsigned char *sum) {
	secp256k1_ecdsa_signature sig;
	return secp256k1_ecdsa_signature_parse_compact(ctx(), &sig, rs) && verify(key, keylen, &sig, sum);
}

static int verify_schnorr(const unsigned char *key, const unsigned char *sig, const unsigned char *sum) {
	secp256k1_xonly_pubkey p;
	return secp256k1_xonly_pubkey_parse(ctx(), &p, key) && secp256k1_schnorrsig_verify(ctx(), sig, sum, 32, &p);
}

static void nothing(void) {}
*/
import "C"

// ECDSA verifies a strict DER signature, an S of either half passing.
func ECDSA(key, der []byte, sum *[32]byte) bool {
	if len(key) == 0 || len(der) == 0 {
		return false
	}
	return C.verify_der(bytes(key), C.size_t(len(key)), bytes(der), C.size_t(len(der)), bytes(sum[:])) == 1
}

// ECDSACompact verifies a signature given as r and s, 32 bytes each.
func ECDSACompact(key []byte, rs *[64]byte, sum *[32]byte) bool {
	if len(key) == 0 {
		return false
	}
	return C.verify_compact(bytes(key), C.size_t(len(key)), bytes(rs[:]), bytes(sum[:])) == 1
}

// Schnorr verifies a BIP340 signature; key has 32 bytes and sig 64.
func Schnorr(key, sig []byte, sum *[32]byte) bool {
	return len(key) == 32 && len(sig) == 64 && C.verify_schnorr(bytes(key), bytes(sig), bytes(sum[:])) == 1
}

// Call crosses into C and back, for the price of it.
func Call() { C.nothing() }

func bytes(b []byte) *C.uchar { return (*C.uchar)(&b[0]) }

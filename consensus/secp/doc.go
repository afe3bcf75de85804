// Package secp verifies signatures over secp256k1: ECDSA (SEC 1) and BIP340.
//
// It handles public data only, so that nothing in it need take constant time;
// signing is not its business. What a signature is over, which encodings a
// chain's rules ask for, and what follows from a bad one, it refuses to know.
//
// There are three ways to the same answers, chosen by what the processor has:
// eight lanes at once (lane*.go), one by one with assembly for MULX, ADCX and
// ADOX, and portable Go, which is also all that the build tag purego leaves.
package secp

// Package oracle asks libsecp256k1 whether signatures are good. It exists for
// the tests and benchmarks of package secp, under the build tag libsecp256k1,
// and needs that library and pkg-config.
package oracle

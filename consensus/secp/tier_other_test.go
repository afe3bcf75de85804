//go:build !amd64 || purego

package secp

func eachTierQuietly(f func(tier string)) { f("portable") }

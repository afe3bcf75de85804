//go:build !amd64 || purego

package secp

// Ways names the instructions that verification uses here, for people to read.
func Ways() []string { return []string{"portable"} }

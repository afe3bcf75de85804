//go:build !unix

package wallet

// syncDir has nothing to do where a rename is durable by itself.
func syncDir(string) error { return nil }

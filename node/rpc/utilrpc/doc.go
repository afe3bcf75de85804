// Package utilrpc is the methods that need no ledger: addresses, descriptors,
// signed messages.
package utilrpc

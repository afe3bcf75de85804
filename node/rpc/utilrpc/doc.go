// Package utilrpc is the methods that need no ledger: addresses, descriptors,
// signed messages; and what fees to pay.
package utilrpc

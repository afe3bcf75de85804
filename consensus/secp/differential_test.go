package secp

// oracles answer claims by others' code.
var oracles = map[string]func(*Claim) bool{"btcec": (*Claim).VerifyReference}

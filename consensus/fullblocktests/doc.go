// Package fullblocktests runs btcd's generated block tests against Quern's
// chain: blocks that break one rule each, forks and reorganizations.
//
// It is a module of its own so that nothing else depends on btcd's daemon.
package fullblocktests

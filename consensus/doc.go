// Package consensus holds Bitcoin's rules as pure functions of values.
//
// A State is what must be known of a chain to judge its next block. ApplyHeader
// judges a header, CheckBlock a body by itself, Connect a body against the
// coins it spends; script checks come back as values for somebody to run.
// No function here reads a disk, a clock or a global, starts a goroutine or
// logs. Where coins come from and which chain wins, the package refuses to
// know.
package consensus

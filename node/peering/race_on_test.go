//go:build race

package peering

// underRace says that the race detector slows us down.
const underRace = true

// Package descriptor reads and writes output script descriptors (BIP380 to
// BIP390): text to scripts and all that spending them asks for (keys with their
// origins, redeem and witness scripts, trees of scripts), and scripts back to
// text. Errors are worded as Bitcoin Core's.
//
// Where coins are and how inputs are signed, it refuses to know.
package descriptor

// Package descriptor reads output script descriptors (BIP380 to BIP386) as far
// as mining and scanning need them: raw, addr, pk, pkh, wpkh, sh(wpkh), tr with
// a key alone, rawtr and combo, with plain, WIF and extended keys.
//
// It turns text into scripts and scripts into text. Where coins are and which
// keys are whose, it refuses to know.
package descriptor

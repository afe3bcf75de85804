package psbt

// magic begins every packet.
const magic = "psbt\xff"

// Types of the global map's fields.
const (
	globalTx          = 0x00
	globalXpub        = 0x01
	globalTxVersion   = 0x02
	globalFallback    = 0x03
	globalInCount     = 0x04
	globalOutCount    = 0x05
	globalModifiable  = 0x06
	globalVersion     = 0xfb
	globalProprietary = 0xfc
)

// Types of input fields.
const (
	inPrevTx        = 0x00
	inCoin          = 0x01
	inSig           = 0x02
	inSighash       = 0x03
	inRedeem        = 0x04
	inWitnessScript = 0x05
	inOrigin        = 0x06
	inFinalScript   = 0x07
	inFinalWitness  = 0x08
	inRipemd160     = 0x0a
	inSHA256        = 0x0b
	inHash160       = 0x0c
	inHash256       = 0x0d
	inPrevTxID      = 0x0e
	inPrevIndex     = 0x0f
	inSequence      = 0x10
	inTimeLock      = 0x11
	inHeightLock    = 0x12
	inTapKeySig     = 0x13
	inTapSig        = 0x14
	inTapLeaf       = 0x15
	inTapOrigin     = 0x16
	inTapInternal   = 0x17
	inTapRoot       = 0x18
	inParticipants  = 0x1a
	inNonce         = 0x1b
	inPartialSig    = 0x1c
	inProprietary   = 0xfc
)

// Types of output fields.
const (
	outRedeem        = 0x00
	outWitnessScript = 0x01
	outOrigin        = 0x02
	outAmount        = 0x03
	outScript        = 0x04
	outTapInternal   = 0x05
	outTapTree       = 0x06
	outTapOrigin     = 0x07
	outParticipants  = 0x08
	outProprietary   = 0xfc
)

const (
	highestVersion    = 2
	xpubSize          = 78 // bytes
	nonceSize         = 66 // bytes of a MuSig2 public nonce
	lockTimeThreshold = 500_000_000
)

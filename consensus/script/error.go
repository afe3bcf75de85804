package script

// Error says why a script failed, in Core's words.
type Error struct {
	Code   string // Core's ScriptError name without SCRIPT_ERR_, as in script_tests.json: "EVAL_FALSE", "SIG_DER"
	Detail string // Core's ScriptErrorString: "Non-canonical DER signature"
}

func (e *Error) Error() string { return e.Detail }

// Core's script errors (script/script_error.h). There is one value of each, so
// that they compare by pointer.
var (
	errFalse  = &Error{"EVAL_FALSE", "Script evaluated without error but finished with a false/empty top stack element"}
	errReturn = &Error{"OP_RETURN", "OP_RETURN was encountered"}
	errNumber = &Error{"SCRIPTNUM", "Script number overflowed or is non-minimally encoded"}

	errScriptSize  = &Error{"SCRIPT_SIZE", "Script is too big"}
	errPushSize    = &Error{"PUSH_SIZE", "Push value size limit exceeded"}
	errOpCount     = &Error{"OP_COUNT", "Operation limit exceeded"}
	errStackSize   = &Error{"STACK_SIZE", "Stack size limit exceeded"}
	errSigCount    = &Error{"SIG_COUNT", "Signature count negative or greater than pubkey count"}
	errPubKeyCount = &Error{"PUBKEY_COUNT", "Pubkey count negative or limit exceeded"}

	errVerify         = &Error{"VERIFY", "Script failed an OP_VERIFY operation"}
	errEqualVerify    = &Error{"EQUALVERIFY", "Script failed an OP_EQUALVERIFY operation"}
	errMultisigVerify = &Error{"CHECKMULTISIGVERIFY", "Script failed an OP_CHECKMULTISIGVERIFY operation"}
	errSigVerify      = &Error{"CHECKSIGVERIFY", "Script failed an OP_CHECKSIGVERIFY operation"}
	errNumEqualVerify = &Error{"NUMEQUALVERIFY", "Script failed an OP_NUMEQUALVERIFY operation"}

	errBadOpcode      = &Error{"BAD_OPCODE", "Opcode missing or not understood"}
	errDisabledOpcode = &Error{"DISABLED_OPCODE", "Attempted to use a disabled opcode"}
	errStack          = &Error{"INVALID_STACK_OPERATION", "Operation not valid with the current stack size"}
	errAltStack       = &Error{"INVALID_ALTSTACK_OPERATION", "Operation not valid with the current altstack size"}
	errConditional    = &Error{"UNBALANCED_CONDITIONAL", "Invalid OP_IF construction"}

	errNegativeLockTime    = &Error{"NEGATIVE_LOCKTIME", "Negative locktime"}
	errUnsatisfiedLockTime = &Error{"UNSATISFIED_LOCKTIME", "Locktime requirement not satisfied"}

	errSigHashType  = &Error{"SIG_HASHTYPE", "Signature hash type missing or not understood"}
	errSigDER       = &Error{"SIG_DER", "Non-canonical DER signature"}
	errMinimalData  = &Error{"MINIMALDATA", "Data push larger than necessary"}
	errSigPushOnly  = &Error{"SIG_PUSHONLY", "Only push operators allowed in signatures"}
	errSigHighS     = &Error{"SIG_HIGH_S", "Non-canonical signature: S value is unnecessarily high"}
	errSigNullDummy = &Error{"SIG_NULLDUMMY", "Dummy CHECKMULTISIG argument must be zero"}
	errPubKeyType   = &Error{"PUBKEYTYPE", "Public key is neither compressed or uncompressed"}
	errCleanStack   = &Error{"CLEANSTACK", "Stack size must be exactly one after execution"}
	errMinimalIf    = &Error{"MINIMALIF", "OP_IF/NOTIF argument must be minimal"}
	errSigNullFail  = &Error{"NULLFAIL", "Signature must be zero for failed CHECK(MULTI)SIG operation"}

	errUpgradableNops       = &Error{"DISCOURAGE_UPGRADABLE_NOPS", "NOPx reserved for soft-fork upgrades"}
	errUpgradableWitness    = &Error{"DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM", "Witness version reserved for soft-fork upgrades"}
	errUpgradableTaproot    = &Error{"DISCOURAGE_UPGRADABLE_TAPROOT_VERSION", "Taproot version reserved for soft-fork upgrades"}
	errOpSuccess            = &Error{"DISCOURAGE_OP_SUCCESS", "OP_SUCCESSx reserved for soft-fork upgrades"}
	errUpgradablePubKeyType = &Error{"DISCOURAGE_UPGRADABLE_PUBKEYTYPE", "Public key version reserved for soft-fork upgrades"}

	errProgramLength     = &Error{"WITNESS_PROGRAM_WRONG_LENGTH", "Witness program has incorrect length"}
	errProgramEmpty      = &Error{"WITNESS_PROGRAM_WITNESS_EMPTY", "Witness program was passed an empty witness"}
	errProgramMismatch   = &Error{"WITNESS_PROGRAM_MISMATCH", "Witness program hash mismatch"}
	errMalleated         = &Error{"WITNESS_MALLEATED", "Witness requires empty scriptSig"}
	errMalleatedP2SH     = &Error{"WITNESS_MALLEATED_P2SH", "Witness requires only-redeemscript scriptSig"}
	errWitnessUnexpected = &Error{"WITNESS_UNEXPECTED", "Witness provided for non-witness script"}
	errWitnessPubKeyType = &Error{"WITNESS_PUBKEYTYPE", "Using non-compressed keys in segwit"}

	errSchnorrSize      = &Error{"SCHNORR_SIG_SIZE", "Invalid Schnorr signature size"}
	errSchnorrHashType  = &Error{"SCHNORR_SIG_HASHTYPE", "Invalid Schnorr signature hash type"}
	errSchnorr          = &Error{"SCHNORR_SIG", "Invalid Schnorr signature"}
	errControlSize      = &Error{"TAPROOT_WRONG_CONTROL_SIZE", "Invalid Taproot control block size"}
	errValidationWeight = &Error{"TAPSCRIPT_VALIDATION_WEIGHT", "Too much signature validation relative to witness weight"}
	errTapMultisig      = &Error{"TAPSCRIPT_CHECKMULTISIG", "OP_CHECKMULTISIG(VERIFY) is not available in tapscript"}
	errTapMinimalIf     = &Error{"TAPSCRIPT_MINIMALIF", "OP_IF/NOTIF argument must be minimal in tapscript"}
	errTapEmptyPubKey   = &Error{"TAPSCRIPT_EMPTY_PUBKEY", "Empty public key in tapscript"}
	errCodeSeparator    = &Error{"OP_CODESEPARATOR", "Using OP_CODESEPARATOR in non-witness script"}
	errSigFindAndDelete = &Error{"SIG_FINDANDDELETE", "Signature is found in scriptCode"}
)

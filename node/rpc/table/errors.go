package table

import "fmt"

// Codes of bitcoind's errors (rpc/protocol.h).
const (
	CodeInvalidRequest = -32600
	CodeNoMethod       = -32601
	CodeInvalidParams  = -32602
	CodeInternal       = -32603
	CodeParse          = -32700

	CodeMisc            = -1
	CodeType            = -3
	CodeWallet          = -4
	CodeNotFound        = -5 // RPC_INVALID_ADDRESS_OR_KEY
	CodeNoFunds         = -6
	CodeOutOfMemory     = -7
	CodeInvalid         = -8 // RPC_INVALID_PARAMETER
	CodeNotConnected    = -9
	CodeInitialDownload = -10
	CodeLabel           = -11 // RPC_WALLET_INVALID_LABEL_NAME
	CodeKeypool         = -12 // RPC_WALLET_KEYPOOL_RAN_OUT
	CodeLocked          = -13 // RPC_WALLET_UNLOCK_NEEDED
	CodeBadPassword     = -14 // RPC_WALLET_PASSPHRASE_INCORRECT
	CodeWrongEncryption = -15 // RPC_WALLET_WRONG_ENC_STATE
	CodeEncryption      = -16 // RPC_WALLET_ENCRYPTION_FAILED
	CodeUnlocked        = -17 // RPC_WALLET_ALREADY_UNLOCKED
	CodeNoWallet        = -18 // RPC_WALLET_NOT_FOUND
	CodeWhichWallet     = -19 // RPC_WALLET_NOT_SPECIFIED
	CodeDatabase        = -20
	CodeDecode          = -22 // RPC_DESERIALIZATION_ERROR
	CodeNodeAdded       = -23 // RPC_CLIENT_NODE_ALREADY_ADDED
	CodeNodeNotAdded    = -24 // RPC_CLIENT_NODE_NOT_ADDED
	CodeVerify          = -25 // RPC_VERIFY_ERROR
	CodeRejected        = -26 // RPC_VERIFY_REJECTED
	CodeInChain         = -27 // RPC_VERIFY_ALREADY_IN_UTXO_SET
	CodeWarmup          = -28
	CodeNodeUnknown     = -29 // RPC_CLIENT_NODE_NOT_CONNECTED
	CodeInvalidSubnet   = -30 // RPC_CLIENT_INVALID_IP_OR_SUBNET
	CodeP2POff          = -31
	CodeDeprecated      = -32
	CodeNoMempool       = -33
	CodeNodeCapacity    = -34
	CodeWalletLoaded    = -35 // RPC_WALLET_ALREADY_LOADED
	CodeWalletExists    = -36 // RPC_WALLET_ALREADY_EXISTS
	CodeLimit           = -37 // RPC_LIMIT_EXCEEDED
)

// Error is an error as a method returns it.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Errorf makes a method's error.
func Errorf(code int, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

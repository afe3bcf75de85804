package script

// Opcodes (Core's script/script.h). 0x01 to 0x4b push that many bytes.
const (
	op0                   = 0x00
	opPushData1           = 0x4c
	opPushData2           = 0x4d
	opPushData4           = 0x4e
	op1Negate             = 0x4f
	opReserved            = 0x50
	op1                   = 0x51
	op16                  = 0x60
	opNop                 = 0x61
	opVer                 = 0x62
	opIf                  = 0x63
	opNotIf               = 0x64
	opVerIf               = 0x65
	opVerNotIf            = 0x66
	opElse                = 0x67
	opEndIf               = 0x68
	opVerify              = 0x69
	opReturn              = 0x6a
	opToAltStack          = 0x6b
	opFromAltStack        = 0x6c
	op2Drop               = 0x6d
	op2Dup                = 0x6e
	op3Dup                = 0x6f
	op2Over               = 0x70
	op2Rot                = 0x71
	op2Swap               = 0x72
	opIfDup               = 0x73
	opDepth               = 0x74
	opDrop                = 0x75
	opDup                 = 0x76
	opNip                 = 0x77
	opOver                = 0x78
	opPick                = 0x79
	opRoll                = 0x7a
	opRot                 = 0x7b
	opSwap                = 0x7c
	opTuck                = 0x7d
	opCat                 = 0x7e
	opSubstr              = 0x7f
	opLeft                = 0x80
	opRight               = 0x81
	opSize                = 0x82
	opInvert              = 0x83
	opAnd                 = 0x84
	opOr                  = 0x85
	opXor                 = 0x86
	opEqual               = 0x87
	opEqualVerify         = 0x88
	opReserved1           = 0x89
	opReserved2           = 0x8a
	op1Add                = 0x8b
	op1Sub                = 0x8c
	op2Mul                = 0x8d
	op2Div                = 0x8e
	opNegate              = 0x8f
	opAbs                 = 0x90
	opNot                 = 0x91
	op0NotEqual           = 0x92
	opAdd                 = 0x93
	opSub                 = 0x94
	opMul                 = 0x95
	opDiv                 = 0x96
	opMod                 = 0x97
	opLShift              = 0x98
	opRShift              = 0x99
	opBoolAnd             = 0x9a
	opBoolOr              = 0x9b
	opNumEqual            = 0x9c
	opNumEqualVerify      = 0x9d
	opNumNotEqual         = 0x9e
	opLessThan            = 0x9f
	opGreaterThan         = 0xa0
	opLessThanOrEqual     = 0xa1
	opGreaterThanOrEqual  = 0xa2
	opMin                 = 0xa3
	opMax                 = 0xa4
	opWithin              = 0xa5
	opRipemd160           = 0xa6
	opSha1                = 0xa7
	opSha256              = 0xa8
	opHash160             = 0xa9
	opHash256             = 0xaa
	opCodeSeparator       = 0xab
	opCheckSig            = 0xac
	opCheckSigVerify      = 0xad
	opCheckMultisig       = 0xae
	opCheckMultisigVerify = 0xaf
	opNop1                = 0xb0
	opCheckLockTime       = 0xb1
	opCheckSequence       = 0xb2
	opNop4                = 0xb3
	opNop5                = 0xb4
	opNop6                = 0xb5
	opNop7                = 0xb6
	opNop8                = 0xb7
	opNop9                = 0xb8
	opNop10               = 0xb9
	opCheckSigAdd         = 0xba
	opInvalid             = 0xff
)

// opcodeNames are Core's (GetOpName); what has none is OP_UNKNOWN. Pushes of
// data have no name: they are written as what they push.
var opcodeNames = [256]string{
	op0:                   "0",
	opPushData1:           "OP_PUSHDATA1",
	opPushData2:           "OP_PUSHDATA2",
	opPushData4:           "OP_PUSHDATA4",
	op1Negate:             "-1",
	opReserved:            "OP_RESERVED",
	op1:                   "1",
	0x52:                  "2",
	0x53:                  "3",
	0x54:                  "4",
	0x55:                  "5",
	0x56:                  "6",
	0x57:                  "7",
	0x58:                  "8",
	0x59:                  "9",
	0x5a:                  "10",
	0x5b:                  "11",
	0x5c:                  "12",
	0x5d:                  "13",
	0x5e:                  "14",
	0x5f:                  "15",
	op16:                  "16",
	opNop:                 "OP_NOP",
	opVer:                 "OP_VER",
	opIf:                  "OP_IF",
	opNotIf:               "OP_NOTIF",
	opVerIf:               "OP_VERIF",
	opVerNotIf:            "OP_VERNOTIF",
	opElse:                "OP_ELSE",
	opEndIf:               "OP_ENDIF",
	opVerify:              "OP_VERIFY",
	opReturn:              "OP_RETURN",
	opToAltStack:          "OP_TOALTSTACK",
	opFromAltStack:        "OP_FROMALTSTACK",
	op2Drop:               "OP_2DROP",
	op2Dup:                "OP_2DUP",
	op3Dup:                "OP_3DUP",
	op2Over:               "OP_2OVER",
	op2Rot:                "OP_2ROT",
	op2Swap:               "OP_2SWAP",
	opIfDup:               "OP_IFDUP",
	opDepth:               "OP_DEPTH",
	opDrop:                "OP_DROP",
	opDup:                 "OP_DUP",
	opNip:                 "OP_NIP",
	opOver:                "OP_OVER",
	opPick:                "OP_PICK",
	opRoll:                "OP_ROLL",
	opRot:                 "OP_ROT",
	opSwap:                "OP_SWAP",
	opTuck:                "OP_TUCK",
	opCat:                 "OP_CAT",
	opSubstr:              "OP_SUBSTR",
	opLeft:                "OP_LEFT",
	opRight:               "OP_RIGHT",
	opSize:                "OP_SIZE",
	opInvert:              "OP_INVERT",
	opAnd:                 "OP_AND",
	opOr:                  "OP_OR",
	opXor:                 "OP_XOR",
	opEqual:               "OP_EQUAL",
	opEqualVerify:         "OP_EQUALVERIFY",
	opReserved1:           "OP_RESERVED1",
	opReserved2:           "OP_RESERVED2",
	op1Add:                "OP_1ADD",
	op1Sub:                "OP_1SUB",
	op2Mul:                "OP_2MUL",
	op2Div:                "OP_2DIV",
	opNegate:              "OP_NEGATE",
	opAbs:                 "OP_ABS",
	opNot:                 "OP_NOT",
	op0NotEqual:           "OP_0NOTEQUAL",
	opAdd:                 "OP_ADD",
	opSub:                 "OP_SUB",
	opMul:                 "OP_MUL",
	opDiv:                 "OP_DIV",
	opMod:                 "OP_MOD",
	opLShift:              "OP_LSHIFT",
	opRShift:              "OP_RSHIFT",
	opBoolAnd:             "OP_BOOLAND",
	opBoolOr:              "OP_BOOLOR",
	opNumEqual:            "OP_NUMEQUAL",
	opNumEqualVerify:      "OP_NUMEQUALVERIFY",
	opNumNotEqual:         "OP_NUMNOTEQUAL",
	opLessThan:            "OP_LESSTHAN",
	opGreaterThan:         "OP_GREATERTHAN",
	opLessThanOrEqual:     "OP_LESSTHANOREQUAL",
	opGreaterThanOrEqual:  "OP_GREATERTHANOREQUAL",
	opMin:                 "OP_MIN",
	opMax:                 "OP_MAX",
	opWithin:              "OP_WITHIN",
	opRipemd160:           "OP_RIPEMD160",
	opSha1:                "OP_SHA1",
	opSha256:              "OP_SHA256",
	opHash160:             "OP_HASH160",
	opHash256:             "OP_HASH256",
	opCodeSeparator:       "OP_CODESEPARATOR",
	opCheckSig:            "OP_CHECKSIG",
	opCheckSigVerify:      "OP_CHECKSIGVERIFY",
	opCheckMultisig:       "OP_CHECKMULTISIG",
	opCheckMultisigVerify: "OP_CHECKMULTISIGVERIFY",
	opNop1:                "OP_NOP1",
	opCheckLockTime:       "OP_CHECKLOCKTIMEVERIFY",
	opCheckSequence:       "OP_CHECKSEQUENCEVERIFY",
	opNop4:                "OP_NOP4",
	opNop5:                "OP_NOP5",
	opNop6:                "OP_NOP6",
	opNop7:                "OP_NOP7",
	opNop8:                "OP_NOP8",
	opNop9:                "OP_NOP9",
	opNop10:               "OP_NOP10",
	opCheckSigAdd:         "OP_CHECKSIGADD",
	opInvalid:             "OP_INVALIDOPCODE",
}

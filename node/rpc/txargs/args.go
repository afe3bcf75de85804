package txargs

import "github.com/quernnet/quern/node/rpc/table"

// InputArg is the inputs of a transaction to make.
func InputArg(need bool) table.Arg {
	return table.Arg{Name: "inputs", Kind: table.Array, Need: need, About: "The inputs", Fields: []table.Arg{
		{Kind: table.Object, Fields: []table.Arg{
			{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
			{Name: "vout", Kind: table.Integer, Need: true, About: "The output number"},
			{Name: "sequence", Kind: table.Long, Hint: "depends on the value of the 'replaceable' and 'locktime' arguments", About: "The sequence number"},
		}},
	}}
}

// OutputArg is the outputs of a transaction to make.
func OutputArg() table.Arg {
	return table.Arg{
		Name: "outputs", Kind: table.Array, Need: true, Loose: true,
		About: "The outputs as pairs of key and value, of which a key comes once: an address with its amount,\n" +
			"or data for an OP_RETURN output. One object that holds all pairs is accepted, too.",
		Fields: []table.Arg{
			{Kind: table.Keys, Fields: []table.Arg{
				{Name: "address", Kind: table.Amount, Need: true, About: "The key is the address, the value the amount in BTC"},
			}},
			{Kind: table.Object, Fields: []table.Arg{
				{Name: "data", Kind: table.HexText, Need: true, About: "The key is \"data\", the value what the output carries, in hex"},
			}},
		},
	}
}

// CreateArgs are those of methods that make a transaction from nothing.
func CreateArgs() []table.Arg {
	return []table.Arg{
		InputArg(true), OutputArg(),
		{Name: "locktime", Kind: table.Long, Def: "0", About: "The lock time; any but 0 makes the inputs heed it"},
		{Name: "replaceable", Kind: table.Boolean, Hint: "true", About: "Lets the transaction be replaced by one that pays more (BIP125). It is an error if given sequence\n" +
			"numbers say otherwise."},
		{Name: "version", Kind: table.Long, Def: "2", About: "The transaction's version"},
	}
}

// SighashArg is a hash type by name.
func SighashArg() table.Arg {
	return table.Arg{
		Name: "sighashtype", Kind: table.Text, Hint: "DEFAULT for Taproot, ALL otherwise",
		About: "The signature hash type, one of:\n\"DEFAULT\"\n\"ALL\"\n\"NONE\"\n\"SINGLE\"\n" +
			"\"ALL|ANYONECANPAY\"\n\"NONE|ANYONECANPAY\"\n\"SINGLE|ANYONECANPAY\"",
	}
}

// PrevoutArg is coins that the caller describes.
func PrevoutArg() table.Arg {
	return table.Arg{Name: "prevtxs", Kind: table.Array, About: "Outputs that are spent and may be in no block yet", Fields: []table.Arg{
		{Kind: table.Object, Fields: []table.Arg{
			{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
			{Name: "vout", Kind: table.Integer, Need: true, About: "The output number"},
			{Name: "scriptPubKey", Kind: table.HexText, Need: true, About: "The output script"},
			{Name: "redeemScript", Kind: table.HexText, About: "(required for P2SH) The redeem script"},
			{Name: "witnessScript", Kind: table.HexText, About: "(required for P2WSH or P2SH-P2WSH) The witness script"},
			{Name: "amount", Kind: table.Amount, About: "(required for Segwit inputs) The amount spent"},
		}},
	}}
}

// SignedShape is the schema of Signed.
func SignedShape() table.Shape {
	return table.Obj("", "",
		table.Hex("hex", "The transaction with its signatures"),
		table.Bool("complete", "Whether no signature is missing"),
		table.Arr("errors", "What is wrong with inputs, if anything is", table.Obj("", "",
			table.Hex("txid", "The transaction that is spent from"),
			table.Num("vout", "The output's number"),
			table.Arr("witness", "", table.Hex("witness", "")),
			table.Hex("scriptSig", "The input's script"),
			table.Num("sequence", "The input's sequence number"),
			table.Str("error", "Why it does not verify or could not be signed"),
		)).Maybe(),
	)
}

// ScriptShape is the schema of an output script.
func ScriptShape(key string) table.Shape {
	return table.Obj(key, "",
		table.Str("asm", "The script's operations"),
		table.Str("desc", "A descriptor of the output"),
		table.Hex("hex", "The script's bytes"),
		table.Str("address", "The address, where there is one").Maybe(),
		table.Str("type", "The type, such as pubkeyhash"),
	)
}

// TxFields are the schema of a decoded transaction.
func TxFields() []table.Shape { return txFields() }

// SpentFields are the same with the coins that inputs spend, where they are
// known.
func SpentFields() []table.Shape {
	return txFields(table.Obj("prevout", "What is spent, if it is known",
		table.Bool("generated", "Whether a coinbase made it"),
		table.Num("height", "The height of its block"),
		table.Coins("value", "The value in BTC"),
		ScriptShape("scriptPubKey"),
	).Maybe())
}

func txFields(prev ...table.Shape) []table.Shape {
	in := []table.Shape{
		table.Hex("coinbase", "The coinbase's script").Maybe(),
		table.Hex("txid", "The transaction that is spent from").Maybe(),
		table.Num("vout", "The output's number").Maybe(),
		table.Obj("scriptSig", "The script", table.Str("asm", "Its operations"), table.Hex("hex", "Its bytes")).Maybe(),
		table.Arr("txinwitness", "", table.Hex("hex", "An item of the witness")).Maybe(),
	}
	in = append(append(in, prev...), table.Num("sequence", "The sequence number"))
	return []table.Shape{
		table.Hex("txid", "The transaction id"),
		table.Hex("hash", "The hash with witness"),
		table.Num("size", "Size in bytes"),
		table.Num("vsize", "Size in virtual bytes"),
		table.Num("weight", "Weight in weight units"),
		table.Num("version", "The version"),
		table.Time("locktime", "The lock time"),
		table.Arr("vin", "", table.Obj("", "", in...)),
		table.Arr("vout", "", table.Obj("", "",
			table.Coins("value", "The value in BTC"), table.Num("n", "The output's number"), ScriptShape("scriptPubKey"))),
	}
}

package txrpc

import (
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
)

func (n *node) decodePSBTMethods() []table.Method {
	return []table.Method{{
		Name: "decodepsbt", Category: "rawtransactions",
		About:   "Shows all fields of a PSBT.",
		Args:    []table.Arg{psbtArg},
		Results: []table.Shape{packetShape()},
		Call:    n.decodePSBT,
	}}
}

func packetShape() table.Shape {
	return table.Obj("", "",
		table.Obj("tx", "The transaction without signatures", txargs.TxFields()...).Maybe(),
		table.Arr("global_xpubs", "", table.Obj("", "",
			table.Str("xpub", "An extended public key"), table.Hex("master_fingerprint", "The first key's fingerprint"), table.Str("path", "The path from it"))),
		table.Num("tx_version", "The transaction's version").Maybe(),
		table.Num("fallback_locktime", "The lock time where no input asks for one").Maybe(),
		table.Num("input_count", "How many inputs there are").Maybe(),
		table.Num("output_count", "How many outputs there are").Maybe(),
		table.Bool("inputs_modifiable", "Whether inputs may change").Maybe(),
		table.Bool("outputs_modifiable", "Whether outputs may change").Maybe(),
		table.Bool("has_sighash_single", "Whether an input is signed with SIGHASH_SINGLE").Maybe(),
		table.Num("psbt_version", "The format's version").Maybe(),
		foreignShape("Fields that others defined"),
		unknownShape("Fields that are not known"),
		table.Arr("inputs", "", inShape()),
		table.Arr("outputs", "", outShape()),
		table.Coins("fee", "The fee, where all outputs that are spent are known").Maybe(),
	)
}

func foreignShape(about string) table.Shape {
	return table.Arr("proprietary", about, table.Obj("", "",
		table.Hex("identifier", "Who defined it"), table.Num("subtype", "Which of theirs it is"),
		table.Hex("key", "The key"), table.Hex("value", "The value")))
}

func unknownShape(about string) table.Shape {
	return table.Dict("unknown", about, table.Hex("key", "A key and its value"))
}

func plainScript(key string) table.Shape {
	return table.Obj(key, "", table.Str("asm", "The script's operations"), table.Hex("hex", "Its bytes"), table.Str("type", "Its type")).Maybe()
}

func derivFields(key string) []table.Shape {
	return []table.Shape{table.Str("pubkey", key), table.Str("master_fingerprint", "The first key's fingerprint"), table.Str("path", "The path from it")}
}

func tapDerivShape() table.Shape {
	return table.Arr("taproot_bip32_derivs", "", table.Obj("", "", append(derivFields("The x-only key"),
		table.Arr("leaf_hashes", "The leaves it stands in", table.Hex("hash", "A leaf's hash")))...)).Maybe()
}

func participantsShape() table.Shape {
	return table.Arr("musig2_participant_pubkeys", "", table.Obj("", "",
		table.Hex("aggregate_pubkey", "A key made of several"),
		table.Arr("participant_pubkeys", "", table.Hex("pubkey", "One of them")))).Maybe()
}

func preimageShape(key string) table.Shape {
	return table.Dict(key, "", table.Str("hash", "A hash and what hashes to it")).Maybe()
}

func sessionShape(key, field string) table.Shape {
	return table.Arr(key, "", table.Obj("", "",
		table.Hex("participant_pubkey", "Whose it is"),
		table.Hex("aggregate_pubkey", "For which key"),
		table.Hex("leaf_hash", "In which leaf; left out for the key path").Maybe(),
		table.Hex(field, "Itself"))).Maybe()
}

func inShape() table.Shape {
	return table.Obj("", "",
		table.Obj("non_witness_utxo", "The transaction that is spent from", txargs.TxFields()...).Maybe(),
		table.Obj("witness_utxo", "The output that is spent", table.Num("amount", "Its value in BTC"), txargs.ScriptShape("scriptPubKey")).Maybe(),
		table.Dict("partial_signatures", "", table.Str("pubkey", "A key and its signature")).Maybe(),
		table.Str("sighash", "The hash type to sign with").Maybe(),
		plainScript("redeem_script"), plainScript("witness_script"),
		table.Arr("bip32_derivs", "", table.Obj("", "", derivFields("The key")...)).Maybe(),
		table.Obj("final_scriptSig", "", table.Str("asm", "The script's operations"), table.Hex("hex", "Its bytes")).Maybe(),
		table.Arr("final_scriptwitness", "", table.Hex("", "An item of the witness")).Maybe(),
		preimageShape("ripemd160_preimages"), preimageShape("sha256_preimages"),
		preimageShape("hash160_preimages"), preimageShape("hash256_preimages"),
		table.Hex("previous_txid", "The transaction that is spent from").Maybe(),
		table.Num("previous_vout", "The output's number").Maybe(),
		table.Num("sequence", "The sequence number").Maybe(),
		table.Num("time_locktime", "The least lock time by time that the input asks for").Maybe(),
		table.Num("height_locktime", "The least lock time by height that the input asks for").Maybe(),
		table.Hex("taproot_key_path_sig", "The signature by the output's key").Maybe(),
		table.Arr("taproot_script_path_sigs", "", table.Obj("signature", "A signature in a leaf",
			table.Str("pubkey", "The x-only key"), table.Str("leaf_hash", "The leaf's hash"), table.Str("sig", "The signature"))).Maybe(),
		table.Arr("taproot_scripts", "", table.Obj("", "",
			table.Hex("script", "A leaf script"), table.Num("leaf_ver", "Its version"),
			table.Arr("control_blocks", "What proves it to be in the tree", table.Hex("control_block", "A control block")))).Maybe(),
		tapDerivShape(),
		table.Hex("taproot_internal_key", "The x-only internal key").Maybe(),
		table.Hex("taproot_merkle_root", "The root of the tree of leaves").Maybe(),
		participantsShape(),
		sessionShape("musig2_pubnonces", "pubnonce"), sessionShape("musig2_partial_sigs", "partial_sig"),
		unknownShape("Fields that are not known").Maybe(),
		foreignShape("Fields that others defined").Maybe(),
	)
}

func outShape() table.Shape {
	return table.Obj("", "",
		plainScript("redeem_script"), plainScript("witness_script"),
		table.Arr("bip32_derivs", "", table.Obj("", "", derivFields("The key")...)).Maybe(),
		table.Num("amount", "The value in BTC").Maybe(),
		txargs.ScriptShape("script").Maybe(),
		table.Hex("taproot_internal_key", "The x-only internal key").Maybe(),
		table.Arr("taproot_tree", "The tree's leaves from left to right", table.Obj("tuple", "A leaf",
			table.Num("depth", "How deep it lies"), table.Num("leaf_ver", "Its version"), table.Str("script", "The script"))).Maybe(),
		tapDerivShape(), participantsShape(),
		unknownShape("Fields that are not known").Maybe(),
		foreignShape("Fields that others defined").Maybe(),
	)
}

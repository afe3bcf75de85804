package walletrpc

import (
	"slices"

	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
)

const needsPassphrase = "\nRequires wallet passphrase to be set with walletpassphrase call if wallet is encrypted.\n"

var (
	targetArg = table.Arg{Name: "conf_target", Kind: table.Number, Hint: "wallet -txconfirmtarget", About: "In how many blocks it should be mined"}
	modeArg   = table.Arg{Name: "estimate_mode", Kind: table.Text, Hint: "unset", About: "How the fee is estimated: \"unset\", \"economical\" or \"conservative\". Unset is economical\n" +
		"where the transaction may be replaced, else conservative."}
	rateArg        = table.Arg{Name: "fee_rate", Kind: table.Amount, Hint: "not set, fall back to wallet fee estimation", About: "The feerate in sat/vB"}
	replaceableArg = table.Arg{Name: "replaceable", Kind: table.Boolean, Hint: "wallet default", About: "Let the transaction be replaced by one that pays more (BIP125)"}
	derivsArg      = table.Arg{Name: "bip32derivs", Kind: table.Boolean, Def: "true", About: "Tell where public keys are derived from"}
	versionArg     = table.Arg{Name: "version", Kind: table.Long, Def: "2", About: "The transaction's version"}
	formatArg      = table.Arg{Name: "psbt_version", Kind: table.Long, Def: "2", About: "The version of the PSBT format, 0 or 2"}
)

// sentShapes are what sendtoaddress and sendmany return.
func sentShapes() []table.Shape {
	return []table.Shape{
		table.Hex("txid", "The transaction id").When("if verbose is not set or set to false"),
		table.Obj("", "", table.Hex("txid", "The transaction id"), table.Str("fee_reason", "Why the feerate is what it is")).When("if verbose is set to true"),
	}
}

// sendMethods pay.
func (n *node) sendMethods() []table.Method {
	return []table.Method{{
		Name: "sendtoaddress", Category: "wallet", Wallet: true, Pool: true, About: "Pays an address." + needsPassphrase,
		Args: []table.Arg{
			{Name: "address", Kind: table.Text, Need: true, About: "Whom to pay"},
			{Name: "amount", Kind: table.Amount, Need: true, About: "How much, in BTC"},
			{Name: "comment", Kind: table.Text, About: "What for. It stays in the wallet"},
			{Name: "comment_to", Kind: table.Text, About: "Who that is. It stays in the wallet"},
			{Name: "subtractfeefromamount", Kind: table.Boolean, Def: "false", About: "Take the fee from the amount"},
			replaceableArg, targetArg, modeArg,
			{Name: "avoid_reuse", Kind: table.Boolean, Hint: "true", About: "(only available if avoid_reuse wallet flag is set) Leave coins of addresses alone that were spent from"},
			rateArg,
			{Name: "verbose", Kind: table.Boolean, Def: "false", About: "Tell more"},
		},
		Results: sentShapes(), Examples: table.CLI("sendtoaddress", `"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl" 0.1`), Call: n.pays(n.sendToAddress),
	}, {
		Name: "sendmany", Category: "wallet", Wallet: true, Pool: true, About: "Pays several addresses with one transaction." + needsPassphrase,
		Args: []table.Arg{
			{Name: "dummy", Kind: table.Text, Def: `""`, About: "Must be \"\"", Oneline: `""`},
			{Name: "amounts", Kind: table.Keys, Need: true, About: "Addresses and amounts", Fields: []table.Arg{
				{Name: "address", Kind: table.Amount, Need: true, About: "The key is the address, the value the amount in BTC"},
			}},
			{Name: "minconf", Kind: table.Integer, Hint: "ignored", About: "No longer used"},
			{Name: "comment", Kind: table.Text, About: "What for. It stays in the wallet"},
			{Name: "subtractfeefrom", Kind: table.Array, About: "The addresses that pay the fee, in equal parts", Fields: []table.Arg{{Name: "address", Kind: table.Text}}},
			replaceableArg, targetArg, modeArg, rateArg,
			{Name: "verbose", Kind: table.Boolean, Def: "false", About: "Tell more"},
		},
		Results: sentShapes(), Call: n.pays(n.sendMany),
	}, {
		Name: "send", Category: "wallet", Wallet: true, Pool: true, About: "Makes a transaction, signs it and sends it, as far as the wallet can and as the options say.",
		Args: []table.Arg{
			txargs.OutputArg(), targetArg, modeArg, rateArg,
			{Name: "options", Kind: table.Options, Oneline: "options", Fields: slices.Concat(fundArgs("change_address", "change_position", "lock_unspents", "subtract_fee_from_outputs"), []table.Arg{
				{Name: "add_to_wallet", Kind: table.Boolean, Def: "true", About: "When false, the transaction is returned and neither kept nor sent"},
				withInputs(), {Name: "locktime", Kind: table.Long, Hint: "locktime close to block height to prevent fee sniping", About: "The lock time"},
				{Name: "psbt", Kind: table.Boolean, Hint: "automatic", About: "Return a PSBT in any case"},
				{Name: "include_watching", Kind: table.Boolean, Def: "false", About: "No longer used"},
			})},
			versionArg,
		},
		Results: []table.Shape{finishedShape()}, Call: n.pays(n.send),
	}, {
		Name: "sendall", Category: "wallet", Wallet: true, Pool: true,
		About: "Spends all coins, or the given ones, to one or more recipients. Recipients without an amount share what is left.",
		Args: []table.Arg{
			{Name: "recipients", Kind: table.Array, Need: true, About: "Who is paid; at least one without an amount", Fields: []table.Arg{
				{Name: "address", Kind: table.Text, Need: true, About: "An address that gets an equal share of what is left"},
				{Kind: table.Keys, Fields: []table.Arg{{Name: "address", Kind: table.Amount, Need: true, About: "The key is the address, the value the amount in BTC"}}},
			}},
			targetArg, modeArg, rateArg,
			{Name: "options", Kind: table.Options, Oneline: "options", Fields: []table.Arg{
				{Name: "add_to_wallet", Kind: table.Boolean, Def: "true", About: "When false, the transaction is returned and neither kept nor sent"},
				both(rateArg), both(targetArg), both(modeArg), replaceableArg, withInputs(),
				{Name: "include_watching", Kind: table.Boolean, Def: "false", About: "No longer used"},
				{Name: "locktime", Kind: table.Long, Hint: "locktime close to block height to prevent fee sniping", About: "The lock time"},
				{Name: "lock_unspents", Kind: table.Boolean, Def: "false", About: "Lock what is spent"},
				{Name: "psbt", Kind: table.Boolean, Hint: "automatic", About: "Return a PSBT in any case"},
				{Name: "send_max", Kind: table.Boolean, Def: "false", About: "Leave coins out that cost more to spend than they hold"},
				{Name: "minconf", Kind: table.Integer, Def: "0", About: "The least depth of coins"},
				{Name: "maxconf", Kind: table.Integer, About: "The most depth of coins"},
				versionArg, solvingArg(),
			}},
		},
		Results: []table.Shape{finishedShape()}, Call: n.pays(n.sendAll),
	}}
}

// both is an argument that is an option, too.
func both(a table.Arg) table.Arg { a.Both = true; return a }

func withInputs() table.Arg {
	a := txargs.InputArg(false)
	a.About = "What is spent, instead of what the wallet would choose"
	a.Fields[0].Fields = append(a.Fields[0].Fields, table.Arg{Name: "weight", Kind: table.Integer, Hint: "Calculated from wallet and solving data", About: "What the signed input weighs at most"})
	return a
}

func finishedShape() table.Shape {
	return table.Obj("", "",
		table.Bool("complete", "Whether no signature is missing"),
		table.Hex("txid", "The transaction id").Maybe(),
		table.Hex("hex", "The transaction, where it is not kept").Maybe(),
		table.Str("psbt", "The PSBT, where signatures are missing or the transaction is not kept").Maybe())
}

func solvingArg() table.Arg {
	return table.Arg{Name: "solving_data", Kind: table.Object, About: "What it takes to spend coins that are not the wallet's, for reckoning the fee", Fields: []table.Arg{
		{Name: "pubkeys", Kind: table.Array, About: "Public keys", Fields: []table.Arg{{Name: "pubkey", Kind: table.HexText, About: "A public key"}}},
		{Name: "scripts", Kind: table.Array, About: "Scripts", Fields: []table.Arg{{Name: "script", Kind: table.HexText, About: "A script"}}},
		{Name: "descriptors", Kind: table.Array, About: "Descriptors", Fields: []table.Arg{{Name: "descriptor", Kind: table.Text, About: "A descriptor"}}},
	}}
}

// fundArgs are options of funding, some of which have a name of their own in each method.
func fundArgs(changeAddress, changeAt, lock, subtract string) []table.Arg {
	return []table.Arg{
		{Name: "add_inputs", Kind: table.Boolean, Hint: "false when \"inputs\" are specified, true otherwise", About: "Add coins of the wallet where inputs are not enough"},
		{Name: "include_unsafe", Kind: table.Boolean, Def: "false", About: "Take waiting coins of others, too, which may vanish"},
		{Name: "minconf", Kind: table.Integer, Def: "0", About: "The least depth of coins that are added"},
		{Name: "maxconf", Kind: table.Integer, About: "The most depth of coins that are added"},
		{Name: changeAddress, Kind: table.Text, Hint: "automatic", About: "Where change goes"},
		{Name: changeAt, Kind: table.Integer, Hint: "random", About: "Which output change is"},
		{Name: "change_type", Kind: table.Text, Hint: "set by -changetype", About: "The type of change: \"legacy\", \"p2sh-segwit\", \"bech32\" or \"bech32m\""},
		{Name: lock, Kind: table.Boolean, Def: "false", About: "Lock what is spent"},
		both(rateArg),
		{Name: subtract, Kind: table.Array, Def: "[]", About: "The outputs that pay the fee, in equal parts", Fields: []table.Arg{{Name: "vout_index", Kind: table.Integer, About: "An output's place, before change is added"}}},
		{Name: "max_tx_weight", Kind: table.Integer, Def: "400000", About: "The most that the transaction may weigh"},
		both(targetArg), both(modeArg), replaceableArg, solvingArg(),
	}
}

// fundMethods make transactions that lack signatures.
func (n *node) fundMethods() []table.Method {
	old := append(fundArgs("changeAddress", "changePosition", "lockUnspents", "subtractFeeFromOutputs"),
		table.Arg{Name: "feeRate", Kind: table.Amount, Hint: "not set, fall back to wallet fee estimation", About: "The feerate in BTC/kvB"},
		table.Arg{Name: "includeWatching", Kind: table.Boolean, Def: "false", About: "No longer used"})
	weights := table.Arg{Name: "input_weights", Kind: table.Array, About: "What inputs weigh at most", Fields: []table.Arg{{Kind: table.Object, Fields: []table.Arg{
		{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
		{Name: "vout", Kind: table.Integer, Need: true, About: "The output number"},
		{Name: "weight", Kind: table.Integer, Need: true, About: "The weight of the input, signature and all"},
	}}}}
	return []table.Method{{
		Name: "fundrawtransaction", Category: "wallet", Wallet: true, Pool: true,
		About: "Adds inputs to a transaction until they pay for its outputs, and one output for change at most.\nWhat is there stays as it is, unless recipients pay the fee. Inputs are not signed.",
		Args: []table.Arg{
			{Name: "hexstring", Kind: table.HexText, Need: true, About: "The transaction in hex"},
			{Name: "options", Kind: table.Options, Loose: true, Oneline: "options", Fields: append(slices.Clip(old), weights)},
			{Name: "iswitness", Kind: table.Boolean, Hint: "depends on heuristic tests", About: "Whether the hex is a transaction with witness"},
		},
		Results: []table.Shape{table.Obj("", "", table.Hex("hex", "The transaction"), table.Coins("fee", "Its fee in BTC"), table.Num("changepos", "Which output is change, or -1"))},
		Call:    n.pays(n.fundRaw),
	}, {
		Name: "walletcreatefundedpsbt", Category: "wallet", Wallet: true, Pool: true,
		About: "Makes a PSBT that pays, with coins of the wallet where inputs are not given (the Creator's and Updater's parts of BIP174).",
		Args: []table.Arg{
			withInputs(), txargs.OutputArg(), {Name: "locktime", Kind: table.Long, Def: "0", About: "The lock time"},
			{Name: "options", Kind: table.Options, Oneline: "options", Fields: old}, derivsArg, versionArg, formatArg,
		},
		Results: []table.Shape{table.Obj("", "", table.Str("psbt", "The PSBT in base64"), table.Coins("fee", "The fee in BTC"), table.Num("changepos", "Which output is change, or -1"))},
		Call:    n.pays(n.createFundedPSBT),
	}}
}

// bumpMethods pay more for what waits.
func (n *node) bumpMethods() []table.Method {
	method := func(name, about string, asPSBT bool, first table.Shape) table.Method {
		fields := []table.Arg{
			both(targetArg), both(rateArg), replaceableArg, both(modeArg),
			{Name: "outputs", Kind: table.Array, Def: "[]", Loose: true, About: "New outputs instead of the old ones", Fields: txargs.OutputArg().Fields},
			{Name: "original_change_index", Kind: table.Integer, Hint: "not set, detect change automatically", About: "Which output is change, and pays the fee"},
		}
		if asPSBT {
			fields = append(fields, formatArg)
		}
		return table.Method{
			Name: name, Category: "wallet", Wallet: true, Pool: true,
			About: about + "\nIt spends at least what the old one spends; change pays the fee, and coins are added where that is not enough." + needsPassphrase,
			Args: []table.Arg{
				{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction to replace"},
				{Name: "options", Kind: table.Options, Oneline: "options", Fields: fields},
			},
			Results: []table.Shape{table.Obj("", "", first,
				table.Coins("origfee", "The old fee"), table.Coins("fee", "The new fee"), table.Arr("errors", "What went wrong, if anything did", table.Str("", "")))},
			Call: n.pays(n.bumpFee(asPSBT)),
		}
	}
	return []table.Method{
		method("bumpfee", "Replaces a waiting transaction of the wallet by one that pays more.", false, table.Hex("txid", "The new transaction's id")),
		method("psbtbumpfee", "Makes a PSBT of a transaction that replaces a waiting one of the wallet and pays more.", true, table.Str("psbt", "The PSBT in base64")),
	}
}

// coinMethods list and lock coins.
func (n *node) coinMethods() []table.Method {
	outpoint := []table.Shape{table.Hex("txid", "The transaction id"), table.Num("vout", "The output number")}
	return []table.Method{{
		Name: "listunspent", Category: "wallet", Wallet: true, Pool: true, About: "Lists the wallet's coins of a range of depths, of all addresses or of the given ones.",
		Args: []table.Arg{
			{Name: "minconf", Kind: table.Integer, Def: "1", About: "The least depth"},
			{Name: "maxconf", Kind: table.Integer, Def: "9999999", About: "The most depth"},
			{Name: "addresses", Kind: table.Array, Def: "[]", About: "Only coins of these addresses", Fields: []table.Arg{{Name: "address", Kind: table.Text, About: "An address"}}},
			{Name: "include_unsafe", Kind: table.Boolean, Def: "true", About: "Others' waiting coins, too, and those of replacements"},
			{Name: "query_options", Kind: table.Options, Oneline: "query_options", Fields: []table.Arg{
				{Name: "minimumAmount", Kind: table.Amount, Def: `"0.00"`, About: "The least value in BTC"},
				{Name: "maximumAmount", Kind: table.Amount, Hint: "unlimited", About: "The most value in BTC"},
				{Name: "maximumCount", Kind: table.Integer, Hint: "unlimited", About: "How many at most"},
				{Name: "minimumSumAmount", Kind: table.Amount, Hint: "unlimited", About: "The sum in BTC that is enough"},
				{Name: "include_immature_coinbase", Kind: table.Boolean, Def: "false", About: "Coinbases that cannot be spent yet, too"},
			}},
		},
		Results: []table.Shape{table.Arr("", "", unspentShape())}, Examples: table.Both("listunspent", "", ""), Call: n.synced(n.listUnspent),
	}, {
		Name: "lockunspent", Category: "wallet", Wallet: true,
		About: "Keeps coins from being chosen, or lets them be chosen again; all of them when none are named.\nLocks last until they are lifted, the coin is spent or, unless they are persistent, the node ends.",
		Args: []table.Arg{
			{Name: "unlock", Kind: table.Boolean, Need: true, About: "Unlock, not lock"},
			{Name: "transactions", Kind: table.Array, Def: "", Hint: "[]", About: "Coins", Fields: []table.Arg{{Kind: table.Object, Fields: []table.Arg{
				{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"}, {Name: "vout", Kind: table.Integer, Need: true, About: "The output number"}}}}},
			{Name: "persistent", Kind: table.Boolean, Def: "false", About: "Keep locks over restarts"},
		},
		Results: []table.Shape{table.Bool("", "Whether it worked")}, Call: n.synced(n.lockUnspent),
	}, {
		Name: "listlockunspent", Category: "wallet", Wallet: true, Pool: true, About: "Lists coins that are locked.",
		Results: []table.Shape{table.Arr("", "", table.Obj("", "", outpoint...))}, Examples: table.Both("listlockunspent", "", ""), Call: n.synced(n.listLockUnspent),
	}}
}

func unspentShape() table.Shape {
	return table.Obj("", "",
		table.Hex("txid", "The transaction id"), table.Num("vout", "The output number"),
		table.Str("address", "The address").Maybe(), table.Str("label", "The address's label").Maybe(),
		table.Str("scriptPubKey", "The output script"), table.Coins("amount", "The value in BTC"),
		table.Num("confirmations", "How deep it is"),
		table.Num("ancestorcount", "How many waiting transactions it depends on, its own included").Maybe(),
		table.Num("ancestorsize", "Their virtual size").Maybe(),
		table.Num("ancestorfees", "Their fees in satoshis, with what was added for mining").Maybe(),
		table.Hex("redeemScript", "The redeem script of P2SH").Maybe(), table.Str("witnessScript", "The script of P2WSH").Maybe(),
		table.Bool("spendable", "Always true"), table.Bool("solvable", "Whether it is known how to spend it, keys aside"),
		table.Bool("reused", "Whether its address was spent from").Maybe(),
		table.Str("desc", "A descriptor that spends it").Maybe(),
		table.Arr("parent_descs", "The wallet's descriptors it belongs to", table.Str("desc", "A descriptor")),
		table.Bool("safe", "Whether it will stay: others' waiting coins and replacements may not"))
}

// signingMethods sign what the caller has.
func (n *node) signingMethods() []table.Method {
	return []table.Method{{
		Name: "signrawtransactionwithwallet", Category: "wallet", Wallet: true, Pool: true,
		About:   "Signs inputs of a transaction with the wallet's keys. Outputs that it spends and that are in no block yet are to be given." + needsPassphrase,
		Args:    []table.Arg{{Name: "hexstring", Kind: table.Text, Need: true, About: "The transaction in hex"}, txargs.PrevoutArg(), txargs.SighashArg()},
		Results: []table.Shape{txargs.SignedShape()}, Call: n.synced(n.signWithWallet),
	}, {
		Name: "walletprocesspsbt", Category: "wallet", Wallet: true, Pool: true,
		About: "Fills a PSBT in with what the wallet knows, and signs the inputs that it can. Keys that several make together\n" +
			"(musig()) take two rounds: public nonces in the first, partial signatures when everybody's nonces are there." + needsPassphrase,
		Args: []table.Arg{
			{Name: "psbt", Kind: table.Text, Need: true, About: "A PSBT in base64"},
			{Name: "sign", Kind: table.Boolean, Def: "true", About: "Sign, too"},
			txargs.SighashArg(), derivsArg, {Name: "finalize", Kind: table.Boolean, Def: "true", About: "Make final scripts where no signature is missing"},
		},
		Results: []table.Shape{table.Obj("", "", table.Str("psbt", "The PSBT in base64"), table.Bool("complete", "Whether no signature is missing"), table.Hex("hex", "The transaction, when it is complete").Maybe(), txargs.TroublesShape())},
		Call:    n.synced(n.processPSBT),
	}, {
		Name: "signmessage", Category: "wallet", Wallet: true, About: "Signs a text with the key of an address." + needsPassphrase,
		Args: []table.Arg{
			{Name: "address", Kind: table.Text, Need: true, About: "The address, P2PKH"},
			{Name: "message", Kind: table.Text, Need: true, About: "The text"},
		},
		Results: []table.Shape{table.Str("signature", "The signature in base64")}, Call: n.on(n.signMessage),
	}}
}

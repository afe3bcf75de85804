package chainrpc

import "github.com/quernnet/quern/node/rpc/table"

// scanExample is a raw() descriptor of an address on main.
const scanExample = `"raw(76a91411b366edfc0a8b66feebae5c2e25a7b6a5d1cf3188ac)#fm24fxxy"`

func scanAction() table.Arg {
	return table.Arg{Name: "action", Kind: table.Text, Need: true, About: "The action to execute\n" +
		"\"start\" for starting a scan\n" +
		"\"abort\" for aborting the current scan (returns true when abort was successful)\n" +
		"\"status\" for progress report (in %) of the current scan"}
}

func scanObjects() table.Arg {
	return table.Arg{Name: "scanobjects", Kind: table.Array, About: "Array of scan objects. Required for \"start\" action\n" +
		"Every scan object is either a string descriptor or an object:", Oneline: "[scanobjects,...]",
		Fields: []table.Arg{
			{Name: "descriptor", Kind: table.Text, About: "An output descriptor"},
			{Kind: table.Object, About: "An object with output descriptor and metadata", Fields: []table.Arg{
				{Name: "desc", Kind: table.Text, Need: true, About: "An output descriptor"},
				{Name: "range", Kind: table.Range, Def: "1000", About: "The range of HD chain indexes to explore (either end or [begin,end])"},
			}},
		}}
}

func scanShape() table.Shape {
	return table.Obj("", "",
		table.Bool("success", "Whether the scan was completed"),
		table.Num("txouts", "The number of unspent transaction outputs scanned"),
		table.Num("height", "The block height at which the scan was done"),
		table.Hex("bestblock", "The hash of the block at the tip of the chain"),
		table.Arr("unspents", "", table.Obj("", "",
			table.Hex("txid", "The transaction id"),
			table.Num("vout", "The vout value"),
			table.Hex("scriptPubKey", "The output script"),
			table.Str("desc", "A specialized descriptor for the matched output script"),
			table.Coins("amount", "The total amount in BTC of the unspent output"),
			table.Bool("coinbase", "Whether this is a coinbase output"),
			table.Num("height", "Height of the unspent transaction output"),
			table.Hex("blockhash", "Blockhash of the unspent transaction output"),
			table.Num("confirmations", "Number of confirmations of the unspent transaction output when the scan was done"),
		)),
		table.Coins("total_amount", "The total amount of all found unspent outputs in BTC"),
	).When("when action=='start'; only returns after scan completes")
}

func scanAborted() table.Shape {
	return table.Bool("success", "True if scan will be aborted (not necessarily before this RPC returns), or false if there is no scan to abort").
		When("when action=='abort'")
}

func scanProgress() table.Shape {
	return table.Obj("", "", table.Num("progress", "Approximate percent complete")).
		When("when action=='status' and a scan is currently in progress")
}

func scanIdle() table.Shape {
	return table.Null("").When("when action=='status' and no scan is in progress - possibly already completed")
}

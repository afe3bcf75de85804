package walletrpc

import (
	"github.com/quernnet/quern/node/rpc/table"
)

// balanceMethods declares the methods about balances and what addresses received, with Core's words.
func (n *node) balanceMethods() []table.Method {
	return []table.Method{{
		Name: "getbalance", Category: "wallet", Wallet: true,
		About: "Returns the total available balance.\nThe available balance is what the wallet considers currently spendable, and is\nthus affected by options which limit spendability such as -spendzeroconfchange.\n",
		Args: []table.Arg{
			{Name: "dummy", About: "Remains for backward compatibility. Must be excluded or set to \"*\"."},
			{Name: "minconf", Kind: table.Integer, Def: "0", About: "Only include transactions confirmed at least this many times."},
			{Name: "include_watchonly", Kind: table.Boolean, Def: "false", About: "No longer used"},
			{Name: "avoid_reuse", Kind: table.Boolean, Hint: "true", About: "(only available if avoid_reuse wallet flag is set) Do not include balance in dirty outputs; addresses are considered dirty if they have previously been used in a transaction."},
		},
		Results: []table.Shape{table.Coins("amount", "The total amount in BTC received for this wallet.")},
		Examples: "\nThe total amount in the wallet with 0 or more confirmations\n" +
			table.CLI("getbalance", "") +
			"\nThe total amount in the wallet with at least 6 confirmations\n" +
			table.CLI("getbalance", "\"*\" 6") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("getbalance", "\"*\", 6"),
		Call: n.synced(n.getBalance),
	}, {
		Name: "getbalances", Category: "wallet", Wallet: true,
		About: "Returns an object with all balances in BTC.\n",
		Results: []table.Shape{table.Obj("", "",
			table.Obj("mine", "balances from outputs that the wallet can sign",
				table.Coins("trusted", "trusted balance (outputs created by the wallet or confirmed outputs)"),
				table.Coins("untrusted_pending", "untrusted pending balance (outputs created by others that are in the mempool)"),
				table.Coins("immature", "balance from immature coinbase outputs"),
				table.Coins("nonmempool", "sum of coins that are spent by transactions not in the mempool (usually an over-estimate due to not accounting for change or spends that conflict with each other)"),
				table.Coins("used", "(only present if avoid_reuse is set) balance from coins sent to addresses that were previously spent from (potentially privacy violating)").Maybe(),
			),
			lastProcessed(),
		)},
		Examples: table.CLI("getbalances", "") +
			table.Curl("getbalances", ""),
		Call: n.synced(n.getBalances),
	}, {
		Name: "getreceivedbyaddress", Category: "wallet", Wallet: true,
		About: "Returns the total amount received by the given address in transactions with at least minconf confirmations.\n",
		Args: []table.Arg{
			{Name: "address", Need: true, About: "The bitcoin address for transactions."},
			{Name: "minconf", Kind: table.Integer, Def: "1", About: "Only include transactions confirmed at least this many times."},
			{Name: "include_immature_coinbase", Kind: table.Boolean, Def: "false", About: "Include immature coinbase transactions."},
		},
		Results: []table.Shape{table.Coins("amount", "The total amount in BTC received at this address.")},
		Examples: "\nThe amount from transactions with at least 1 confirmation\n" +
			table.CLI("getreceivedbyaddress", "\"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\"") +
			"\nThe amount including unconfirmed transactions, zero confirmations\n" +
			table.CLI("getreceivedbyaddress", "\"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\" 0") +
			"\nThe amount with at least 6 confirmations\n" +
			table.CLI("getreceivedbyaddress", "\"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\" 6") +
			"\nThe amount with at least 6 confirmations including immature coinbase outputs\n" +
			table.CLI("getreceivedbyaddress", "\"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\" 6 true") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("getreceivedbyaddress", "\"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\", 6"),
		Call: n.synced(n.getReceivedByAddress),
	}, {
		Name: "getreceivedbylabel", Category: "wallet", Wallet: true,
		About: "Returns the total amount received by addresses with <label> in transactions with at least [minconf] confirmations.\n",
		Args: []table.Arg{
			{Name: "label", Need: true, About: "The selected label, may be the default label using \"\"."},
			{Name: "minconf", Kind: table.Integer, Def: "1", About: "Only include transactions confirmed at least this many times."},
			{Name: "include_immature_coinbase", Kind: table.Boolean, Def: "false", About: "Include immature coinbase transactions."},
		},
		Results: []table.Shape{table.Coins("amount", "The total amount in BTC received for this label.")},
		Examples: "\nAmount received by the default label with at least 1 confirmation\n" +
			table.CLI("getreceivedbylabel", "\"\"") +
			"\nAmount received at the tabby label including unconfirmed amounts with zero confirmations\n" +
			table.CLI("getreceivedbylabel", "\"tabby\" 0") +
			"\nThe amount with at least 6 confirmations\n" +
			table.CLI("getreceivedbylabel", "\"tabby\" 6") +
			"\nThe amount with at least 6 confirmations including immature coinbase outputs\n" +
			table.CLI("getreceivedbylabel", "\"tabby\" 6 true") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("getreceivedbylabel", "\"tabby\", 6, true"),
		Call: n.synced(n.getReceivedByLabel),
	}, {
		Name: "listreceivedbyaddress", Category: "wallet", Wallet: true,
		About: "List balances by receiving address.\n",
		Args: []table.Arg{
			{Name: "minconf", Kind: table.Integer, Def: "1", About: "The minimum number of confirmations before payments are included."},
			{Name: "include_empty", Kind: table.Boolean, Def: "false", About: "Whether to include addresses that haven't received any payments."},
			{Name: "include_watchonly", Kind: table.Boolean, Def: "false", About: "(DEPRECATED) No longer used"},
			{Name: "address_filter", About: "If present and non-empty, only return information on this address."},
			{Name: "include_immature_coinbase", Kind: table.Boolean, Def: "false", About: "Include immature coinbase transactions."},
		},
		Results: []table.Shape{table.Arr("", "",
			table.Obj("", "",
				table.Str("address", "The receiving address"),
				table.Coins("amount", "The total amount in BTC received by the address"),
				table.Num("confirmations", "The number of confirmations of the most recent transaction included"),
				table.Str("label", "The label of the receiving address. The default label is \"\""),
				table.Arr("txids", "",
					table.Hex("txid", "The ids of transactions received with the address"),
				),
			),
		)},
		Examples: table.CLI("listreceivedbyaddress", "") +
			table.CLI("listreceivedbyaddress", "6 true") +
			table.CLI("listreceivedbyaddress", "6 true true \"\" true") +
			table.Curl("listreceivedbyaddress", "6, true, true") +
			table.Curl("listreceivedbyaddress", "6, true, true, \"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\", true"),
		Call: n.synced(n.listReceivedByAddress),
	}, {
		Name: "listreceivedbylabel", Category: "wallet", Wallet: true,
		About: "List received transactions by label.\n",
		Args: []table.Arg{
			{Name: "minconf", Kind: table.Integer, Def: "1", About: "The minimum number of confirmations before payments are included."},
			{Name: "include_empty", Kind: table.Boolean, Def: "false", About: "Whether to include labels that haven't received any payments."},
			{Name: "include_watchonly", Kind: table.Boolean, Def: "false", About: "(DEPRECATED) No longer used"},
			{Name: "include_immature_coinbase", Kind: table.Boolean, Def: "false", About: "Include immature coinbase transactions."},
		},
		Results: []table.Shape{table.Arr("", "",
			table.Obj("", "",
				table.Coins("amount", "The total amount received by addresses with this label"),
				table.Num("confirmations", "The number of confirmations of the most recent transaction included"),
				table.Str("label", "The label of the receiving address. The default label is \"\""),
			),
		)},
		Examples: table.CLI("listreceivedbylabel", "") +
			table.CLI("listreceivedbylabel", "6 true") +
			table.Curl("listreceivedbylabel", "6, true, true, true"),
		Call: n.synced(n.listReceivedByLabel),
	}, {
		Name: "simulaterawtransaction", Category: "wallet", Wallet: true,
		About: "Calculate the balance change resulting in the signing and broadcasting of the given transaction(s).\n",
		Args: []table.Arg{
			{Name: "rawtxs", Kind: table.Array, About: "An array of hex strings of raw transactions.\n", Fields: []table.Arg{
				{Name: "rawtx", Kind: table.HexText},
			}},
			{Name: "options", Kind: table.Options, Fields: []table.Arg{
				{Name: "include_watchonly", Kind: table.Boolean, Def: "false", About: "(DEPRECATED) No longer used"},
			}},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Coins("balance_change", "The wallet balance change (negative means decrease)."),
		)},
		Examples: table.CLI("simulaterawtransaction", "[\"myhex\"]") +
			table.Curl("simulaterawtransaction", "[\"myhex\"]"),
		Call: n.on(n.simulateRawTransaction),
	}}
}

package walletrpc

import (
	"slices"

	"github.com/quernnet/quern/node/rpc/table"
)

// historyMethods declares the methods about transactions, with Core's words.
func (n *node) historyMethods() []table.Method {
	return []table.Method{{
		Name: "listtransactions", Category: "wallet", Wallet: true,
		About: "If a label name is provided, this will return only incoming transactions paying to addresses with the specified label.\nReturns up to 'count' most recent transactions ordered from oldest to newest while skipping the first number of \ntransactions specified in the 'skip' argument. A transaction can have multiple entries in this RPC response. \nFor instance, a wallet transaction that pays three addresses — one wallet-owned and two external — will produce \nfour entries. The payment to the wallet-owned address appears both as a send entry and as a receive entry. \nAs a result, the RPC response will contain one entry in the receive category and three entries in the send category.\n",
		Args: []table.Arg{
			{Name: "label", About: "If set, should be a valid label name to return only incoming transactions\nwith the specified label, or \"*\" to disable filtering and return all transactions."},
			{Name: "count", Kind: table.Integer, Def: "10", About: "The number of transactions to return"},
			{Name: "skip", Kind: table.Integer, Def: "0", About: "The number of transactions to skip"},
			{Name: "include_watchonly", Kind: table.Boolean, Def: "false", About: "(DEPRECATED) No longer used"},
		},
		Results: []table.Shape{table.Arr("", "",
			table.Obj("", "", slices.Concat([]table.Shape{
				table.Str("address", "The bitcoin address of the transaction (not returned if the output does not have an address, e.g. OP_RETURN null data).").Maybe(),
				table.Str("category", "The transaction category.\n\"send\"                  Transactions sent.\n\"receive\"               Non-coinbase transactions received.\n\"generate\"              Coinbase transactions received with more than 100 confirmations.\n\"immature\"              Coinbase transactions received with 100 or fewer confirmations.\n\"orphan\"                Orphaned coinbase transactions received."),
				table.Coins("amount", "The amount in BTC. This is negative for the 'send' category, and is positive\nfor all other categories"),
				table.Str("label", "A comment for the address/transaction, if any").Maybe(),
				table.Num("vout", "the vout value"),
				table.Coins("fee", "The amount of the fee in BTC. This is negative and only available for the\n'send' category of transactions.").Maybe(),
			}, transactionFields(), []table.Shape{
				table.Bool("abandoned", "'true' if the transaction has been abandoned (inputs are respendable)."),
			})...),
		)},
		Examples: "\nList the most recent 10 transactions in the systems\n" +
			table.CLI("listtransactions", "") +
			"\nList transactions 100 to 120\n" +
			table.CLI("listtransactions", "\"*\" 20 100") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("listtransactions", "\"*\", 20, 100"),
		Call: n.synced(n.listTransactions),
	}, {
		Name: "listsinceblock", Category: "wallet", Wallet: true,
		About: "Get all transactions in blocks since block [blockhash], or all transactions if omitted.\nIf \"blockhash\" is no longer a part of the main chain, transactions from the fork point onward are included.\nAdditionally, if include_removed is set, transactions affecting the wallet which were removed are returned in the \"removed\" array.\n",
		Args: []table.Arg{
			{Name: "blockhash", About: "If set, the block hash to list transactions since, otherwise list all transactions."},
			{Name: "target_confirmations", Kind: table.Integer, Def: "1", About: "Return the nth block hash from the main chain. e.g. 1 would mean the best block hash. Note: this is not used as a filter, but only affects [lastblock] in the return value"},
			{Name: "include_watchonly", Kind: table.Boolean, Def: "false", About: "(DEPRECATED) No longer used"},
			{Name: "include_removed", Kind: table.Boolean, Def: "true", About: "Show transactions that were removed due to a reorg in the \"removed\" array\n(not guaranteed to work on pruned nodes)"},
			{Name: "include_change", Kind: table.Boolean, Def: "false", About: "Also add entries for change outputs.\n"},
			{Name: "label", About: "Return only incoming transactions paying to addresses with the specified label.\n"},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Arr("transactions", "",
				table.Obj("", "", sinceBlockFields()...),
			),
			table.Arr("removed", "<structure is the same as \"transactions\" above, only present if include_removed=true>\nNote: transactions that were re-added in the active chain will appear as-is in this array, and may thus have a positive confirmation count.",
				table.Obj("", "", sinceBlockFields()...).Elide(""),
			).Maybe(),
			table.Hex("lastblock", "The hash of the block (target_confirmations-1) from the best block on the main chain, or the genesis hash if the referenced block does not exist yet. This is typically used to feed back into listsinceblock the next time you call it. So you would generally use a target_confirmations of say 6, so you will be continually re-notified of transactions until they've reached 6 confirmations plus any new ones"),
		)},
		Examples: table.CLI("listsinceblock", "") +
			table.CLI("listsinceblock", "\"000000000000000bacf66f7497b7dc45ef753ee9a7d38571037cdb1a57f663ad\" 6") +
			table.Curl("listsinceblock", "\"000000000000000bacf66f7497b7dc45ef753ee9a7d38571037cdb1a57f663ad\", 6"),
		Call: n.synced(n.listSinceBlock),
	}, {
		Name: "gettransaction", Category: "wallet", Wallet: true,
		About: "Get detailed information about in-wallet transaction <txid>\n",
		Args: []table.Arg{
			{Name: "txid", Need: true, About: "The transaction id"},
			{Name: "include_watchonly", Kind: table.Boolean, Def: "false", About: "(DEPRECATED) No longer used"},
			{Name: "verbose", Kind: table.Boolean, Def: "false", About: "Whether to include a `decoded` field containing the decoded transaction (equivalent to RPC decoderawtransaction)"},
		},
		Results: []table.Shape{table.Obj("", "", slices.Concat([]table.Shape{
			table.Coins("amount", "The amount in BTC"),
			table.Coins("fee", "The amount of the fee in BTC. This is negative and only available for the\n'send' category of transactions.").Maybe(),
		}, transactionFields(), []table.Shape{
			table.Arr("details", "",
				table.Obj("", "",
					table.Str("address", "The bitcoin address involved in the transaction.").Maybe(),
					table.Str("category", "The transaction category.\n\"send\"                  Transactions sent.\n\"receive\"               Non-coinbase transactions received.\n\"generate\"              Coinbase transactions received with more than 100 confirmations.\n\"immature\"              Coinbase transactions received with 100 or fewer confirmations.\n\"orphan\"                Orphaned coinbase transactions received."),
					table.Coins("amount", "The amount in BTC"),
					table.Str("label", "A comment for the address/transaction, if any").Maybe(),
					table.Num("vout", "the vout value"),
					table.Coins("fee", "The amount of the fee in BTC. This is negative and only available for the \n'send' category of transactions.").Maybe(),
					table.Bool("abandoned", "'true' if the transaction has been abandoned (inputs are respendable)."),
					table.Arr("parent_descs", "Only if 'category' is 'received'. List of parent descriptors for the output script of this coin.",
						table.Str("desc", "The descriptor string."),
					).Maybe(),
				),
			),
			table.Hex("hex", "Raw data for transaction"),
			table.Obj("decoded", "The decoded transaction (only present when `verbose` is passed)", decodedFields()...).Maybe(),
			lastProcessed(),
		})...)},
		Examples: table.CLI("gettransaction", "\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\"") +
			table.CLI("gettransaction", "\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\" true") +
			table.CLI("gettransaction", "\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\" false true") +
			table.Curl("gettransaction", "\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\""),
		Call: n.synced(n.getTransaction),
	}, {
		Name: "abandontransaction", Category: "wallet", Wallet: true,
		About: "Mark in-wallet transaction <txid> as abandoned\nThis will mark this transaction and all its in-wallet descendants as abandoned which will allow\nfor their inputs to be respent.  It can be used to replace \"stuck\" or evicted transactions.\nIt only works on transactions which are not included in a block and are not currently in the mempool.\nIt has no effect on transactions which are already abandoned.\n",
		Args: []table.Arg{
			{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
		},
		Results: []table.Shape{table.Null("")},
		Examples: table.CLI("abandontransaction", "\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\"") +
			table.Curl("abandontransaction", "\"1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d\""),
		Call: n.synced(n.abandonTransaction),
	}, {
		Name: "rescanblockchain", Category: "wallet", Wallet: true,
		About: "Rescan the local blockchain for wallet related transactions.\nNote: Use \"getwalletinfo\" to query the scanning progress.\nThe rescan is significantly faster if block filters are available\n(using startup option \"-blockfilterindex=1\").\n",
		Args: []table.Arg{
			{Name: "start_height", Kind: table.Integer, Def: "0", About: "block height where the rescan should start"},
			{Name: "stop_height", Kind: table.Integer, About: "the last block height that should be scanned. If none is provided it will rescan up to the tip at return time of this call."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Num("start_height", "The block height where the rescan started (the requested height or 0)"),
			table.Num("stop_height", "The height of the last rescanned block. May be null in rare cases if there was a reorg and the call didn't scan any blocks because they were already scanned in the background."),
		)},
		Examples: table.CLI("rescanblockchain", "100000 120000") +
			table.Curl("rescanblockchain", "100000, 120000"),
		Call: n.synced(n.rescanBlockchain),
	}, {
		Name: "abortrescan", Category: "wallet", Wallet: true,
		About:   "Stops current wallet rescan triggered by an RPC call, e.g. by a rescanblockchain call.\nNote: Use \"getwalletinfo\" to query the scanning progress.\n",
		Results: []table.Shape{table.Bool("", "Whether the abort was successful")},
		Examples: "\nImport a private key\n" +
			table.CLI("rescanblockchain", "") +
			"\nAbort the running wallet rescan\n" +
			table.CLI("abortrescan", "") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("abortrescan", ""),
		Call: n.on(n.abortRescan),
	}}
}

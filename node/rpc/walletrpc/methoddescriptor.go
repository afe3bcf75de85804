package walletrpc

import (
	"github.com/quernnet/quern/node/rpc/table"
)

// descriptorMethods declares the methods about descriptors and their keys, with Core's words.
func (n *node) descriptorMethods() []table.Method {
	return []table.Method{{
		Name: "importdescriptors", Category: "wallet", Wallet: true,
		About: "Import descriptors. This will trigger a rescan of the blockchain based on the earliest timestamp of all descriptors being imported. Requires a new wallet backup.\nWhen importing descriptors with multipath key expressions, if the multipath specifier contains exactly two elements, the descriptor produced from the second element will be imported as an internal descriptor.\n\nNote: This call can take over an hour to complete if using an early timestamp; during that time, other rpc calls\nmay report that the imported keys, addresses or scripts exist but related transactions are still missing.\nThe rescan is significantly faster if block filters are available (using startup option \"-blockfilterindex=1\").\n",
		Args: []table.Arg{
			{Name: "requests", Kind: table.Array, Need: true, About: "Data to be imported", Oneline: "requests", Fields: []table.Arg{
				{Kind: table.Object, Fields: []table.Arg{
					{Name: "desc", Need: true, About: "Descriptor to import."},
					{Name: "active", Kind: table.Boolean, Def: "false", About: "Set this descriptor to be the active descriptor for the corresponding output type/externality"},
					{Name: "range", Kind: table.Range, About: "If a ranged descriptor is used, this specifies the end or the range (in the form [begin,end]) to import"},
					{Name: "next_index", Kind: table.Integer, About: "If a ranged descriptor is set to active, this specifies the next index to generate addresses from"},
					{Name: "timestamp", Kind: table.Integer, Need: true, About: "Time from which to start rescanning the blockchain for this descriptor, in UNIX epoch time\nUse the string \"now\" to substitute the current synced blockchain time.\n\"now\" can be specified to bypass scanning, for outputs which are known to never have been used, and\n0 can be specified to scan the entire blockchain. Blocks up to 2 hours before the earliest timestamp\nof all descriptors being imported will be scanned as well as the mempool.", Types: [2]string{"timestamp | \"now\"", "integer / string"}},
					{Name: "internal", Kind: table.Boolean, Def: "false", About: "Whether matching outputs should be treated as not incoming payments (e.g. change)"},
					{Name: "label", Def: `""`, About: "Label to assign to the address, only allowed with internal=false. Disabled for ranged descriptors"},
				}},
			}},
		},
		Results: []table.Shape{table.Arr("", "Response is an array with the same size as the input that has the execution result",
			table.Obj("", "",
				table.Bool("success", ""),
				table.Arr("warnings", "",
					table.Str("", ""),
				).Maybe(),
				table.Obj("error", "",
					table.Num("code", "JSONRPC error code"),
					table.Str("message", "JSONRPC error message"),
				).Maybe(),
			),
		)},
		Examples: table.CLI("importdescriptors", "'[{ \"desc\": \"<my descriptor>\", \"timestamp\":1455191478, \"internal\": true }, { \"desc\": \"<my descriptor 2>\", \"label\": \"example 2\", \"timestamp\": 1455191480 }]'") +
			table.CLI("importdescriptors", "'[{ \"desc\": \"<my descriptor>\", \"timestamp\":1455191478, \"active\": true, \"range\": [0,100], \"label\": \"<my bech32 wallet>\" }]'"),
		Call: n.synced(n.importDescriptors),
	}, {
		Name: "listdescriptors", Category: "wallet", Wallet: true,
		About: "List all descriptors present in a wallet.\n",
		Args: []table.Arg{
			{Name: "private", Kind: table.Boolean, Def: "false", About: "Show private descriptors."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Str("wallet_name", "Name of wallet this operation was performed on"),
			table.Arr("descriptors", "Array of descriptor objects (sorted by descriptor string representation)",
				table.Obj("", "",
					table.Str("desc", "Descriptor string representation"),
					table.Num("timestamp", "The creation time of the descriptor"),
					table.Bool("active", "Whether this descriptor is currently used to generate new addresses"),
					table.Bool("internal", "True if this descriptor is used to generate change addresses. False if this descriptor is used to generate receiving addresses; defined only for active descriptors").Maybe(),
					table.Tuple("range", "Defined only for ranged descriptors",
						table.Num("", "Range start inclusive"),
						table.Num("", "Range end inclusive"),
					).Maybe(),
					table.Num("next", "Same as next_index field. Kept for compatibility reason.").Maybe(),
					table.Num("next_index", "The next index to generate addresses from; defined only for ranged descriptors").Maybe(),
				),
			),
		)},
		Examples: table.CLI("listdescriptors", "") +
			table.Curl("listdescriptors", "") +
			table.CLI("listdescriptors", "true") +
			table.Curl("listdescriptors", "true"),
		Call: n.on(n.listDescriptors),
	}, {
		Name: "gethdkeys", Category: "wallet", Wallet: true,
		About: "List all BIP 32 HD keys in the wallet and which descriptors use them.\n",
		Args: []table.Arg{
			{Name: "options", Kind: table.Options, Fields: []table.Arg{
				{Name: "active_only", Kind: table.Boolean, Def: "false", About: "Show the keys for only active descriptors"},
				{Name: "private", Kind: table.Boolean, Def: "false", About: "Show private keys"},
			}},
		},
		Results: []table.Shape{table.Arr("", "",
			table.Obj("", "",
				table.Str("xpub", "The extended public key"),
				table.Bool("has_private", "Whether the wallet has the private key for this xpub"),
				table.Str("xprv", "The extended private key if \"private\" is true").Maybe(),
				table.Arr("descriptors", "Array of descriptor objects that use this HD key",
					table.Obj("", "",
						table.Str("desc", "Descriptor string public representation"),
						table.Bool("active", "Whether this descriptor is currently used to generate new addresses"),
					),
				),
			),
		)},
		Examples: table.CLI("gethdkeys", "") +
			table.Curl("gethdkeys", "") +
			table.CLINamed("gethdkeys", table.Pair{Name: "active_only", Value: `"true"`}, table.Pair{Name: "private", Value: `"true"`}) +
			table.CurlNamed("gethdkeys", table.Pair{Name: "active_only", Value: `"true"`}, table.Pair{Name: "private", Value: `"true"`}),
		Call: n.on(n.getHDKeys),
	}, {
		Name: "createwalletdescriptor", Category: "wallet", Wallet: true,
		About: "Creates the wallet's descriptor for the given address type. The address type must be one that the wallet does not already have a descriptor for.\nRequires wallet passphrase to be set with walletpassphrase call if wallet is encrypted.\n",
		Args: []table.Arg{
			{Name: "type", Need: true, About: "The address type the descriptor will produce. Options are \"legacy\", \"p2sh-segwit\", \"bech32\", \"bech32m\"."},
			{Name: "options", Kind: table.Options, Fields: []table.Arg{
				{Name: "internal", Kind: table.Boolean, Hint: "Both external and internal will be generated unless this parameter is specified", About: "Whether to only make one descriptor that is internal (if parameter is true) or external (if parameter is false)"},
				{Name: "hdkey", Hint: "The HD key used by all other active descriptors", About: "The HD key that the wallet knows the private key of, listed using 'gethdkeys', to use for this descriptor's key"},
			}},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Arr("descs", "The public descriptors that were added to the wallet",
				table.Str("", ""),
			),
		)},
		Examples: table.CLI("createwalletdescriptor", "bech32m") +
			table.Curl("createwalletdescriptor", "bech32m"),
		Call: n.on(n.createWalletDescriptor),
	}}
}

package walletrpc

import (
	"github.com/quernnet/quern/node/rpc/table"
)

// setMethods declares the methods about the wallets as files: making, loading, copying them, with Core's words.
func (n *node) setMethods() []table.Method {
	return []table.Method{{
		Name: "createwallet", Category: "wallet", Wallet: true,
		About: "Creates and loads a new wallet.\n",
		Args: []table.Arg{
			{Name: "wallet_name", Need: true, About: "The name for the new wallet. If this is a path, the wallet will be created at the path location."},
			{Name: "disable_private_keys", Kind: table.Boolean, Def: "false", About: "Disable the possibility of private keys (only watchonlys are possible in this mode)."},
			{Name: "blank", Kind: table.Boolean, Def: "false", About: "Create a blank wallet. A blank wallet has no keys."},
			{Name: "passphrase", About: "Encrypt the wallet with this passphrase."},
			{Name: "avoid_reuse", Kind: table.Boolean, Def: "false", About: "Keep track of coin reuse, and treat dirty and clean coins differently with privacy considerations in mind."},
			{Name: "descriptors", Kind: table.Boolean, Def: "true", About: "If set, must be \"true\""},
			{Name: "load_on_startup", Kind: table.Boolean, About: "Save wallet name to persistent settings and load on startup. True to add wallet to startup list, false to remove, null to leave unchanged."},
			{Name: "external_signer", Kind: table.Boolean, Def: "false", About: "Use an external signer such as a hardware wallet. Requires -signer to be configured. Wallet creation will fail if keys cannot be fetched. Requires disable_private_keys and descriptors set to true."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Str("name", "The wallet name if created successfully. If the wallet was created using a full path, the wallet_name will be the full path."),
			table.Arr("warnings", "Warning messages, if any, related to creating and loading the wallet.",
				table.Str("", ""),
			).Maybe(),
		)},
		Examples: table.CLI("createwallet", "\"testwallet\"") +
			table.Curl("createwallet", "\"testwallet\"") +
			table.CLINamed("createwallet", table.Pair{Name: "wallet_name", Value: `"descriptors"`}, table.Pair{Name: "avoid_reuse", Value: `true`}, table.Pair{Name: "load_on_startup", Value: `true`}) +
			table.CurlNamed("createwallet", table.Pair{Name: "wallet_name", Value: `"descriptors"`}, table.Pair{Name: "avoid_reuse", Value: `true`}, table.Pair{Name: "load_on_startup", Value: `true`}),
		Call: n.createWallet,
	}, {
		Name: "loadwallet", Category: "wallet", Wallet: true,
		About: "Loads a wallet from a wallet file or directory.\nNote that all wallet command-line options used when starting bitcoind will be\napplied to the new wallet.\n",
		Args: []table.Arg{
			{Name: "filename", Need: true, About: "The path to the directory of the wallet to be loaded, either absolute or relative to the \"wallets\" directory. The \"wallets\" directory is set by the -walletdir option and defaults to the \"wallets\" folder within the data directory."},
			{Name: "load_on_startup", Kind: table.Boolean, About: "Save wallet name to persistent settings and load on startup. True to add wallet to startup list, false to remove, null to leave unchanged."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Str("name", "The wallet name if loaded successfully."),
			table.Arr("warnings", "Warning messages, if any, related to loading the wallet.",
				table.Str("", ""),
			).Maybe(),
		)},
		Examples: "\nLoad wallet from the wallet dir:\n" +
			table.CLI("loadwallet", "\"walletname\"") +
			table.Curl("loadwallet", "\"walletname\"") +
			"\nLoad wallet using absolute path (Unix):\n" +
			table.CLI("loadwallet", "\"/path/to/walletname/\"") +
			table.Curl("loadwallet", "\"/path/to/walletname/\"") +
			"\nLoad wallet using absolute path (Windows):\n" +
			table.CLI("loadwallet", "\"DriveLetter:\\path\\to\\walletname\\\"") +
			table.Curl("loadwallet", "\"DriveLetter:\\path\\to\\walletname\\\""),
		Call: n.loadWallet,
	}, {
		Name: "unloadwallet", Category: "wallet", Wallet: true,
		About: "Unloads the wallet referenced by the request endpoint or the wallet_name argument.\nIf both are specified, they must be identical.",
		Args: []table.Arg{
			{Name: "wallet_name", Hint: "the wallet name from the RPC endpoint", About: "The name of the wallet to unload. If provided both here and in the RPC endpoint, the two must be identical."},
			{Name: "load_on_startup", Kind: table.Boolean, About: "Save wallet name to persistent settings and load on startup. True to add wallet to startup list, false to remove, null to leave unchanged."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Arr("warnings", "Warning messages, if any, related to unloading the wallet.",
				table.Str("", ""),
			).Maybe(),
		)},
		Examples: table.CLI("unloadwallet", "wallet_name") +
			table.Curl("unloadwallet", "wallet_name"),
		Call: n.unloadWallet,
	}, {
		Name: "restorewallet", Category: "wallet", Wallet: true,
		About: "Restores and loads a wallet from backup.\n\nThe rescan is significantly faster if block filters are available\n(using startup option \"-blockfilterindex=1\").\n",
		Args: []table.Arg{
			{Name: "wallet_name", Need: true, About: "The name that will be applied to the restored wallet"},
			{Name: "backup_file", Need: true, About: "The backup file that will be used to restore the wallet."},
			{Name: "load_on_startup", Kind: table.Boolean, About: "Save wallet name to persistent settings and load on startup. True to add wallet to startup list, false to remove, null to leave unchanged."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Str("name", "The wallet name if restored successfully."),
			table.Arr("warnings", "Warning messages, if any, related to restoring and loading the wallet.",
				table.Str("", ""),
			).Maybe(),
		)},
		Examples: table.CLI("restorewallet", "\"testwallet\" \"home\\backups\\backup-file.bak\"") +
			table.Curl("restorewallet", "\"testwallet\" \"home\\backups\\backup-file.bak\"") +
			table.CLINamed("restorewallet", table.Pair{Name: "wallet_name", Value: `"testwallet"`}, table.Pair{Name: "backup_file", Value: `"home\\backups\\backup-file.bak\""`}, table.Pair{Name: "load_on_startup", Value: `true`}) +
			table.CurlNamed("restorewallet", table.Pair{Name: "wallet_name", Value: `"testwallet"`}, table.Pair{Name: "backup_file", Value: `"home\\backups\\backup-file.bak\""`}, table.Pair{Name: "load_on_startup", Value: `true`}),
		Call: n.restoreWallet,
	}, {
		Name: "backupwallet", Category: "wallet", Wallet: true,
		About: "Safely copies the current wallet file to the specified destination, which can either be a directory or a path with a filename.\n",
		Args: []table.Arg{
			{Name: "destination", Need: true, About: "The destination directory or file"},
		},
		Results: []table.Shape{table.Null("")},
		Examples: table.CLI("backupwallet", "\"backup.dat\"") +
			table.Curl("backupwallet", "\"backup.dat\""),
		Call: n.synced(n.backupWallet),
	}, {
		Name: "listwallets", Category: "wallet", Wallet: true,
		About: "Returns a list of currently loaded wallets.\nFor full information on the wallet, use \"getwalletinfo\"\n",
		Results: []table.Shape{table.Arr("", "",
			table.Str("walletname", "the wallet name"),
		)},
		Examples: table.CLI("listwallets", "") +
			table.Curl("listwallets", ""),
		Call: n.listWallets,
	}, {
		Name: "listwalletdir", Category: "wallet", Wallet: true,
		About: "Returns a list of wallets in the wallet directory.\n",
		Results: []table.Shape{table.Obj("", "",
			table.Arr("wallets", "",
				table.Obj("", "",
					table.Str("name", "The wallet name"),
					table.Arr("warnings", "Warning messages, if any, related to loading the wallet.",
						table.Str("", ""),
					).Maybe(),
				),
			),
		)},
		Examples: table.CLI("listwalletdir", "") +
			table.Curl("listwalletdir", ""),
		Call: n.listWalletDir,
	}, {
		Name: "getwalletinfo", Category: "wallet", Wallet: true,
		About: "Returns an object containing various wallet state info.\n",
		Results: []table.Shape{table.Obj("", "",
			table.Str("walletname", "the wallet name"),
			table.Num("walletversion", "(DEPRECATED) only related to unsupported legacy wallet, returns the latest version 169900 for backwards compatibility"),
			table.Str("format", "the database format (only sqlite)"),
			table.Num("txcount", "the total number of transactions in the wallet"),
			table.Num("keypoolsize", "how many new keys are pre-generated (only counts external keys)"),
			table.Num("keypoolsize_hd_internal", "how many new keys are pre-generated for internal use (used for change outputs, only appears if the wallet is using this feature, otherwise external keys are used)").Maybe(),
			table.Time("unlocked_until", "the UNIX epoch time until which the wallet is unlocked for transfers, or 0 if the wallet is locked (only present for passphrase-encrypted wallets)").Maybe(),
			table.Bool("private_keys_enabled", "false if privatekeys are disabled for this wallet (enforced watch-only wallet)"),
			table.Bool("avoid_reuse", "whether this wallet tracks clean/dirty coins in terms of reuse"),
			table.Obj("scanning", "current scanning details, or false if no scan is in progress",
				table.Num("duration", "elapsed seconds since scan start"),
				table.Num("progress", "scanning progress percentage [0.0, 1.0]"),
			).Unchecked(),
			table.Bool("descriptors", "whether this wallet uses descriptors for output script management"),
			table.Bool("external_signer", "whether this wallet is configured to use an external signer such as a hardware wallet"),
			table.Bool("blank", "Whether this wallet intentionally does not contain any keys, scripts, or descriptors"),
			table.Time("birthtime", "The start time for blocks scanning. It could be modified by (re)importing any descriptor with an earlier timestamp.").Maybe(),
			table.Arr("flags", "The flags currently set on the wallet",
				table.Str("flag", "The name of the flag"),
			),
			lastProcessed(),
		)},
		Examples: table.CLI("getwalletinfo", "") +
			table.Curl("getwalletinfo", ""),
		Call: n.synced(n.getWalletInfo),
	}, {
		Name: "setwalletflag", Category: "wallet", Wallet: true,
		About: "Change the state of the given wallet flag for a wallet.\n",
		Args: []table.Arg{
			{Name: "flag", Need: true, About: "The name of the flag to change. Current available flags: avoid_reuse"},
			{Name: "value", Kind: table.Boolean, Def: "true", About: "The new state."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Str("flag_name", "The name of the flag that was modified"),
			table.Bool("flag_state", "The new state of the flag"),
			table.Str("warnings", "Any warnings associated with the change").Maybe(),
		)},
		Examples: table.CLI("setwalletflag", "avoid_reuse") +
			table.Curl("setwalletflag", "\"avoid_reuse\""),
		Call: n.on(n.setWalletFlag),
	}}
}

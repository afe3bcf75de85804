package walletrpc

import (
	"github.com/quernnet/quern/node/rpc/table"
)

// lockMethods declares the methods about encryption, with Core's words.
func (n *node) lockMethods() []table.Method {
	return []table.Method{{
		Name: "encryptwallet", Category: "wallet", Wallet: true,
		About: "Encrypts the wallet with 'passphrase'. This is for first time encryption.\nAfter this, any calls that interact with private keys such as sending or signing \nwill require the passphrase to be set prior to making these calls.\nUse the walletpassphrase call for this, and then walletlock call.\nIf the wallet is already encrypted, use the walletpassphrasechange call.\n** IMPORTANT **\nFor security reasons, the encryption process will generate a new HD seed, resulting\nin the creation of a fresh set of active descriptors. Therefore, it is crucial to\nsecurely back up the newly generated wallet file using the backupwallet RPC.\n",
		Args: []table.Arg{
			{Name: "passphrase", Need: true, About: "The pass phrase to encrypt the wallet with. It must be at least 1 character, but should be long."},
		},
		Results: []table.Shape{table.Str("", "A string with further instructions")},
		Examples: "\nEncrypt your wallet\n" +
			table.CLI("encryptwallet", "\"my pass phrase\"") +
			"\nNow set the passphrase to use the wallet, such as for signing or sending bitcoin\n" +
			table.CLI("walletpassphrase", "\"my pass phrase\"") +
			"\nNow we can do something like sign\n" +
			table.CLI("signmessage", "\"address\" \"test message\"") +
			"\nNow lock the wallet again by removing the passphrase\n" +
			table.CLI("walletlock", "") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("encryptwallet", "\"my pass phrase\""),
		Call: n.on(n.encryptWallet),
	}, {
		Name: "walletpassphrase", Category: "wallet", Wallet: true,
		About: "Stores the wallet decryption key in memory for 'timeout' seconds.\nThis is needed prior to performing transactions related to private keys such as sending bitcoins\n\nNote:\nIssuing the walletpassphrase command while the wallet is already unlocked will set a new unlock\ntime that overrides the old one.\n",
		Args: []table.Arg{
			{Name: "passphrase", Need: true, About: "The wallet passphrase"},
			{Name: "timeout", Kind: table.Integer, Need: true, About: "The time to keep the decryption key in seconds; capped at 100000000 (~3 years)."},
		},
		Results: []table.Shape{table.Null("")},
		Examples: "\nUnlock the wallet for 60 seconds\n" +
			table.CLI("walletpassphrase", "\"my pass phrase\" 60") +
			"\nLock the wallet again (before 60 seconds)\n" +
			table.CLI("walletlock", "") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("walletpassphrase", "\"my pass phrase\", 60"),
		Call: n.on(n.walletPassphrase),
	}, {
		Name: "walletpassphrasechange", Category: "wallet", Wallet: true,
		About: "Changes the wallet passphrase from 'oldpassphrase' to 'newpassphrase'.\n",
		Args: []table.Arg{
			{Name: "oldpassphrase", Need: true, About: "The current passphrase"},
			{Name: "newpassphrase", Need: true, About: "The new passphrase"},
		},
		Results: []table.Shape{table.Null("")},
		Examples: table.CLI("walletpassphrasechange", "\"old one\" \"new one\"") +
			table.Curl("walletpassphrasechange", "\"old one\", \"new one\""),
		Call: n.on(n.walletPassphraseChange),
	}, {
		Name: "walletlock", Category: "wallet", Wallet: true,
		About:   "Removes the wallet encryption key from memory, locking the wallet.\nAfter calling this method, you will need to call walletpassphrase again\nbefore being able to call any methods which require the wallet to be unlocked.\n",
		Results: []table.Shape{table.Null("")},
		Examples: "\nSet the passphrase for 2 minutes to perform a transaction\n" +
			table.CLI("walletpassphrase", "\"my pass phrase\" 120") +
			"\nPerform a send (requires passphrase set)\n" +
			table.CLI("sendtoaddress", "\"bc1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\" 1.0") +
			"\nClear the passphrase since we are done before 2 minutes is up\n" +
			table.CLI("walletlock", "") +
			"\nAs a JSON-RPC call\n" +
			table.Curl("walletlock", ""),
		Call: n.on(n.walletLock),
	}}
}

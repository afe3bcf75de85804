package chainrpc

import (
	"slices"

	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
)

// headerFields are the schema of a header.
func headerFields() []table.Shape {
	return []table.Shape{
		table.Hex("hash", "The block's hash"),
		table.Num("confirmations", "How many blocks deep it lies, or -1 off the main chain"),
		table.Num("height", "The block's height"),
		table.Num("version", "The version"),
		table.Hex("versionHex", "The version in hexadecimal"),
		table.Hex("merkleroot", "The Merkle root"),
		table.Time("time", "The block's time, Unix seconds"),
		table.Time("mediantime", "The median time of the last blocks, Unix seconds"),
		table.Num("nonce", "The nonce"),
		table.Hex("bits", "The target in compact form"),
		table.Hex("target", "The target"),
		table.Num("difficulty", "The difficulty"),
		table.Hex("chainwork", "How many hashes are expected to make the chain up to this block"),
		table.Num("nTx", "How many transactions the block has"),
		table.Hex("previousblockhash", "The hash of the block before (if there is one)").Maybe(),
		table.Hex("nextblockhash", "The hash of the block after (if there is one)").Maybe(),
	}
}

func headerShapes() []table.Shape {
	return []table.Shape{
		table.Obj("", "", headerFields()...).When("for verbose = true"),
		table.Hex("", "The header's bytes").When("for verbose=false"),
	}
}

// bodyFields are what a block has besides its header and transactions.
func bodyFields() []table.Shape {
	return append(headerFields(),
		table.Num("strippedsize", "The block's size in bytes without witness"),
		table.Num("size", "The block's size in bytes"),
		table.Num("weight", "The block's weight (BIP141)"),
		table.Obj("coinbase_tx", "Of the coinbase transaction",
			table.Num("version", "Its version"),
			table.Num("locktime", "Its lock time"),
			table.Num("sequence", "Its input's sequence number"),
			table.Hex("coinbase", "Its input's script"),
			table.Hex("witness", "The one item of its input's witness, if there is one").Maybe(),
		),
	)
}

func blockShapes() []table.Shape {
	ids := table.Arr("tx", "The transaction ids", table.Hex("", "The transaction id"))
	fee := table.Coins("fee", "The fee in BTC, if the coins spent are known").Maybe()
	hexed := table.Hex("hex", "The transaction's bytes")
	txs := func(words string, fields []table.Shape) table.Shape {
		return table.Arr("tx", "", table.Obj("", "", slices.Concat(table.Told(words, fields...), []table.Shape{fee})...))
	}
	return []table.Shape{
		table.Hex("", "The block's bytes").When("for verbosity = 0"),
		table.Obj("", "", append(bodyFields(), ids)...).When("for verbosity = 1"),
		table.Obj("", "", append(table.Told("As for verbosity = 1", bodyFields()...),
			txs("Transactions as getrawtransaction shows them", append(txargs.TxFields(), hexed)))...).When("for verbosity = 2"),
		table.Obj("", "", append(table.Told("As for verbosity = 2", bodyFields()...),
			txs("Transactions as for verbosity = 2, with what their inputs spend", append(txargs.SpentFields(), hexed)))...).When("for verbosity = 3"),
	}
}

func coinShapes() []table.Shape {
	return []table.Shape{
		table.Null("").When("If the UTXO was not found"),
		table.Obj("", "",
			table.Hex("bestblock", "The hash of the tip"),
			table.Num("confirmations", "How many blocks deep the output lies"),
			table.Coins("value", "The value in BTC"),
			txargs.ScriptShape("scriptPubKey"),
			table.Bool("coinbase", "Whether a coinbase made it"),
		).When("Otherwise"),
	}
}

func infoShape() table.Shape {
	return table.Obj("", "",
		table.Str("chain", "The network (main, test, testnet4, signet, regtest)"),
		table.Num("blocks", "The tip's height"),
		table.Num("headers", "The best header's height"),
		table.Str("bestblockhash", "The tip's hash"),
		table.Hex("bits", "The tip's target in compact form"),
		table.Hex("target", "The tip's target"),
		table.Num("difficulty", "The difficulty"),
		table.Time("time", "The tip's time, Unix seconds"),
		table.Time("mediantime", "The median time of the last blocks, Unix seconds"),
		table.Num("verificationprogress", "How much of the best chain is verified, 0 to 1"),
		table.Bool("initialblockdownload", "Whether the node still catches up"),
		table.Obj("backgroundvalidation", "How far the blocks before a loaded snapshot are verified",
			table.Num("snapshotheight", "The snapshot's height"),
			table.Num("blocks", "The height that is verified"),
			table.Str("bestblockhash", "The hash of the block at that height"),
			table.Time("mediantime", "Its median time, Unix seconds"),
			table.Num("verificationprogress", "How much is verified, 0 to 1"),
			table.Hex("chainwork", "The work up to there"),
		).Maybe(),
		table.Hex("chainwork", "The work of the chain, in hexadecimal"),
		table.Num("size_on_disk", "About how many bytes the ledger takes on disk"),
		table.Bool("pruned", "Whether old blocks are removed"),
		table.Num("pruneheight", "The first block that is there (only if blocks are removed)").Maybe(),
		table.Bool("automatic_pruning", "Whether the node removes them by itself (only if blocks are removed)").Maybe(),
		table.Num("prune_target_size", "The size that it aims at (only if it does so by itself)").Maybe(),
		table.Hex("signet_challenge", "The script that blocks must satisfy (only on a signet)").Maybe(),
		table.Arr("warnings", "What an operator should see", table.Str("", "warning")),
	)
}

func deploymentsShape() table.Shape {
	return table.Obj("", "",
		table.Str("hash", "The block's hash"),
		table.Num("height", "The block's height"),
		table.Arr("script_flags", "The flags by which the block's scripts are checked", table.Str("", "a flag")),
		table.Dict("deployments", "", table.Obj("xxxx", "name of the deployment", deploymentFields()...)),
	)
}

func tipsShape() table.Shape {
	return table.Arr("", "", table.Obj("", "",
		table.Num("height", "The tip's height"),
		table.Hex("hash", "The tip's hash"),
		table.Num("branchlen", "How many blocks connect it to the main chain, 0 for that"),
		table.Str("status", "\"active\" for the main chain's\n"+
			"1. \"invalid\"          a block of the branch breaks a rule\n"+
			"2. \"headers-only\"     not all blocks are there, but their headers are valid\n"+
			"3. \"valid-headers\"    all blocks are there, and were never all verified\n"+
			"4. \"valid-fork\"       verified, and not of the main chain\n"+
			"5. \"active\"           the main chain's tip"),
	))
}

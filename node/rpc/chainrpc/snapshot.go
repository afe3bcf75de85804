package chainrpc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/snapshot"
)

func (n *node) snapshotMethods() []table.Method {
	return []table.Method{{
		Name: "dumptxoutset", Category: "blockchain",
		About: "Write the serialized UTXO set to a file. This can be used in loadtxoutset afterwards if this snapshot height is supported in the chainparams as well.\n" +
			"When rolling back, what has changed since is held in memory, keeping the main chain intact.\n" +
			"For deep rollbacks, make sure to use no RPC timeout (bitcoin-cli -rpcclienttimeout=0) as it may take several minutes.",
		Args: []table.Arg{
			{Name: "path", Need: true, About: "Path to the output file. If relative, will be prefixed by datadir."},
			{Name: "type", Def: `""`, About: "The type of snapshot to create. Can be \"latest\" to create a snapshot of the current UTXO set or \"rollback\" to temporarily roll back the state of the node to a historical block before creating the snapshot of a historical UTXO set. This parameter can be omitted if a separate \"rollback\" named parameter is specified indicating the height or hash of a specific historical block. If \"rollback\" is specified and separate \"rollback\" named parameter is not specified, this will roll back to the latest valid snapshot block that can currently be loaded with loadtxoutset."},
			{Name: "options", Kind: table.Options, Fields: []table.Arg{
				{Name: "rollback", Kind: table.Integer, Loose: true, Types: [2]string{"", "string or numeric"}, About: "Height or hash of the block to roll back to before creating the snapshot. Note: The further this number is from the tip, the longer this process will take. Consider setting a higher -rpcclienttimeout value in this case."},
				{Name: "in_memory", Kind: table.Boolean, Def: "false", About: "If true, the temporary UTXO-set database used during rollback is kept entirely in memory. This can significantly speed up the process but requires sufficient free RAM (over 10 GB on mainnet)."},
			}},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Num("coins_written", "the number of coins written in the snapshot"),
			table.Hex("base_hash", "the hash of the base of the snapshot"),
			table.Num("base_height", "the height of the base of the snapshot"),
			table.Str("path", "the absolute path that the snapshot was written to"),
			table.Hex("txoutset_hash", "the hash of the UTXO set contents"),
			table.Num("nchaintx", "the number of transactions in the chain up to and including the base block"),
		)},
		Examples: table.CLI("-rpcclienttimeout=0 dumptxoutset", "utxo.dat latest") +
			table.CLI("-rpcclienttimeout=0 dumptxoutset", "utxo.dat rollback") +
			table.CLI("-rpcclienttimeout=0 -named dumptxoutset", "utxo.dat rollback=853456") +
			table.CLI("-rpcclienttimeout=0 -named dumptxoutset", "utxo.dat rollback=853456 in_memory=true"),
		Call: n.dumpTxOutSet,
	}, {
		Name: "loadtxoutset", Category: "blockchain",
		About: "Load the serialized UTXO set from a file.\n" +
			"Once this snapshot is loaded, its contents will be deserialized into a second chainstate data structure, which is then used to sync to the network's tip. " +
			"Meanwhile, the original chainstate will complete the initial block download process in the background, eventually validating up to the block that the snapshot is based upon.\n\n" +
			"The result is a usable bitcoind instance that is current with the network tip in a matter of minutes rather than hours. UTXO snapshot are typically obtained from third-party sources (HTTP, torrent, etc.) which is reasonable since their contents are always checked by hash.\n\n" +
			"You can find more information on this process in the `assumeutxo` design document (<https://github.com/bitcoin/bitcoin/blob/master/doc/design/assumeutxo.md>).",
		Args: []table.Arg{{Name: "path", Need: true, About: "path to the snapshot file. If relative, will be prefixed by datadir."}},
		Results: []table.Shape{table.Obj("", "",
			table.Num("coins_loaded", "the number of coins loaded from the snapshot"),
			table.Hex("tip_hash", "the hash of the base of the snapshot"),
			table.Num("base_height", "the height of the base of the snapshot"),
			table.Str("path", "the absolute path that the snapshot was loaded from"),
		)},
		Examples: table.CLI("-rpcclienttimeout=0 loadtxoutset", "utxo.dat"), Call: n.loadTxOutSet,
	}, {
		Name: "getchainstates", Category: "blockchain", About: "Return information about chainstates.",
		Results: []table.Shape{table.Obj("", "",
			table.Num("headers", "the number of headers seen so far"),
			table.Arr("chainstates", "list of the chainstates ordered by work, with the most-work (active) chainstate last", table.Obj("", "",
				table.Num("blocks", "number of blocks in this chainstate"),
				table.Hex("bestblockhash", "blockhash of the tip"),
				table.Hex("bits", "nBits: compact representation of the block difficulty target"),
				table.Hex("target", "The difficulty target"),
				table.Num("difficulty", "difficulty of the tip"),
				table.Num("verificationprogress", "progress towards the network tip"),
				table.Hex("snapshot_blockhash", "the base block of the snapshot this chainstate is based on, if any").Maybe(),
				table.Num("coins_db_cache_bytes", "size of the coinsdb cache"),
				table.Num("coins_tip_cache_bytes", "size of the coinstip cache"),
				table.Bool("validated", "whether the chainstate is fully validated. True if all blocks in the chainstate were validated, false if the chain is based on a snapshot and the snapshot has not yet been validated."),
			)),
		)},
		Examples: table.Both("getchainstates", "", ""), Call: n.getChainStates,
	}}
}

// absolute prefixes a relative path by the node's folder.
func (n *node) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(n.Folder, path)
}

func (n *node) dumpTxOutSet(ctx context.Context, a table.Args) (any, error) {
	target, err := n.dumpTarget(a)
	if err != nil {
		return nil, err
	}
	path := n.absolute(a.Text(0))
	info, err := os.Stat(path)
	pipe := err == nil && info.Mode()&os.ModeNamedPipe != 0
	if err == nil && !pipe {
		return nil, table.Errorf(table.CodeInvalid, "%s already exists. If you are sure this is what you want, move it out of the way first", path)
	}
	temp := path + ".incomplete"
	if pipe {
		temp = filepath.Join(n.Folder, "txoutset.incomplete")
	}
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, table.Errorf(table.CodeInvalid, "Couldn't open file %s for writing.", temp)
	}
	out, err := n.dump(ctx, f, target)
	if err == nil {
		err = f.Sync()
	}
	if err == nil && pipe {
		err = intoPipe(path, f)
	}
	err = errors.Join(err, f.Close())
	if err == nil && !pipe {
		err = os.Rename(temp, path)
	} else {
		err = errors.Join(err, os.Remove(temp))
	}
	out.Path = path
	return out, err
}

// intoPipe copies a whole file into a named pipe: its header is known last.
func intoPipe(path string, f *os.File) error {
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(pipe, f)
	}
	return errors.Join(err, pipe.Close())
}

// holdName is under which a dump keeps the blocks that it rolls back.
const holdName = "dumptxoutset-rollback"

type dumpJSON struct {
	Coins  uint64    `json:"coins_written"`
	Base   wire.Hash `json:"base_hash"`
	Height uint32    `json:"base_height"`
	Path   string    `json:"path"`
	Hash   wire.Hash `json:"txoutset_hash"`
	Txs    uint64    `json:"nchaintx"`
}

// dump writes the coins after target, or the tip where that is zero.
func (n *node) dump(ctx context.Context, f *os.File, target wire.Hash) (out dumpJSON, err error) {
	buf := bufio.NewWriterSize(f, 1<<20)
	w, err := snapshot.NewWriter(buf)
	if err != nil {
		return out, err
	}
	var at consensus.State
	sum, err := coinset.Sum(ctx, func(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) (err error) {
		each := func(op wire.Outpoint, c consensus.Coin) error { return errors.Join(w.Put(op, c), f(op, c)) }
		if target.IsZero() {
			at, err = n.Chain.EachCoin(ctx, each)
		} else {
			h, _ := n.Chain.Header(target)
			n.Chain.HoldPruning(holdName, h.Height)
			defer n.Chain.ReleasePruning(holdName)
			at, err = n.Chain.EachCoinAt(ctx, target, each)
		}
		return err
	}, coinset.Serialized)
	if err != nil {
		return out, err
	}
	header, coins, err := w.Close(at.ID, n.Params.Magic)
	if err == nil {
		err = buf.Flush()
	}
	if err == nil {
		_, err = f.WriteAt(header, 0)
	}
	h, _ := n.Chain.Header(at.ID)
	return dumpJSON{Coins: coins, Base: at.ID, Height: at.Height, Hash: sum.Hash, Txs: h.ChainTxs}, err
}

// dumpTarget is the block whose coins are wanted, zero for the tip.
func (n *node) dumpTarget(a table.Args) (target wire.Hash, err error) {
	kind := a.Text(1)
	var options struct {
		Rollback json.RawMessage `json:"rollback"`
	}
	if a.Given(2) {
		a.Read(2, &options)
	}
	switch {
	case options.Rollback != nil:
		if kind != "" && kind != "rollback" {
			return target, table.Errorf(table.CodeInvalid, "Invalid snapshot type \"%s\" specified with rollback option", kind)
		}
	case kind == "rollback":
		sets := n.Params.Assumed
		if len(sets) == 0 {
			return target, table.Errorf(table.CodeInvalid, "No snapshot height is known of this chain: name the block to roll back to")
		}
		options.Rollback = json.RawMessage(fmt.Sprint(sets[len(sets)-1].Height))
	case kind == "latest":
		return target, nil
	default:
		return target, table.Errorf(table.CodeInvalid, "Invalid snapshot type \"%s\" specified. Please specify \"rollback\" or \"latest\"", kind)
	}
	h, err := n.hashOrHeight(options.Rollback)
	if err != nil {
		return target, err
	}
	tip := n.Chain.Tip()
	if h.ID == tip.ID {
		return target, nil
	}
	if !h.Active {
		return target, table.Errorf(table.CodeInvalid, "Block is not in main chain")
	}
	if first := n.Chain.FirstBody(); n.Chain.PruneTarget() != 0 && first > h.Height {
		return target, table.Errorf(table.CodeMisc, "Could not roll back to requested height since necessary block data is already pruned.")
	}
	return h.ID, nil
}

func (n *node) loadTxOutSet(ctx context.Context, a table.Args) (any, error) {
	path := n.absolute(a.Text(0))
	f, err := os.Open(path)
	if err != nil {
		return nil, table.Errorf(table.CodeInvalid, "Couldn't open file %s for reading.", path)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	header, err := snapshot.ReadHeader(r, n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeDecode, "Unable to parse metadata: %v", err)
	}
	base, _ := n.Chain.Header(header.Base)
	at, err := n.Chain.LoadSnapshot(ctx, chain.Snapshot{
		Base: header.Base,
		Ready: func() error {
			if n.Pool.Stats().Count > 0 {
				return &chain.SnapshotError{Text: "Can't activate a snapshot when mempool not empty"}
			}
			return nil
		},
		Each: func(f func(wire.Outpoint, *consensus.Coin) error) error {
			return snapshot.Read(r, header, base.Height, f)
		},
	})
	var refused *chain.SnapshotError
	if errors.As(err, &refused) {
		return nil, table.Errorf(table.CodeInternal, "Unable to load UTXO snapshot: %s. (%s)", refused.Text, path)
	}
	if err != nil {
		return nil, err
	}
	return struct {
		Coins  uint64    `json:"coins_loaded"`
		Tip    wire.Hash `json:"tip_hash"`
		Height uint32    `json:"base_height"`
		Path   string    `json:"path"`
	}{header.Coins, at.ID, at.Height, path}, nil
}

type chainStateJSON struct {
	Blocks     uint32      `json:"blocks"`
	Best       wire.Hash   `json:"bestblockhash"`
	Bits       view.Hex32  `json:"bits"`
	Target     string      `json:"target"`
	Difficulty view.Double `json:"difficulty"`
	Progress   view.Double `json:"verificationprogress"`
	Database   int64       `json:"coins_db_cache_bytes"`
	Coins      int64       `json:"coins_tip_cache_bytes"`
	Snapshot   *wire.Hash  `json:"snapshot_blockhash,omitempty"`
	Validated  bool        `json:"validated"`
}

func (n *node) getChainStates(ctx context.Context, _ table.Args) (any, error) {
	out := struct {
		Headers uint32           `json:"headers"`
		States  []chainStateJSON `json:"chainstates"`
	}{Headers: n.Chain.BestHeader().Height}
	back, proving := n.Chain.Background()
	share := int64(1)
	if proving {
		share = 2
		s := n.chainState(back.At, n.progressOf(back.At), share)
		s.Validated = true
		out.States = append(out.States, s)
	}
	s := n.chainState(n.Chain.Tip(), n.Progress(ctx), share)
	s.Validated = !proving
	if proving {
		s.Snapshot = &back.Base.ID
	}
	out.States = append(out.States, s)
	return out, nil
}

func (n *node) chainState(s consensus.State, progress float64, share int64) chainStateJSON {
	return chainStateJSON{
		Blocks: s.Height, Best: s.ID, Bits: view.Hex32(s.Past.Bits), Target: view.Target(uint32(s.Past.Bits)),
		Difficulty: view.Double(s.Past.Bits.Difficulty()), Progress: view.Double(progress),
		Database: n.Cache / 4 / share, Coins: n.Cache * 3 / 4 / share,
	}
}

// progressOf is the share of the best chain's blocks that a state has.
func (n *node) progressOf(s consensus.State) float64 {
	return float64(s.Height) / float64(max(n.Chain.BestHeader().Height, 1))
}

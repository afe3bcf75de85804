package poolrpc

import (
	"context"
	"encoding/json"

	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) fileMethods() []table.Method {
	const untrusted = "Warning: Importing untrusted metadata may lead to unexpected issues and undesirable behavior."
	return []table.Method{{
		Name: "importmempool", Pool: true, Category: "blockchain",
		About: "Import a mempool.dat file and attempt to add its contents to the mempool.\n" +
			"Warning: Importing untrusted files is dangerous, especially if metadata from the file is taken over.",
		Args: []table.Arg{
			{Name: "filepath", Kind: table.Text, Need: true, About: "The mempool file"},
			{Name: "options", Kind: table.Options, Oneline: "options", Fields: []table.Arg{
				{Name: "use_current_time", Kind: table.Boolean, Def: "true", About: "Whether to use the current system time or use the entry time metadata from the mempool file.\n" + untrusted},
				{Name: "apply_fee_delta_priority", Kind: table.Boolean, Def: "false", About: "Whether to apply the fee delta metadata from the mempool file.\n" +
					"It will be added to any existing fee deltas.\n" +
					"The fee delta can be set by the prioritisetransaction RPC.\n" +
					untrusted + "\n" +
					"Only set this bool if you understand what it does."},
				{Name: "apply_unbroadcast_set", Kind: table.Boolean, Def: "false", About: "Whether to apply the unbroadcast set metadata from the mempool file.\n" + untrusted},
			}},
		},
		Results:  []table.Shape{table.Obj("", "")},
		Examples: table.Both("importmempool", "/path/to/mempool.dat", "/path/to/mempool.dat"), Call: n.importMempool,
	}, {
		Name: "savemempool", Category: "blockchain",
		About:    "Dumps the mempool to disk. It will fail until the previous dump is fully loaded.\n",
		Results:  []table.Shape{table.Obj("", "", table.Str("filename", "the directory and file where the mempool was saved"))},
		Examples: table.Both("savemempool", "", ""), Call: n.saveMempool,
	}}
}

func (n *node) saveMempool(_ context.Context, _ table.Args) (any, error) {
	if !n.Pool.Stats().Loaded {
		return nil, table.Errorf(table.CodeMisc, "The mempool was not loaded yet")
	}
	path, err := n.Pool.Save()
	if err != nil {
		return nil, table.Errorf(table.CodeMisc, "Unable to dump mempool to disk")
	}
	return struct {
		File string `json:"filename"`
	}{path}, nil
}

func (n *node) importMempool(ctx context.Context, a table.Args) (any, error) {
	if n.Syncing() {
		return nil, table.Errorf(table.CodeInitialDownload, "Can only import the mempool after the block download and sync is done.")
	}
	o, err := importOptions(a)
	if err != nil {
		return nil, err
	}
	if err := n.Pool.Import(ctx, a.Text(0), o); err != nil {
		return nil, table.Errorf(table.CodeMisc, "Unable to import mempool file, see debug log for details.")
	}
	return struct{}{}, nil
}

// importOptions reads the second argument.
func importOptions(a table.Args) (o mempool.ImportOptions, err error) {
	o.Now = true
	var given map[string]json.RawMessage
	a.Read(1, &given)
	for name, to := range map[string]*bool{
		"use_current_time": &o.Now, "apply_fee_delta_priority": &o.Deltas, "apply_unbroadcast_set": &o.Unbroadcast,
	} {
		raw, ok := given[name]
		if !ok || table.IsNull(raw) {
			continue
		}
		if json.Unmarshal(raw, to) != nil {
			return o, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "bool"))
		}
	}
	return o, nil
}

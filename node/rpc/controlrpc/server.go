package controlrpc

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
)

// Running is a call that is being served.
type Running struct {
	Method string
	Since  time.Time
}

func (n *node) serverMethods() []table.Method {
	return []table.Method{{
		Name: "getrpcinfo", Category: "control", About: "Returns details of the RPC server.",
		Results: []table.Shape{table.Obj("", "",
			table.Arr("active_commands", "All active commands", table.Obj("", "Information about an active command",
				table.Str("method", "The name of the RPC command"),
				table.Num("duration", "The running time in microseconds"),
			)),
			table.Str("logpath", "Empty: Quern writes its log to the standard error output"),
		)},
		Examples: table.Both("getrpcinfo", "", ""), Call: n.rpcInfo,
	}, {
		Name: "getmemoryinfo", Category: "control", About: "Returns an object containing information about memory usage.",
		Args: []table.Arg{{Name: "mode", Kind: table.Text, Def: `"stats"`, About: "determines what kind of information is returned.\n" +
			"- \"stats\" returns general statistics about memory usage in the daemon.\n" +
			"- \"mallocinfo\" returns an XML string describing low-level heap state."}},
		Results: []table.Shape{
			table.Obj("", "", table.Obj("locked", "Of Go's heap: none of it is locked",
				table.Num("used", "Number of bytes used"),
				table.Num("free", "Number of bytes that are kept for use"),
				table.Num("total", "Number of bytes of both"),
				table.Num("locked", "Number of bytes that cannot be swapped to disk"),
				table.Num("chunks_used", "Number of objects"),
				table.Num("chunks_free", "Number of objects that could be had without asking the system, where it is known"),
			)).When(`mode "stats"`),
			table.Str("", `"<malloc version="1">..."`).When(`mode "mallocinfo"`),
		},
		Examples: table.Both("getmemoryinfo", "", ""), Call: n.memoryInfo,
	}}
}

func (n *node) rpcInfo(_ context.Context, _ table.Args) (any, error) {
	type command struct {
		Method   string `json:"method"`
		Duration int64  `json:"duration"`
	}
	out := struct {
		Active []command `json:"active_commands"`
		Log    string    `json:"logpath"`
	}{Active: []command{}}
	for _, c := range n.Running() {
		out.Active = append(out.Active, command{c.Method, time.Since(c.Since).Microseconds()})
	}
	return out, nil
}

func (n *node) memoryInfo(_ context.Context, a table.Args) (any, error) {
	var m runtime.MemStats
	switch mode := a.Text(0); mode {
	case "stats":
		runtime.ReadMemStats(&m)
	case "mallocinfo":
		runtime.ReadMemStats(&m)
		return fmt.Sprintf("<malloc version=\"1\">\n<heap nr=\"0\">\n<total type=\"rest\" count=\"%d\" size=\"%d\"/>\n</heap>\n"+
			"<system type=\"current\" size=\"%d\"/>\n<system type=\"max\" size=\"%d\"/>\n</malloc>\n",
			m.Mallocs-m.Frees, m.HeapAlloc, m.HeapSys-m.HeapReleased, m.HeapSys), nil
	default:
		return nil, table.Errorf(table.CodeInvalid, "unknown mode %s", mode)
	}
	type locked struct {
		Used       uint64 `json:"used"`
		Free       uint64 `json:"free"`
		Total      uint64 `json:"total"`
		Locked     uint64 `json:"locked"`
		ChunksUsed uint64 `json:"chunks_used"`
		ChunksFree uint64 `json:"chunks_free"`
	}
	total := m.HeapSys - m.HeapReleased
	return map[string]locked{"locked": {Used: m.HeapAlloc, Free: total - m.HeapAlloc, Total: total, ChunksUsed: m.Mallocs - m.Frees}}, nil
}

package controlrpc

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
)

const echoAbout = "Simply echo back the input arguments. This command is for testing.\n\n" +
	"The difference between echo and echojson is that echojson has argument conversion enabled in the client-side table in\n" +
	"bitcoin-cli. There is no server-side difference."

// conversions is what help is asked for by those who check a client's table of arguments.
const conversions = "dump_all_command_conversions"

func (n *node) controlMethods() []table.Method {
	return []table.Method{{
		Name: "help", Category: "control", About: "List all commands, or get help for a specified command.",
		Args:    []table.Arg{{Name: "command", Kind: table.Text, Hint: "all commands", About: "The command to get help on"}},
		Results: []table.Shape{table.Str("", "The help text"), table.Any("", "")}, Call: n.help,
	}, {
		Name: "stop", Category: "control", About: "Request a graceful shutdown of Quern.",
		Args:    []table.Arg{{Name: "wait", Kind: table.Integer, About: "how long to wait in ms", Hidden: true}},
		Results: []table.Shape{table.Str("", "A string with the content 'Quern stopping'")}, Call: n.stop,
	}, {
		Name: "uptime", Category: "control", About: "Returns the total uptime of the server.",
		Results: []table.Shape{table.Num("", "The number of seconds that the server has been running")}, Examples: table.Both("uptime", "", ""), Call: n.uptime,
	}, {
		Name: "echo", Category: "hidden", About: echoAbout,
		Args: echoArgs(), Results: []table.Shape{table.Any("", "")}, Call: n.echo,
	}, {
		Name: "echojson", Category: "hidden", About: echoAbout,
		Args: echoArgs(), Results: []table.Shape{table.Any("", "")}, Call: n.echo,
	}, {
		Name: "setmocktime", Category: "hidden",
		About:   "Set the local time to given timestamp (-regtest only)",
		Args:    []table.Arg{{Name: "timestamp", Kind: table.Long, Need: true, About: "Unix seconds; 0 goes back to the system's time"}},
		Results: []table.Shape{table.Null("")}, Call: n.setMockTime,
	}, {
		Name: "syncwithvalidationinterfacequeue", Category: "hidden",
		About:   "Waits until mempool and wallet have caught up with the tip that the chain had when the call began.",
		Results: []table.Shape{table.Null("")}, Examples: table.Both("syncwithvalidationinterfacequeue", "", ""), Call: n.syncParts,
	}}
}

func (n *node) help(_ context.Context, a table.Args) (any, error) {
	if a.Text(0) == conversions {
		return n.Table().Conversions(), nil
	}
	return n.Table().Help(a.Text(0)), nil
}

func (n *node) stop(ctx context.Context, a table.Args) (any, error) {
	if wait := a.Integer(0); wait > 0 {
		select {
		case <-time.After(time.Duration(wait) * time.Millisecond):
		case <-ctx.Done():
		}
	}
	n.Stop()
	return "Quern stopping", nil
}

func (n *node) uptime(_ context.Context, _ table.Args) (any, error) {
	return int64(time.Since(n.Started).Seconds()), nil
}

func echoArgs() (out []table.Arg) {
	for i := range 10 {
		out = append(out, table.Arg{Name: fmt.Sprintf("arg%d", i), Kind: table.Text, Loose: true})
	}
	return out
}

func (n *node) echo(_ context.Context, a table.Args) (any, error) {
	out := make([]json.RawMessage, a.Sent)
	for i := range out {
		if out[i] = a.Raw(i); out[i] == nil {
			out[i] = json.RawMessage("null")
		}
	}
	return out, nil
}

func (n *node) setMockTime(_ context.Context, a table.Args) (any, error) {
	if n.Params.Name != "regtest" {
		return nil, table.Errorf(table.CodeMisc, "setmocktime is for regression testing (-regtest mode) only")
	}
	t := a.Integer(0)
	const most = math.MaxUint32 // a block's time has no more
	switch {
	case t < 0 || t > most:
		return nil, table.Errorf(table.CodeInvalid, "Mocktime must be in the range [0, %d], not %d.", int64(most), t)
	case t == 0:
		n.SetTime(time.Time{})
	default:
		n.SetTime(time.Unix(t, 0))
	}
	return nil, nil
}

// syncParts waits for those who follow the chain.
func (n *node) syncParts(ctx context.Context, _ table.Args) (any, error) { return nil, n.Sync(ctx) }

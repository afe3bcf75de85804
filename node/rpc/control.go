package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

func controlMethods() []method {
	return []method{{
		name: "help", category: "control", about: "List all commands, or get help for a specified command.",
		args:   []arg{{name: "command", kind: text, hint: "all commands", about: "The command to get help on"}},
		result: "The help text", call: help,
	}, {
		name: "stop", category: "control", about: "Request a graceful shutdown of Quern.",
		args:   []arg{{name: "wait", kind: integer, about: "how long to wait in ms"}},
		result: "\"Quern stopping\"", call: stop,
	}, {
		name: "uptime", category: "control", about: "Returns the total uptime of the server.",
		result: "The number of seconds that the server has been running", call: uptime,
	}, {
		name: "echo", category: "hidden", about: "Simply echo back the input arguments. This command is for testing.",
		args: echoArgs(), result: "The arguments, as an array", call: echo,
	}, {
		name: "setmocktime", category: "hidden",
		about:  "Set the local time to given timestamp (-regtest only)",
		args:   []arg{{name: "timestamp", kind: long, need: true, about: "Unix seconds; 0 goes back to the system's time"}},
		result: "null", call: setMockTime,
	}, {
		name: "syncwithvalidationinterfacequeue", category: "hidden",
		about:  "Waits until mempool and wallet have caught up with the tip that the chain had when the call began.",
		result: "null", call: syncParts,
	}}
}

func help(_ context.Context, n *node, a args) (any, error) { return n.methods.help(a.text(0)), nil }

func stop(ctx context.Context, n *node, a args) (any, error) {
	if wait := a.integer(0); wait > 0 {
		select {
		case <-time.After(time.Duration(wait) * time.Millisecond):
		case <-ctx.Done():
		}
	}
	n.Stop()
	return "Quern stopping", nil
}

func uptime(_ context.Context, n *node, _ args) (any, error) {
	return int64(time.Since(n.started).Seconds()), nil
}

func echoArgs() (out []arg) {
	for i := range 10 {
		out = append(out, arg{name: fmt.Sprintf("arg%d", i), kind: text, loose: true})
	}
	return out
}

func echo(_ context.Context, _ *node, a args) (any, error) {
	last := 0
	for i, v := range a.values {
		if v != nil {
			last = i + 1
		}
	}
	out := make([]json.RawMessage, last)
	for i := range out {
		if out[i] = a.raw(i); out[i] == nil {
			out[i] = json.RawMessage("null")
		}
	}
	return out, nil
}

func setMockTime(_ context.Context, n *node, a args) (any, error) {
	if n.Params.Name != "regtest" {
		return nil, errorf(codeMisc, "setmocktime is for regression testing (-regtest mode) only")
	}
	t := a.integer(0)
	const most = math.MaxInt64 / int64(time.Second)
	switch {
	case t < 0 || t > most:
		return nil, errorf(codeInvalid, "Mocktime must be in the range [0, %d], not %d.", most, t)
	case t == 0:
		n.SetTime(time.Time{})
	default:
		n.SetTime(time.Unix(t, 0))
	}
	return nil, nil
}

// syncParts waits for those who follow the chain.
func syncParts(ctx context.Context, n *node, _ args) (any, error) {
	tip := n.Chain.Tip()
	if err := n.Pool.Sync(ctx); err != nil {
		return nil, err
	}
	return nil, n.walletAt(ctx, tip.Height)
}

// walletPatience is how long a wallet's method waits for it to read the tip.
const walletPatience = 3 * time.Second

// walletCatchesUp lets the wallet read the blocks that the caller may know of
// (Core's BlockUntilSyncedToCurrentChain). While it reads a whole chain anew
// the method answers with what is known so far.
func (n *node) walletCatchesUp(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, walletPatience)
	defer cancel()
	if err := n.walletAt(patience, n.Chain.Tip().Height); err != nil && patience.Err() == nil {
		return err
	}
	return ctx.Err()
}

// walletAt waits until the wallet has read the chain up to a height.
func (n *node) walletAt(ctx context.Context, height uint32) error {
	for {
		changed := n.Wallet.Changed()
		st := n.Wallet.Status()
		if !st.Exists || st.Synced || st.Height >= height {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

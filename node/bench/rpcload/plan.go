package rpcload

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
)

const (
	large      = 1_000_000 // bytes, the least that a block must have to be asked for
	mostBlocks = 64
	heavy      = 4 // clients at most, for answers of many megabytes
)

// Plan measures a node that has a chain with large blocks: headers, blocks in
// three forms, templates; and sends payments, which it does not have yet.
func (c *Config) Plan(ctx context.Context, payments []*wire.Tx, report func(Figures)) error {
	blocks, err := c.blocks(ctx)
	if err != nil {
		return err
	}
	few := *c
	few.Clients = min(c.Clients, heavy)
	var send []string
	for _, t := range payments {
		send = append(send, call("sendrawtransaction", `"`+hex.EncodeToString(t.Append(nil))+`"`))
	}
	for _, step := range []struct {
		config *Config
		name   string
		calls  []string
		once   bool
	}{
		{c, "getblockheader", each("getblockheader", blocks, ""), false},
		{c, "getblock 0", each("getblock", blocks, ",0"), false},
		{c, "getblock 1", each("getblock", blocks, ",1"), false},
		{&few, "getblock 2", each("getblock", blocks, ",2"), false},
		{&few, "getblock 3", each("getblock", blocks, ",3"), false},
		{c, "sendrawtransaction", send, true},
		{&few, "getblocktemplate", []string{call("getblocktemplate", `{"rules":["segwit"]}`)}, false},
	} {
		if len(step.calls) == 0 || !strings.HasPrefix(step.name, c.Only) {
			continue
		}
		f, err := step.config.Run(ctx, step.name, step.calls, step.once)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		report(f)
	}
	return nil
}

func call(method, params string) string {
	return `{"jsonrpc":"1.0","id":1,"method":"` + method + `","params":[` + params + `]}`
}

func each(method string, blocks []string, more string) []string {
	out := make([]string, len(blocks))
	for i, id := range blocks {
		out[i] = call(method, `"`+id+`"`+more)
	}
	return out
}

// blocks lists the ids of the newest large blocks.
func (c *Config) blocks(ctx context.Context) ([]string, error) {
	var id string
	if err := c.get(ctx, "getbestblockhash", "", &id); err != nil {
		return nil, err
	}
	var out []string
	for len(out) < mostBlocks && id != "" {
		var b struct {
			Size int    `json:"size"`
			Prev string `json:"previousblockhash"`
		}
		if err := c.get(ctx, "getblock", `"`+id+`"`, &b); err != nil {
			return nil, err
		}
		if b.Size >= large {
			out = append(out, id)
		} else if len(out) > 0 {
			break
		}
		id = b.Prev
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the node has no block of %d bytes: load a file of `quern bench chain` first", large)
	}
	return out, nil
}

// get asks once.
func (c *Config) get(ctx context.Context, method, params string, result any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(call(method, params)))
	if err != nil {
		return err
	}
	user, password, _ := strings.Cut(c.Login, ":")
	r.SetBasicAuth(user, password)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var reply struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return fmt.Errorf("%s: %s: %.200s", method, res.Status, bytes.TrimSpace(body))
	}
	if reply.Error != nil {
		return fmt.Errorf("%s: %s", method, reply.Error.Message)
	}
	return json.Unmarshal(reply.Result, result)
}

package table

import (
	"encoding/json"
	"strings"
)

// CLI is an example's line for bitcoin-cli.
func CLI(method, args string) string { return "> bitcoin-cli " + method + " " + args + "\n" }

// Curl is an example's line for curl; args are JSON, with commas between them.
func Curl(method, args string) string { return curl(method, "["+args+"]") }

func curl(method, params string) string {
	return `> curl --user myusername --data-binary '{"jsonrpc": "2.0", "id": "curltest", ` +
		`"method": "` + method + `", "params": ` + params + `}' -H 'content-type: application/json' http://127.0.0.1:8332/` + "\n"
}

// Both is an example for bitcoin-cli and the same for curl.
func Both(method, cli, rpc string) string { return CLI(method, cli) + Curl(method, rpc) }

// Pair is an argument given by name; the value is JSON.
type Pair struct{ Name, Value string }

// CLINamed is CLI with arguments by name.
func CLINamed(method string, args ...Pair) string {
	var b strings.Builder
	b.WriteString("> bitcoin-cli -named " + method)
	for _, p := range args {
		text := p.Value
		_ = json.Unmarshal([]byte(p.Value), &text) // what is no string stays as it is
		if strings.ContainsAny(text, ` '"`) {
			text = "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
		}
		b.WriteString(" " + p.Name + "=" + text)
	}
	return b.String() + "\n"
}

// CurlNamed is Curl with arguments by name.
func CurlNamed(method string, args ...Pair) string {
	fields := make([]string, len(args))
	for i, p := range args {
		fields[i] = `"` + p.Name + `":` + p.Value
	}
	return curl(method, "{"+strings.Join(fields, ",")+"}")
}

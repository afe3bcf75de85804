package rpc

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// cosigning is several wallets of one node.
type cosigning struct {
	*fixture
	t       *testing.T
	wallets []string
	keys    [][2]string // of each wallet: private with its path, public with its origin
	funded  uint32      // coinbases spent so far
	parties int         // begun so far
}

// on runs a method of a wallet that is to succeed; of none at "".
func (c *cosigning) on(wallet, method string, result any, params ...any) {
	c.t.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"method": method, "params": params})
	if err != nil {
		c.t.Fatal(err)
	}
	path := "/"
	if wallet != "" {
		path = "/wallet/" + wallet
	}
	status, reply := post(c.server, path, string(body))
	if status != http.StatusOK {
		c.t.Fatalf("%s of %q: %d %s", method, wallet, status, reply)
	}
	out := struct{ Result any }{result}
	if err := json.Unmarshal([]byte(reply), &out); err != nil {
		c.t.Fatalf("%s: %v in %s", method, err, reply)
	}
}

var (
	participant = regexp.MustCompile(`\$\d`)
	musigs      = regexp.MustCompile(`musig\((.*?)\)`)
	privateTR   = regexp.MustCompile(`^tr\((.+?)/`)
	publicTR    = regexp.MustCompile(`^tr\((\[\w{8}(/.+?)\].+?)/`)
)

// begin makes a wallet for each participant, and gives them the descriptor.
func (c *cosigning) begin(m musigCase) {
	pattern := strings.ReplaceAll(m.pattern, "$H", nums)
	all := participant.FindAllString(pattern, -1)
	slices.Sort(all)
	c.parties++
	c.wallets, c.keys = nil, nil
	for i := range slices.Compact(all) {
		c.wallets = append(c.wallets, fmt.Sprintf("musig%d-%d", c.parties, i))
		c.newWallet(c.wallets[i])
	}
	for i, w := range c.wallets {
		if m.alone && i > 0 {
			break
		}
		desc := participant.ReplaceAllStringFunc(pattern, func(s string) string {
			n := int(s[1] - '0')
			if n == i {
				return c.keys[n][0]
			}
			return c.keys[n][1]
		})
		var info struct{ Checksum string }
		c.on("", "getdescriptorinfo", &info, desc)
		var done []struct {
			Success bool
			Error   json.RawMessage
		}
		c.on(w, "importdescriptors", &done, []any{map[string]any{"desc": desc + "#" + info.Checksum, "active": true, "timestamp": "now"}})
		for _, d := range done {
			if !d.Success {
				c.t.Fatalf("%s is not imported: %s", desc, d.Error)
			}
		}
	}
}

func (c *cosigning) newWallet(name string) {
	c.on("", "createwallet", nil, name)
	find := func(private bool, re *regexp.Regexp) []string {
		var list struct{ Descriptors []struct{ Desc string } }
		c.on(name, "listdescriptors", &list, private)
		for _, d := range list.Descriptors {
			if found := re.FindStringSubmatch(d.Desc); found != nil {
				return found
			}
		}
		c.t.Fatalf("wallet %s has no taproot descriptor", name)
		return nil
	}
	private, public := find(true, privateTR), find(false, publicTR)
	c.keys = append(c.keys, [2]string{private[1] + public[2], public[1]})
}

// owners are the wallets that have the descriptor.
func (c *cosigning) owners(m musigCase) []string {
	if m.alone {
		return c.wallets[:1]
	}
	return c.wallets
}

// same is the one address that all owners give.
func (c *cosigning) same(m musigCase, method string, params ...any) (addr string) {
	for i, w := range c.owners(m) {
		var got string
		if c.on(w, method, &got, params...); i > 0 && got != addr {
			c.t.Errorf("%s gives %s, others %s", w, got, addr)
		}
		addr = got
	}
	return addr
}

// fund pays to the wallets, and makes a packet that spends it.
func (c *cosigning) fund(m musigCase) string {
	addr := c.same(m, "getnewaddress", "", "bech32m")
	if m.change() {
		c.same(m, "getrawchangeaddress", "bech32m")
	}
	var of struct{ ScriptPubKey string }
	c.on("", "validateaddress", &of, addr)
	script, err := hex.DecodeString(of.ScriptPubKey)
	if err != nil {
		c.t.Fatal(err)
	}
	c.funded++
	pay := c.pay(c.block(c.funded).Txs[0], 0, 10_000, script)
	c.on("", "sendrawtransaction", nil, fmt.Sprintf("%x", pay.Append(nil)))
	c.on("", "generatetoaddress", nil, 1, c.vars["addr"])
	c.on("", "syncwithvalidationinterfacequeue", nil)
	var coins []struct {
		TxID string
		Vout int
	}
	for _, w := range c.owners(m) {
		if c.on(w, "listunspent", &coins); len(coins) != 1 || coins[0].TxID != pay.ID().String() {
			c.t.Fatalf("%s has %+v", w, coins)
		}
	}
	var made struct{ PSBT string }
	c.on(c.wallets[0], "walletcreatefundedpsbt", &made, []any{map[string]any{"txid": coins[0].TxID, "vout": 0}}, []any{map[string]any{c.vars["addr"]: 5}},
		c.parts.Chain.Tip().Height, map[string]any{"change_type": "bech32m", "changePosition": 1, "fee_rate": 10})
	return made.PSBT
}

// share is a public nonce or partial signature as decodepsbt shows it.
type share struct {
	By      string `json:"participant_pubkey"`
	Key     string `json:"aggregate_pubkey"`
	Leaf    string `json:"leaf_hash"`
	Nonce   string `json:"pubnonce"`
	Partial string `json:"partial_sig"`
}

// cosignedMap is an input or output as decodepsbt shows it.
type cosignedMap struct {
	Participants []struct {
		Pubs []string `json:"participant_pubkeys"`
	} `json:"musig2_participant_pubkeys"`
	Derivs []struct{ Pubkey string } `json:"taproot_bip32_derivs"`
	Nonces []share                   `json:"musig2_pubnonces"`
	Parts  []share                   `json:"musig2_partial_sigs"`
	Final  []string                  `json:"final_scriptwitness"`
}

type cosigned struct{ Inputs, Outputs []cosignedMap }

func (c *cosigning) decode(text string) (d cosigned) {
	c.on("", "decodepsbt", &d, text)
	return d
}

// described checks that a map tells of all participants, and where their keys come from.
func (c *cosigning) described(m musigCase, of cosignedMap) {
	pubs := make(map[string]bool)
	for _, p := range of.Participants {
		for _, pub := range p.Pubs {
			pubs[pub[2:]] = true
		}
	}
	if len(of.Participants) != strings.Count(m.pattern, "musig(") || len(pubs) != len(c.keys) {
		c.t.Errorf("%d aggregate keys of %d participants", len(of.Participants), len(pubs))
	}
	for _, d := range of.Derivs {
		delete(pubs, d.Pubkey)
	}
	if len(pubs) != 0 {
		c.t.Errorf("nothing tells where %v come from", pubs)
	}
}

// round has all present wallets process a packet, and combines what they return.
func (c *cosigning) round(m musigCase, text string) string {
	var all []string
	for i, w := range c.wallets {
		if i == m.absent {
			continue
		}
		params := []any{text, true}
		if m.sighash != "" {
			params = append(params, m.sighash)
		}
		var out processed
		if c.on(w, "walletprocesspsbt", &out, params...); out.Complete || len(out.Warnings) > 0 {
			c.t.Fatalf("%s: %+v", w, out)
		}
		all = append(all, out.PSBT)
	}
	c.on("", "combinepsbt", &text, all)
	return text
}

// processed is what walletprocesspsbt and finalizepsbt return.
type processed struct {
	PSBT, Hex string
	Complete  bool
	Warnings  []string
}

// expected is how many nonces and partial signatures come of a case.
func (m musigCase) expected() (nonces, partials int) {
	for _, musig := range musigs.FindAllString(m.pattern, -1) {
		n := strings.Count(musig, "$")
		if m.absent >= 0 && strings.Contains(musig, fmt.Sprint("$", m.absent)) {
			nonces += n - 1
			continue
		}
		nonces, partials = nonces+n, partials+n
	}
	return nonces, partials
}

// fresh checks that two sessions at once share nothing.
func (c *cosigning) fresh(a, b []share, want int) {
	c.t.Helper()
	if len(a) != want || len(b) != want {
		c.t.Fatalf("%d and %d shares, want %d", len(a), len(b), want)
	}
	for i := range a {
		x, y := a[i], b[i]
		if x.By != y.By || x.Key != y.Key || x.Leaf != y.Leaf || x.Nonce+x.Partial == y.Nonce+y.Partial {
			c.t.Errorf("%+v and %+v", x, y)
		}
	}
}

package rpc

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// oracle is a bitcoind on regtest with the fixture's chain. It is there where
// QUERN_BITCOIND names the binary.
type oracle struct {
	*fixture
	url, login string
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	binary := os.Getenv("QUERN_BITCOIND")
	if binary == "" {
		t.Skip("QUERN_BITCOIND names no bitcoind to compare with")
	}
	o := &oracle{fixture: newFixture(t, 150)}
	dir, port := t.TempDir(), freePort(t)
	cmd := exec.Command(binary, "-regtest", "-datadir="+dir, "-rpcport="+port, "-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1",
		"-listen=0", "-dnsseed=0", "-fixedseeds=0", "-printtoconsole=0", "-acceptnonstdtxn=0",
		fmt.Sprintf("-mocktime=%d", o.parts.Now().Unix()))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	o.url = "http://127.0.0.1:" + port
	o.await(filepath.Join(dir, "regtest", ".cookie"))
	for h := uint32(1); h <= o.parts.Chain.Tip().Height; h++ {
		if answer := o.ask("submitblock", fmt.Sprintf("[%q]", hex.EncodeToString(o.block(h).Bytes()))); answer != "null" {
			t.Fatalf("block %d: %s", h, answer)
		}
	}
	return o
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// await returns when the other node answers.
func (o *oracle) await(cookie string) {
	for range 600 {
		if login, err := os.ReadFile(cookie); err == nil {
			o.login = base64.StdEncoding.EncodeToString(login)
			if answer, err := o.try("getblockcount", "[]"); err == nil && !strings.Contains(answer, "-28") {
				return
			}
		}
		time.Sleep(100 * time.Millisecond) // another process: there is no event to wait for
	}
	o.t.Fatal("bitcoind does not answer")
}

func (o *oracle) try(method, params string) (string, error) {
	r, err := http.NewRequest(http.MethodPost, o.url, strings.NewReader(fmt.Sprintf(`{"id":1,"method":%q,"params":%s}`, method, params)))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Basic "+o.login)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	return string(body), err
}

// ask returns bitcoind's result or error.
func (o *oracle) ask(method, params string) string {
	o.t.Helper()
	reply, err := o.try(method, params)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.told(reply)
}

// varying are fields that two programs cannot agree on.
var varying = regexp.MustCompile(`"(usage|time)": ?\d+`)

func (o *oracle) told(reply string) string {
	answer := varying.ReplaceAllString(o.answer(reply), `"$1": 0`)
	return strings.ReplaceAll(answer, `\"`, `"`)
}

// same asks both and compares.
func (o *oracle) same(method, params string) (answer string) {
	o.t.Helper()
	_, reply := o.post(fmt.Sprintf(`{"id":1,"method":%q,"params":%s}`, method, params))
	got, want := o.told(reply), o.ask(method, params)
	if got != want {
		if len(params) > 2000 {
			params = params[:2000] + "…"
		}
		o.t.Errorf("%s %s\n%s", method, params, difference(got, want))
	}
	return got
}

// difference shows the first lines in which two answers differ, and some before them.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < min(len(g), len(w)) && g[i] == w[i] {
		i++
	}
	show := func(lines []string) string { return strings.Join(lines[max(0, i-30):min(len(lines), i+6)], "\n") }
	return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, show(g), show(w))
}

// TestMempoolTranscriptAgainstBitcoind has bitcoind answer the transcript about the mempool.
func TestMempoolTranscriptAgainstBitcoind(t *testing.T) {
	o := newOracle(t)
	script, err := os.ReadFile("testdata/mempool.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(script)) {
		request, ok := strings.CutPrefix(strings.TrimSpace(line), "> ")
		method, params, _ := strings.Cut(request, " ")
		if ok && !strings.HasSuffix(method, "mempool") || method == "getrawmempool" {
			o.same(method, variable.ReplaceAllStringFunc(params, func(name string) string { return o.vars[name[1:]] }))
		}
	}
}

// TestMempoolAgainstBitcoind sends both the same random transactions, alone and in packages.
func TestMempoolAgainstBitcoind(t *testing.T) {
	o := newOracle(t)
	seed, _ := strconv.ParseUint(os.Getenv("QUERN_SEED"), 10, 64)
	rounds := 400
	if n, err := strconv.Atoi(os.Getenv("QUERN_ROUNDS")); err == nil {
		rounds = n
	}
	g := &generator{oracle: o, r: rand.New(rand.NewPCG(seed, 1))}
	for h := uint32(1); h <= 40; h++ {
		g.outs = append(g.outs, spendable{o.block(h).Txs[0], 0})
	}
	for i := range rounds {
		g.step()
		if i%10 == 0 || t.Failed() {
			g.compareAll()
		}
		if t.Failed() {
			t.Fatalf("in round %d of seed %d", i, seed)
		}
	}
	t.Logf("verdicts: %v", g.counts)
}

// generator makes transactions that both nodes judge.
type generator struct {
	*oracle
	r      *rand.Rand
	outs   []spendable // that may be spent, or were
	made   []*wire.Tx
	counts map[string]int
}

type spendable struct {
	tx    *wire.Tx
	index int
}

// draw makes a transaction of outputs that others may have spent as well.
func (g *generator) draw(must *wire.Tx) *wire.Tx {
	t := &wire.Tx{Version: 2}
	if g.r.IntN(4) == 0 {
		t.Version = 3
	}
	var value int64
	add := func(s spendable) {
		for _, in := range t.Ins {
			if in.Prev == s.tx.Outpoint(s.index) {
				return
			}
		}
		value += s.tx.Outs[s.index].Value
		t.Ins = append(t.Ins, wire.In{Prev: s.tx.Outpoint(s.index), Sequence: 0xfffffffd, Witness: [][]byte{{0x51}}})
	}
	if must != nil {
		for i := range must.Outs {
			if i == 0 || g.r.IntN(2) == 0 {
				add(spendable{must, i})
			}
		}
	}
	for range g.r.IntN(3) {
		add(g.outs[g.r.IntN(len(g.outs))])
	}
	if len(t.Ins) == 0 {
		add(g.outs[g.r.IntN(len(g.outs))])
	}
	n := 1 + g.r.IntN(3)
	if g.r.IntN(12) == 0 {
		n = 30 + g.r.IntN(400)
	}
	fee := int64(g.r.IntN(6)) * int64(g.r.IntN(400))
	if g.r.IntN(8) == 0 {
		fee = 0
	}
	dust := fee == 0 && g.r.IntN(2) == 0
	for i := range n {
		out := wire.Out{Value: max(1, (value-fee)/int64(n)), Script: g.script}
		switch {
		case i == 0 && dust:
			out.Value = int64(g.r.IntN(300))
		case i == 1 && g.r.IntN(8) == 0:
			out = wire.Out{Script: append([]byte{0x6a, 20}, make([]byte, 20)...)}
		case i == 1 && g.r.IntN(8) == 0:
			out.Script = []byte{0x51, 2, 0x4e, 0x73}
		}
		t.Outs = append(t.Outs, out)
	}
	var sum int64
	for i := range t.Outs {
		sum += t.Outs[i].Value
	}
	t.Outs[len(t.Outs)-1].Value += value - fee - sum
	return t.Seal()
}

// keep has what was accepted spent later.
func (g *generator) keep(ts ...*wire.Tx) {
	for _, t := range ts {
		if _, ok := g.parts.Pool.Has(t.ID()); ok || g.r.IntN(20) == 0 {
			g.note(t)
		}
	}
}

func (g *generator) note(t *wire.Tx) {
	g.made = append(g.made, t)
	for i := range t.Outs {
		if i < 4 && t.Outs[i].Value > 1000 && string(t.Outs[i].Script) == string(g.script) {
			g.outs = append(g.outs, spendable{t, i})
		}
	}
}

// mine has both take in the same block.
func (g *generator) mine() {
	if _, err := g.parts.Assembler.Generate(g.t.Context(), 1, g.script, 0); err != nil {
		g.t.Fatal(err)
	}
	b := g.block(g.parts.Chain.Tip().Height)
	if answer := g.ask("submitblock", fmt.Sprintf("[%q]", hex.EncodeToString(b.Bytes()))); answer != "null" {
		g.t.Fatal(answer)
	}
	if err := g.parts.Pool.Sync(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

func hexes(ts ...*wire.Tx) string {
	var list []string
	for _, t := range ts {
		list = append(list, hex.EncodeToString(t.Append(nil)))
	}
	raw, _ := json.Marshal(list)
	return string(raw)
}

var reasons = regexp.MustCompile(`"(?:message|reject-reason|error|package-error|package_msg)": "([a-zA-Z- ]+)`)

// step sends something, and compares the verdicts.
func (g *generator) step() {
	var answer string
	if g.r.IntN(60) == 0 {
		g.mine()
	}
	switch g.r.IntN(8) {
	case 0, 1, 2, 3:
		a := g.draw(nil)
		answer = g.same("sendrawtransaction", strings.Replace(hexes(a), "]", ",0,21000000]", 1))
		g.keep(a)
	case 4:
		answer = g.same("testmempoolaccept", "["+hexes(g.draw(nil))+"]")
	case 5:
		a := g.draw(nil)
		answer = g.same("testmempoolaccept", "["+hexes(a, g.draw(a))+"]")
	case 6:
		a := g.draw(nil)
		b := g.draw(a)
		answer = g.same("submitpackage", "["+hexes(a, b)+",0,21000000]")
		g.keep(a, b)
	case 7:
		if len(g.made) == 0 {
			return
		}
		t := g.made[g.r.IntN(len(g.made))]
		if g.r.IntN(2) == 0 {
			answer = g.same("prioritisetransaction", fmt.Sprintf(`[%q,0,%d]`, t.ID(), g.r.IntN(2000)-600))
		} else {
			a := g.draw(t)
			b := g.draw(a)
			answer = g.same("submitpackage", "["+hexes(a, b)+",0,21000000]")
			g.keep(a, b)
		}
	}
	if g.counts == nil {
		g.counts = map[string]int{}
	}
	for _, m := range reasons.FindAllStringSubmatch(answer, -1) {
		g.counts[m[1]]++
	}
}

// compareAll compares what both hold.
func (g *generator) compareAll() {
	g.same("getrawmempool", "[true]")
	g.same("getrawmempool", "[false,true]")
	g.same("getmempoolfeeratediagram", "[]")
	g.same("getmempoolinfo", "[]")
	g.comparePriorities()
	var ids []string
	if err := json.Unmarshal([]byte(g.ask("getrawmempool", "[]")), &ids); err != nil {
		g.t.Fatal(err)
	}
	for range min(3, len(ids)) {
		id := fmt.Sprintf("[%q]", ids[g.r.IntN(len(ids))])
		g.same("getmempoolcluster", id)
		g.same("getmempoolancestors", id)
		g.same("getmempooldescendants", id)
	}
}

// comparePriorities compares what both were told of fees; the order of an object's keys says nothing.
func (g *generator) comparePriorities() {
	_, reply := g.post(`{"id":1,"method":"getprioritisedtransactions","params":[]}`)
	var both [2]map[string]any
	for i, answer := range []string{g.told(reply), g.ask("getprioritisedtransactions", "[]")} {
		if err := json.Unmarshal([]byte(answer), &both[i]); err != nil {
			g.t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(both[0], both[1]) {
		g.t.Errorf("priorities: got %v, want %v", both[0], both[1])
	}
}

// TestMempoolFileAgainstBitcoind has each read what the other saved.
func TestMempoolFileAgainstBitcoind(t *testing.T) {
	o := newOracle(t)
	tx := o.block(1).Txs[0]
	for i := range 5 {
		tx = o.spend(tx, 0, int64(1000*(i+1)))
		o.same("sendrawtransaction", strings.Replace(hexes(tx), "]", ",0]", 1))
	}
	absent := strings.Repeat("ab", 32)
	for id, delta := range map[string]int{tx.ID().String(): 700, absent: 900} {
		o.ask("prioritisetransaction", fmt.Sprintf(`[%q,0,%d]`, id, delta))
	}
	var saved struct{ Filename string }
	if err := json.Unmarshal([]byte(o.ask("savemempool", "[]")), &saved); err != nil {
		t.Fatal(err)
	}
	if err := o.parts.Pool.Import(t.Context(), saved.Filename, mempool.ImportOptions{Deltas: true}); err != nil {
		t.Fatal(err)
	}
	ps := o.parts.Pool.Priorities()
	if len(ps) != 2 || ps[0].Delta+ps[1].Delta != 1600 {
		t.Fatalf("priorities %+v", ps)
	}
	path, err := o.parts.Pool.Save()
	if err != nil {
		t.Fatal(err)
	}
	if answer := o.ask("importmempool", fmt.Sprintf(`[%q,{"apply_fee_delta_priority":true,"apply_unbroadcast_set":true}]`, path)); answer != "{}" {
		t.Fatal(answer)
	}
	if answer := o.ask("getprioritisedtransactions", "[]"); !strings.Contains(answer, `"fee_delta": 1400`) || !strings.Contains(answer, `"fee_delta": 1800`) {
		t.Fatal(answer) // theirs, and ours on top
	}
}

package consensus

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// seen collects the rules that tests saw broken, for TestMain.
var seen = struct {
	sync.Mutex
	rules map[Rule]bool
}{rules: map[Rule]bool{}}

// TestMain fails a full run in which some rule of rules.go was never broken.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && fullRun() {
		rules, err := declaredRules()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		for _, r := range rules {
			if !seen.rules[r] {
				fmt.Fprintf(os.Stderr, "no test broke the rule %q\n", r)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// fullRun says that no flag chose some tests only.
func fullRun() bool {
	for _, arg := range os.Args[1:] {
		for _, flag := range []string{"-test.run", "-test.skip", "-test.list", "-test.fuzz", "-test.short"} {
			if strings.HasPrefix(arg, flag+"=") && !strings.HasSuffix(arg, "=") {
				return false
			}
		}
	}
	return true
}

// declaredRules reads the rules that rules.go declares.
func declaredRules() ([]Rule, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, 0)
	if err != nil {
		return nil, err
	}
	var rules []Rule
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			panic(err)
		}
		rules = append(rules, Rule(s))
		return false
	})
	if len(rules) < 30 {
		return nil, fmt.Errorf("rules.go declares %d rules only", len(rules))
	}
	return rules, nil
}

// wantRule fails unless err breaks the rule at that transaction and input.
func wantRule(t testing.TB, err error, rule Rule, tx, in int) {
	t.Helper()
	var e *RuleError
	if !errors.As(err, &e) {
		t.Fatalf("error is %v (%T), want the rule %q", err, err, rule)
	}
	if e.Rule != rule || e.Tx != tx || e.In != in {
		t.Fatalf("error is %v at (%d,%d), want the rule %q at (%d,%d)", err, e.Tx, e.In, rule, tx, in)
	}
	if RuleOf(err) != rule {
		t.Fatalf("RuleOf is %q, want %q", RuleOf(err), rule)
	}
	seen.Lock()
	defer seen.Unlock()
	if strings.HasPrefix(string(rule), "bad-version(0x") {
		rule = badVersion
	}
	seen.rules[rule] = true
}

func mustChain(t testing.TB, name string) *Params {
	t.Helper()
	p, err := Chain(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// coinSet is a set of coins in memory, with what BIP68 must know of heights.
type coinSet struct {
	coins  map[wire.Outpoint]Coin
	median []uint32 // by height, median time past of the block before
}

func newCoinSet() *coinSet {
	return &coinSet{coins: map[wire.Outpoint]Coin{}, median: []uint32{0}}
}

// inputs resolves what b spends and, where asked, what it overwrites.
func (c *coinSet) inputs(s *State, b *wire.Block) Inputs {
	in := Inputs{Spent: make([]Coin, 0, b.Spends())}
	for i, t := range b.Txs {
		for j := range t.Outs {
			op := t.Outpoint(j)
			if _, ok := c.coins[op]; ok && ChecksBIP30(s) {
				in.Clash = &op
			}
		}
		if i > 0 {
			in.Spent = append(in.Spent, c.spent(t)...)
		}
	}
	return in
}

func (c *coinSet) spent(t *wire.Tx) []Coin {
	spent := make([]Coin, len(t.Ins))
	for j := range t.Ins {
		coin, ok := c.coins[t.Ins[j].Prev]
		coin.Missing = !ok
		if ok && NeedsTimePast(t, j) {
			coin.TimePast = c.median[coin.Height]
		}
		spent[j] = coin
	}
	return spent
}

func (c *coinSet) apply(u Update) {
	c.median = append(c.median, u.Prev.MedianTimePast())
	for i, t := range u.Block.Txs {
		for j := range t.Ins {
			if i > 0 {
				delete(c.coins, t.Ins[j].Prev)
			}
		}
		for j := range t.Outs {
			if !script.IsUnspendable(t.Outs[j].Script) {
				c.coins[t.Outpoint(j)] = Coin{Out: t.Outs[j], Height: u.Next.Height, Coinbase: i == 0}
			}
		}
	}
}

func (c *coinSet) revert(u Update) {
	c.median = c.median[:len(c.median)-1]
	at := len(u.Spent)
	for i := len(u.Block.Txs) - 1; i >= 0; i-- {
		t := u.Block.Txs[i]
		for j := range t.Outs {
			delete(c.coins, t.Outpoint(j))
		}
		for j := len(t.Ins) - 1; j >= 0 && i > 0; j-- {
			at--
			coin := u.Spent[at]
			coin.TimePast = 0
			c.coins[t.Ins[j].Prev] = coin
		}
	}
}

// house is a chain that tests build on: the tip's state and its coins.
type house struct {
	t     testing.TB
	state State
	coins *coinSet
	mints []wire.Outpoint // coinbases' first outputs, by height-1
}

func newHouse(t testing.TB, p *Params) *house {
	return &house{t: t, state: GenesisState(p), coins: newCoinSet()}
}

// anyone is a script that anybody can spend with an empty one.
var anyone = []byte{0x51}

// draft is the next block, to be changed by a test before it is worked on.
type draft struct {
	header wire.Header
	txs    []*wire.Tx // the coinbase first
	commit bool       // add a witness commitment
	merkle *wire.Hash // instead of the right one
	nowork bool       // search a nonce that does not do
}

// draft is an empty valid block after the tip.
func (h *house) draft() *draft {
	height := h.state.Height + 1
	time := max(h.state.Time(), h.state.MedianTimePast()) + 60
	sig := append(HeightScript(height), "quern"...)
	return &draft{
		header: wire.Header{
			Version: 4,
			Parent:  h.state.ID,
			Time:    time,
			Bits:    uint32(NextBits(&h.state, time)),
		},
		txs: []*wire.Tx{{
			Version: 1,
			Ins:     []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: sig, Sequence: 0xffffffff}},
			Outs:    []wire.Out{{Value: h.state.Params.Subsidy(height), Script: anyone}},
		}},
	}
}

// block does the draft's work.
func (d *draft) block(t testing.TB) *wire.Block {
	t.Helper()
	if d.commit {
		d.addCommitment()
	}
	for _, tx := range d.txs {
		tx.Seal()
	}
	d.header.Merkle, _ = wire.MerkleRoot(wire.NewBlock(d.header, d.txs).TxIDs())
	if d.merkle != nil {
		d.header.Merkle = *d.merkle
	}
	for work.Bits(d.header.Bits).Met(d.header.ID()) == d.nowork {
		if d.header.Nonce++; d.header.Nonce > 1<<24 {
			t.Fatal("no nonce found")
		}
	}
	return wire.NewBlock(d.header, d.txs)
}

func (d *draft) addCommitment() {
	var reserved [32]byte
	cb := d.txs[0]
	for _, tx := range d.txs[1:] {
		tx.Seal()
	}
	cb.Ins[0].Witness = [][]byte{reserved[:]}
	root := WitnessRoot(wire.NewBlock(d.header, d.txs))
	cb.Outs = append(cb.Outs, wire.Out{Script: WitnessCommitment(root, reserved)})
}

// judge asks every rule about b, scripts last.
func (h *house) judge(b *wire.Block) (Update, error) {
	next, err := ApplyHeader(h.state, &b.Header, b.ID())
	if err != nil {
		return Update{}, err
	}
	if err := CheckBlock(h.state.Params, b, script.NewBatch(nil)); err != nil {
		return Update{}, err
	}
	if err := CheckBlockContext(&h.state, b); err != nil {
		return Update{}, err
	}
	u, checks, err := Connect(h.state, next, b, h.coins.inputs(&h.state, b))
	if err != nil {
		return Update{}, err
	}
	if len(checks) != b.Spends() {
		return Update{}, fmt.Errorf("%d checks for %d inputs", len(checks), b.Spends())
	}
	if _, err := script.NewBatch(nil).Run(checks); err != nil {
		return Update{}, err
	}
	return u, nil
}

// add judges b, which must be valid, and makes it the tip.
func (h *house) add(b *wire.Block) Update {
	h.t.Helper()
	u, err := h.judge(b)
	if err != nil {
		h.t.Fatalf("valid block at height %d: %v", h.state.Height+1, err)
	}
	h.apply(u)
	return u
}

func (h *house) apply(u Update) {
	h.coins.apply(u)
	h.state = u.Next
	h.mints = append(h.mints, u.Block.Txs[0].Outpoint(0))
}

// grow adds n empty blocks.
func (h *house) grow(n int) *house {
	h.t.Helper()
	for range n {
		h.add(h.draft().block(h.t))
	}
	return h
}

// spend is a transaction of the given outpoints that pays one output, to
// anyone.
func spend(value int64, from ...wire.Outpoint) *wire.Tx {
	t := &wire.Tx{Version: 2, Outs: []wire.Out{{Value: value, Script: anyone}}}
	for _, op := range from {
		t.Ins = append(t.Ins, wire.In{Prev: op, Sequence: 0xffffffff})
	}
	return t
}

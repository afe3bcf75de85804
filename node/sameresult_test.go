package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/blockfile"
	"github.com/quernnet/quern/work"
)

// What an import comes to, its coins and what it says of bad blocks, depends
// neither on the number of cores nor on the memory for coins.
func TestImportDependsOnNothingElse(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: 57,246 inputs, four times")
	}
	all := paymentBlocks(t)
	head, last := all[:len(all)-1], all[len(all)-1]
	bad := badBlocks(t, last)
	path := filepath.Join(t.TempDir(), "head.dat")
	if err := os.WriteFile(path, fileOf(t, append(slices.Clone(head), bad[0].block)...), 0o600); err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		cores int
		cache Size
	}{{1, 1 << 20}, {2, 64 << 20}, {8, 1 << 20}, {8, 64 << 20}} {
		t.Run(fmt.Sprintf("%d cores, %v", c.cores, c.cache), func(t *testing.T) {
			runtime.GOMAXPROCS(c.cores)
			config, logs := quiet(t)
			config.Datastore.Cache = c.cache
			_, err := Import(t.Context(), config, logs, path, nil)
			bad[0].want(t, err)
			for _, b := range bad[1:] {
				_, err := importBytes(t, config, logs, fileOf(t, b.block))
				b.want(t, err)
			}
			p, err := importBytes(t, config, logs, fileOf(t, last))
			if err != nil || p.Tip.ID != last.ID() {
				t.Fatalf("tip is %v at height %d, %v", p.Tip.ID, p.Tip.Height, err)
			}
			wantPayments(t, config, logs)
		})
	}
}

// wantPayments compares the coins with those that Bitcoin Core has after the
// chain of payments.
func wantPayments(t *testing.T, c Config, logs *Loggers) {
	t.Helper()
	l, err := openLedger(t.Context(), c, logs, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := coinset.Sum(t.Context(), l.store.EachCoin, coinset.Multiset)
	if err := l.close(err); err != nil {
		t.Fatal(err)
	}
	const want = "5f546f29f970bf375012a5d7babfbc2de193477040741e530755faf0e5b25023"
	if got := sum.Hash.String(); got != want || sum.Coins != 83_001 {
		t.Errorf("%d coins, MuHash %s, want 83001, %s", sum.Coins, got, want)
	}
}

func paymentBlocks(t *testing.T) (blocks []*wire.Block) {
	t.Helper()
	raw := realdata.Read(t, "chain-payments.dat")
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := blockfile.Index(bytes.NewReader(raw), p.Magic)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := blockfile.Read(bytes.NewReader(raw), e)
		if err != nil {
			t.Fatal(err)
		}
		if b.ID() != p.Genesis.ID() {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// badBlock is a block that breaks one rule, or several of which one is to be named.
type badBlock struct {
	name  string
	block *wire.Block
	text  string // in the error
}

func (b *badBlock) want(t *testing.T, err error) {
	t.Helper()
	var fault *ImportError
	var rule *consensus.RuleError
	if !errors.As(err, &fault) || !errors.As(err, &rule) || fault.Block != b.block.ID() || rule.Error() != b.text {
		t.Errorf("%s: error is %v, want block %v: %s", b.name, err, b.block.ID(), b.text)
	}
}

// badBlocks are variants of a block full of payments.
func badBlocks(t *testing.T, good *wire.Block) []badBlock {
	t.Helper()
	n := len(good.Txs)
	forge := func(places ...int) func([]*wire.Tx) {
		return func(txs []*wire.Tx) {
			for _, i := range places {
				for len(txs[i].Ins[0].Witness) == 0 {
					i++
				}
				last := len(txs[i].Ins[0].Witness) - 1
				item := bytes.Clone(txs[i].Ins[0].Witness[last])
				item[len(item)/2] ^= 1
				txs[i].Ins[0].Witness = append(slices.Clone(txs[i].Ins[0].Witness[:last]), item)
			}
		}
	}
	pay := func(txs []*wire.Tx) { txs[0].Outs[0].Value += 1 << 40 }
	unknown := func(txs []*wire.Tx) { txs[n-1].Ins[0].Prev.Index += 1 << 20 }
	return []badBlock{
		{"two bad witnesses", altered(t, good, forge(n/2, n/3)), "block-script-verify-flag-failed (Invalid Schnorr signature) (transaction 784, input 0)"},
		{"a witness of the first payment", altered(t, good, forge(1)), "block-script-verify-flag-failed (Script failed an OP_EQUALVERIFY operation) (transaction 2, input 0)"},
		{"too much paid", altered(t, good, pay), "bad-cb-amount, the coinbase pays 1102013983731 satoshis, at most 2502355955 are allowed (transaction 0)"},
		{"no coin, and a bad witness", altered(t, good, func(txs []*wire.Tx) { unknown(txs); forge(1)(txs) }),
			"bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent (transaction 2353, input 0)"},
	}
}

// altered is a block whose transactions f has changed, with its commitments and
// its work redone.
func altered(t *testing.T, good *wire.Block, f func(txs []*wire.Tx)) *wire.Block {
	t.Helper()
	txs := make([]*wire.Tx, len(good.Txs))
	for i, old := range good.Txs {
		txs[i] = &wire.Tx{Version: old.Version, Ins: slices.Clone(old.Ins), Outs: slices.Clone(old.Outs), LockTime: old.LockTime}
	}
	f(txs)
	for _, tx := range txs[1:] {
		tx.Seal()
	}
	h := good.Header
	root := consensus.WitnessRoot(wire.NewBlock(h, txs))
	outs := txs[0].Outs
	outs[len(outs)-1].Script = consensus.WitnessCommitment(root, [32]byte(txs[0].Ins[0].Witness[0]))
	txs[0].Seal()
	h.Merkle, _ = wire.MerkleRoot(wire.NewBlock(h, txs).TxIDs())
	for ; !work.Bits(h.Bits).Met(h.ID()); h.Nonce++ {
	}
	return wire.NewBlock(h, txs)
}

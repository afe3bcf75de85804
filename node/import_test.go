package node

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/blockfile"
	"github.com/quernnet/quern/node/mining"
)

// quiet is the configuration of a fresh regtest node that talks to nobody.
func quiet(t *testing.T) (Config, *Loggers) {
	t.Helper()
	c := Defaults()
	c.Chain, c.DataDir = "regtest", t.TempDir()
	c.P2P.Enabled, c.RPC.Enabled = false, false
	logs, err := NewLoggers(c.Log, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c, logs
}

// mined makes n blocks in c's folder and returns them.
func mined(t *testing.T, c Config, logs *Loggers, n int) []*wire.Block {
	t.Helper()
	l, err := openLedger(t.Context(), c, logs, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.close(nil); err != nil {
			t.Error(err)
		}
	}()
	a, err := mining.New(mining.Config{Chain: l.chain})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := a.Generate(t.Context(), n, []byte{0x51}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []*wire.Block
	for _, id := range ids {
		b, err := l.chain.Block(id)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func fileOf(t *testing.T, blocks ...*wire.Block) []byte {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, b := range blocks {
		if err := blockfile.Write(&out, p.Magic, b); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// greedy is b with one satoshi too much in its coinbase, and its work redone.
func greedy(t *testing.T, b *wire.Block) *wire.Block {
	t.Helper()
	coinbase := *b.Txs[0]
	coinbase.Outs = append([]wire.Out(nil), coinbase.Outs...)
	coinbase.Outs[0].Value++
	coinbase.Seal()
	h := b.Header
	h.Merkle = coinbase.ID()
	tmpl := &mining.Template{Block: wire.NewBlock(h, []*wire.Tx{&coinbase})}
	for h.Nonce = 0; ; h.Nonce++ {
		tmpl.Block = wire.NewBlock(h, []*wire.Tx{&coinbase})
		if id := tmpl.Block.ID(); id[31] < 0x7f { // regtest's target
			return tmpl.Block
		}
	}
}

func TestImportOfBadFiles(t *testing.T) {
	source, logs := quiet(t)
	blocks := mined(t, source, logs, 5)
	good := fileOf(t, blocks...)
	third := len(good) / 5 * 2
	for _, c := range []struct {
		name   string
		file   []byte
		height uint32 // that the import reaches
		want   string // in its error
	}{
		{"truncated in a block", good[:len(good)-10], 4, "10 are missing"},
		{"truncated in a frame", good[:third+5], 2, "ends 5 bytes into"},
		{"garbage in the middle", append(append(bytes.Clone(good[:third]), "garbage"...), good[third:]...), 2, "not a block file"},
		{"oversized block", append(append(bytes.Clone(good[:third]), 0xfa, 0xbf, 0xb5, 0xda, 0xff, 0xff, 0xff, 0x7f), good...), 2, "2147483647 bytes is declared"},
		{"block with a flipped bit", flip(good, third+100), 2, "at byte"},
		{"block that breaks a rule", fileOf(t, blocks[0], blocks[1], greedy(t, blocks[2])), 2, "bad-cb-amount"},
		{"block without its parent", fileOf(t, blocks[0], blocks[3]), 1, "neither in the file nor in the data folder"},
		{"empty", nil, 0, ""},
		{"out of order", fileOf(t, blocks[4], blocks[2], blocks[0], blocks[3], blocks[1]), 5, ""},
		{"twice the same", append(bytes.Clone(good), good...), 5, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, logs := quiet(t)
			p, err := importBytes(t, config, logs, c.file)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			var fault *ImportError
			if err != nil && !errors.As(err, &fault) {
				t.Errorf("error %v is no ImportError", err)
			}
			if p.Tip.Height != c.height {
				t.Errorf("tip at height %d, want %d", p.Tip.Height, c.height)
			}
			if p, err = importBytes(t, config, logs, good); err != nil || p.Tip.Height != 5 {
				t.Errorf("the good file afterwards: height %d, %v", p.Tip.Height, err)
			}
		})
	}
}

// A later block's fault may come to light first, when it needs no coins to be
// seen: the import names the one that the file has first.
func TestImportNamesTheFirstFault(t *testing.T) {
	source, logs := quiet(t)
	blocks := mined(t, source, logs, 6)
	bad := greedy(t, blocks[5])
	next := blocks[5].Header
	next.Parent, next.Time = bad.ID(), next.Time+1
	file := fileOf(t, append(blocks[:5:5], bad, greedy(t, wire.NewBlock(next, blocks[5].Txs)))...)
	file = flip(file, len(file)-1)
	for range 5 {
		config, logs := quiet(t)
		p, err := importBytes(t, config, logs, file)
		var fault *ImportError
		if !errors.As(err, &fault) || fault.Block != bad.ID() || p.Tip.Height != 5 {
			t.Fatalf("height %d, error %v, want one of block %v", p.Tip.Height, err, bad.ID())
		}
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

func importBytes(t *testing.T, c Config, logs *Loggers, b []byte) (Progress, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blk.dat")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return Import(t.Context(), c, logs, path, nil)
}

func TestImportStopsWhenAsked(t *testing.T) {
	source, logs := quiet(t)
	file := fileOf(t, mined(t, source, logs, 5)...)
	path := filepath.Join(t.TempDir(), "blk.dat")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c, logs := quiet(t)
	_, err := Import(ctx, c, logs, path, func(p Progress) {
		if p.Blocks == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) && err != nil {
		t.Errorf("error %v, want it cancelled", err)
	}
	if p, err := Import(t.Context(), c, logs, path, nil); err != nil || p.Tip.Height != 5 {
		t.Errorf("started again: height %d, %v", p.Tip.Height, err)
	}
}

// A block once queued takes seconds of scripts where it is full: whoever
// interrupts an import does not wait for all that are queued.
func TestInterruptedImportLeavesWhatIsQueued(t *testing.T) {
	path := realdata.Path(t, "chain-payments.dat")
	c, logs := quiet(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Import(ctx, c, logs, path, func(p Progress) {
		if p.Blocks == 140 { // the payments have begun
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want it cancelled and nothing else", err)
	}
	if p.Tip.Height == 0 || p.Tip.Height == 150 {
		t.Errorf("height %d: nothing was kept or nothing was left", p.Tip.Height)
	}
}

func TestExportIsTheChain(t *testing.T) {
	c, logs := quiet(t)
	blocks := mined(t, c, logs, 4)
	path := filepath.Join(t.TempDir(), "out.dat")
	p, err := Export(t.Context(), c, logs, path, 2, 3, nil)
	if err != nil || p.Blocks != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, fileOf(t, blocks[1:3]...)) {
		t.Errorf("the file differs from blocks 2 and 3, %v", err)
	}
	if _, err := Export(t.Context(), c, logs, path, 1, 0, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file was overwritten: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	gone := filepath.Join(t.TempDir(), "gone.dat")
	if _, err := Export(ctx, c, logs, gone, 1, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled export: %v", err)
	}
	if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file is left: %v", err)
	}
}

func TestFolderHasOneOwner(t *testing.T) {
	c, logs := quiet(t)
	l, err := openLedger(t.Context(), c, logs, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = openLedger(t.Context(), c, logs, time.Now)
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("opened twice: %v", err)
	}
	if err := l.close(nil); err != nil {
		t.Fatal(err)
	}
	c.Rules.Segwit = 100
	if _, err := openLedger(t.Context(), c, logs, time.Now); err == nil {
		t.Error("a folder of other rules was opened")
	}
}

// TestRunAndStop runs a whole node with nothing but its chain.
func TestRunAndStop(t *testing.T) {
	c, logs := quiet(t)
	c.Mining.Workers = 1
	c.Mining.Address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
	n, err := New(c, logs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	var ch *chain.Chain
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ch == nil {
		<-tick.C
		if p := n.parts.Load(); p != nil {
			ch = p.chain
		}
	}
	for ch.Tip().Height == 0 {
		changed := ch.Changed()
		if ch.Tip().Height > 0 {
			break
		}
		<-changed
	}
	if err := errors.Join(n.healthy(), n.ready()); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("end: %v", err)
	}
}

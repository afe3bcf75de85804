package consensus

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// signetBlocks are blocks 1 to 10 of the public signet.
func signetBlocks(t testing.TB) []*wire.Block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "signet-blocks-1-10.hex"))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []*wire.Block
	for _, line := range bytes.Fields(text) {
		raw, err := hex.DecodeString(string(line))
		if err != nil {
			t.Fatal(err)
		}
		b, err := wire.DecodeBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	if len(blocks) != 10 {
		t.Fatalf("%d blocks", len(blocks))
	}
	return blocks
}

func TestPublicSignet(t *testing.T) {
	h := newHouse(t, mustChain(t, "signet"))
	for _, b := range signetBlocks(t) {
		h.add(b)
	}
	if h.state.Height != 10 {
		t.Errorf("ends at height %d", h.state.Height)
	}
}

// TestSignetSolution alters a real solution, and gives it to others.
func TestSignetSolution(t *testing.T) {
	public := mustChain(t, "signet")
	other, err := public.With(Override{SignetChallenge: append([]byte{0x52}, publicSignet()[1:]...)}) // both keys
	if err != nil {
		t.Fatal(err)
	}
	anybody, err := public.With(Override{SignetChallenge: anyone})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		p    *Params
		edit func(*wire.Block)
		good bool
	}{
		{"as it is", public, func(*wire.Block) {}, true},
		{"nonce is not signed", public, func(b *wire.Block) { b.Header.Nonce++ }, true},
		{"target is not signed", public, func(b *wire.Block) { b.Header.Bits++ }, true},
		{"time is signed", public, func(b *wire.Block) { b.Header.Time++ }, false},
		{"version is signed", public, func(b *wire.Block) { b.Header.Version++ }, false},
		{"parent is signed", public, func(b *wire.Block) { b.Header.Parent[0]++ }, false},
		{"coinbase is signed", public, func(b *wire.Block) { b.Txs[0].Outs[0].Value++ }, false},
		{"transactions are signed", public, func(b *wire.Block) { b.Txs = append(b.Txs, spend(1, op(1, 0))) }, false},
		{"one signature where two are asked", other, func(*wire.Block) {}, false},
		{"a signature where none is asked", anybody, func(*wire.Block) {}, true},
		{"solution altered", public, func(b *wire.Block) { s := commitmentScript(b); s[len(s)-10] ^= 1 }, false},
		{"data after the solution", public, func(b *wire.Block) {
			setCommitment(b, func(solution []byte) []byte { return append(solution, 0) })
		}, false},
		{"solution cut short", public, func(b *wire.Block) {
			setCommitment(b, func(solution []byte) []byte { return solution[:len(solution)-1] })
		}, false},
		{"solution of one byte", public, func(b *wire.Block) {
			setCommitment(b, func([]byte) []byte { return []byte{0xfd} })
		}, false},
		{"no solution", public, func(b *wire.Block) { cutCommitment(b) }, false},
		{"no solution where none is asked", anybody, func(b *wire.Block) { cutCommitment(b) }, true},
		{"no commitment", anybody, func(b *wire.Block) { b.Txs[0].Outs = b.Txs[0].Outs[:1] }, false},
		{"no transactions", anybody, func(b *wire.Block) { b.Txs = nil }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := signetBlocks(t)[0]
			// Its scripts must not be those of the decoded bytes.
			copied, err := wire.DecodeBlock(bytes.Clone(b.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			c.edit(copied)
			for _, tx := range copied.Txs {
				tx.Seal()
			}
			copied = wire.NewBlock(copied.Header, copied.Txs)
			root, _ := wire.MerkleRoot(copied.TxIDs())
			copied.Header.Merkle = root // unsigned: the solution's own transaction is in it
			copied = wire.NewBlock(copied.Header, copied.Txs)
			err = CheckBlock(c.p, copied, script.NewBatch(nil))
			if c.good && err != nil {
				t.Error(err)
			}
			if !c.good {
				wantRule(t, err, BadSignetSolution, -1, -1)
			}
		})
	}
}

// A body altered on its way has a wrong solution as well, before its Merkle root
// is looked at: that says nothing about the header.
func TestSignetBlockOfAnotherBody(t *testing.T) {
	good := signetBlocks(t)[0]
	extra := spend(1, op(1, 0))
	b := wire.NewBlock(good.Header, append(slices.Clone(good.Txs), extra))
	err := CheckBlock(mustChain(t, "signet"), b, script.NewBatch(nil))
	wantRule(t, err, BadSignetSolution, -1, -1)
	if !Mutated(err) {
		t.Error("a body that is not the header's is held against it")
	}
	root, _ := wire.MerkleRoot(b.TxIDs())
	b.Header.Merkle = root
	err = CheckBlock(mustChain(t, "signet"), wire.NewBlock(b.Header, b.Txs), script.NewBatch(nil))
	wantRule(t, err, BadSignetSolution, -1, -1)
	if Mutated(err) {
		t.Error("a body that is the header's own is not held against it")
	}
}

func commitmentScript(b *wire.Block) []byte {
	cb := b.Txs[0]
	return cb.Outs[commitmentOutput(cb)].Script
}

// setCommitment changes the solution in the commitment.
func setCommitment(b *wire.Block, edit func([]byte) []byte) {
	s := commitmentScript(b)
	_, solution, _ := cutSolution(s)
	push := append(bytes.Clone(signetMark[:]), edit(bytes.Clone(solution))...)
	cb := b.Txs[0]
	cb.Outs[commitmentOutput(cb)].Script = script.AppendPush(bytes.Clone(s[:commitmentSize]), push)
}

// cutCommitment leaves the commitment to witnesses alone.
func cutCommitment(b *wire.Block) {
	cb := b.Txs[0]
	cb.Outs[commitmentOutput(cb)].Script = commitmentScript(b)[:commitmentSize]
}

// TestCutSolution follows Core's FetchAndClearCommitmentSection.
func TestCutSolution(t *testing.T) {
	mark := []byte{0xec, 0xc7, 0xda, 0xa2}
	for _, c := range []struct {
		name, script, bare, solution string
	}{
		{"none", "6a01aa", "6a01aa", ""},
		{"one", "6a06ecc7daa20102", "6a04ecc7daa2", "0102"},
		{"the mark alone is none", "6a04ecc7daa2", "6a04ecc7daa2", ""},
		{"only the first counts", "05ecc7daa20105ecc7daa202", "04ecc7daa205ecc7daa202", "01"},
		{"pushes are written anew", "4c01aa4d0100bb05ecc7daa201", "01aa01bb04ecc7daa2", "01"},
		{"operations stay", "005160ac4c0005ecc7daa201", "005160ac4c04ecc7daa2", "01"},
		{"what follows a broken push is lost", "05ecc7daa20151ff0501", "04ecc7daa251ff", "01"},
	} {
		s, err := hex.DecodeString(c.script)
		if err != nil {
			t.Fatal(err)
		}
		bare, solution, found := cutSolution(s)
		if hex.EncodeToString(solution) != c.solution || found != (c.solution != "") || found && hex.EncodeToString(bare) != c.bare {
			t.Errorf("%s: %x, %x, %v", c.name, bare, solution, found)
		}
	}
	for n, op := range map[int]string{75: "4b", 76: "4c4c", 255: "4cff", 256: "4d0001", 65535: "4dffff", 65536: "4e00000100"} {
		got := script.AppendPush(nil, make([]byte, n))
		if hex.EncodeToString(got[:len(got)-n]) != op {
			t.Errorf("push of %d bytes starts with %x", n, got[:8])
		}
		if _, data, rest, ok := script.NextOp(got); !ok || len(data) != n || len(rest) != 0 {
			t.Errorf("push of %d bytes reads as %d", n, len(data))
		}
	}
	if len(mark) != len(signetMark) || !bytes.Equal(mark, signetMark[:]) {
		t.Errorf("mark is %x", signetMark)
	}
}

// FuzzSignet wants no panic from what a coinbase may say.
func FuzzSignet(f *testing.F) {
	f.Add([]byte{5, 0xec, 0xc7, 0xda, 0xa2, 1})
	f.Add([]byte{7, 0xec, 0xc7, 0xda, 0xa2, 0, 1, 0})
	f.Fuzz(func(t *testing.T, s []byte) {
		if _, solution, found := cutSolution(s); found && len(solution) == 0 {
			t.Error("found an empty solution")
		}
		sig, stack, ok := decodeSolution(s)
		if !ok {
			return
		}
		size := wire.VarintSize(uint64(len(sig))) + len(sig) + wire.VarintSize(uint64(len(stack)))
		for _, item := range stack {
			size += wire.VarintSize(uint64(len(item))) + len(item)
		}
		if size != len(s) {
			t.Errorf("%d bytes read of %d", size, len(s))
		}
	})
}

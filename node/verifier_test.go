package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/node/blockfile"
)

// liar says the opposite of what is true.
type liar struct{ script.Fast }

func (l *liar) Verify(claims []secp.Claim, ok []bool) error {
	err := l.Fast.Verify(claims, ok)
	for i := range ok {
		ok[i] = !ok[i]
	}
	return err
}

// TestDivergenceIsReported: the chain's service ends with an error, and
// whoever runs the node finds what to send in its folder.
func TestDivergenceIsReported(t *testing.T) {
	path := realdata.Path(t, "chain-payments.dat")
	c, logs := quiet(t)
	l, err := openStore(c, logs, Reindex{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.store.Close()
	l.verifier = func() script.Verifier {
		return script.NewAudit(new(liar), script.Reference{}, 1, rand.New(rand.NewPCG(1, 1)))
	}
	if err := l.openChain(t.Context(), logs, time.Now); err != nil {
		t.Fatal(err)
	}
	held := make(chan error, 1)
	go func() { held <- l.hold(context.Background()) }()

	f, err := blockfile.Open(path, l.params.Magic)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, _ := blockfile.Index(f, l.params.Magic)
	for _, e := range entries {
		b, err := blockfile.Read(f, e)
		if err == nil {
			err = l.chain.AddBlock(t.Context(), b)
		}
		if err != nil {
			break
		}
	}
	err = <-held
	if !errors.Is(err, errVerifier) || !strings.Contains(err.Error(), `consensus.verifier = "btcec"`) {
		t.Errorf("the chain ends with: %v", err)
	}
	var d *script.Divergence
	if !errors.As(err, &d) {
		t.Fatalf("no divergence: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(c.Dir(), "verifier-*.txt"))
	if len(files) != 1 {
		t.Fatalf("reports: %q", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{d.Tx.String(), d.Block.String(), "key", "signature", "sum", d.Scheme} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if id := d.Block; id == l.chain.Tip().ID {
		t.Errorf("block %v is the tip all the same", id)
	}
}

// Why the chain stops comes to light in each block that waits, in what waits for all
// of them, and when the ledger closes: it is told once.
func TestImportSaysOnceWhyTheChainStops(t *testing.T) {
	path := realdata.Path(t, "chain-payments.dat")
	c, logs := quiet(t)
	l, err := openStore(c, logs, Reindex{})
	if err != nil {
		t.Fatal(err)
	}
	l.verifier = func() script.Verifier {
		return script.NewAudit(new(liar), script.Reference{}, 1, rand.New(rand.NewPCG(1, 1)))
	}
	if err := l.openChain(t.Context(), logs, time.Now); err != nil {
		t.Fatal(err)
	}
	f, err := blockfile.Open(path, l.params.Magic)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, _ := blockfile.Index(f, l.params.Magic)
	in := &intake{ctx: t.Context(), chain: l.chain, file: f, path: path}
	err = l.close(in.run(entries))
	var fault *ImportError
	if !errors.As(err, &fault) || strings.Count(err.Error(), "the chain has stopped") != 1 {
		t.Errorf("it ends with: %v", err)
	}
}

func TestVerifierSetting(t *testing.T) {
	c, _ := quiet(t)
	for value, good := range map[string]bool{"fast": true, "btcec": true, "": false, "both": false} {
		c.Consensus.Verifier = value
		err := c.Validate()
		if good != (err == nil) || !good && !strings.Contains(err.Error(), "consensus.verifier") {
			t.Errorf("%q: %v", value, err)
		}
	}
	c.Consensus.Verifier = "btcec"
	if _, ok := c.Consensus.newVerifier().(script.Reference); !ok {
		t.Error("btcec is not what verifies")
	}
}

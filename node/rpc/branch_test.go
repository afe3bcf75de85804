package rpc

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/quernnet/quern/node/rpc/walletrpc"
	"github.com/quernnet/quern/node/wallet"
)

// TestWalletsOnALeftBranchAreWaitedFor: a wallet that has not read yet that the chain went back
// is higher than the chain, and still not at it.
func TestWalletsOnALeftBranchAreWaitedFor(t *testing.T) {
	f := newFixture(t, 3)
	set, err := wallet.Open(wallet.Config{ // nothing follows the chain for it
		Chain: f.parts.Chain, Pool: f.parts.Pool, Params: f.parts.Params, Dir: t.TempDir(), Now: f.parts.Now, Keypool: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	w, _, err := set.Create("w", wallet.CreateOptions{Flags: wallet.Blank})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	at := func() error { return walletrpc.At(ctx, f.parts.Chain, w, f.parts.Chain.Tip().Height) }
	if err := at(); err != nil {
		t.Fatalf("at the tip: %v", err)
	}
	if err := f.parts.Chain.Invalidate(t.Context(), f.parts.Chain.Tip().ID); err != nil {
		t.Fatal(err)
	}
	if err := at(); !errors.Is(err, context.Canceled) {
		t.Errorf("above a chain that went back: %v", err)
	}
}

// TestBumpedPaymentKeepsItsComments: whom and what a payment is for stays with what replaces it.
func TestBumpedPaymentKeepsItsComments(t *testing.T) {
	f := newFixture(t, 1)
	f.rich(1)
	first := ""
	f.must("sendtoaddress", &first, f.vars["addr"], 1, "rent", "the landlord", false, true, nil, nil, nil, 10)
	var second struct {
		TxID string `json:"txid"`
	}
	f.must("bumpfee", &second, first)
	var got struct{ Comment, To string }
	f.must("gettransaction", &got, second.TxID)
	if got.Comment != "rent" || got.To != "the landlord" {
		t.Errorf("the replacement is %+v", got)
	}
}

package lndtest

import (
	"context"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/lightningnetwork/lnd/lnrpc"
	"github.com/lightningnetwork/lnd/lnrpc/routerrpc"

	"github.com/quernnet/quern/cmd/blackbox"
)

const (
	capacity = 1_000_000 // satoshis of the channel
	payment  = 100_000   // satoshis paid through it
)

// lab is two LND nodes on two Quern nodes of one swarm.
type lab struct {
	*testing.T
	near, far  *blackbox.Quern
	alice, bob *lightning
}

func newLab(t *testing.T) *lab {
	w := &lab{T: t}
	w.near = blackbox.StartQuern(t, "near", quern)
	w.far = blackbox.StartQuern(t, "far", quern, "--p2p.peers", w.near.Address())
	w.mine(1, "") // LND waits for a recent block
	w.alice = startLND(t, "alice", w.near, polling()...)
	w.bob = startLND(t, "bob", w.far, zmq(w.far)...)
	w.alice.caughtUp(w.near)
	w.bob.caughtUp(w.far)
	return w
}

// mine makes blocks and waits until all know of them.
func (w *lab) mine(n int, address string) {
	w.Helper()
	w.near.Mine(n, address)
	want := w.near.Height()
	blackbox.Until(w.T, "the blocks reach the other node", func(context.Context) error {
		if h := w.far.Height(); h < want {
			return fmt.Errorf("it is at block %d of %d", h, want)
		}
		return nil
	})
	if w.bob != nil {
		w.alice.caughtUp(w.near)
		w.bob.caughtUp(w.far)
	}
}

// confirm waits until something is in both mempools, then mines it.
func (w *lab) confirm(what string, blocks int) {
	w.Helper()
	for _, q := range []*blackbox.Quern{w.near, w.far} {
		blackbox.Until(w.T, what+" waits for a block", func(ctx context.Context) error {
			var ids []string
			if err := q.Try(ctx, &ids, "getrawmempool"); err != nil {
				return err
			}
			if len(ids) == 0 {
				return blackbox.ErrNotYet
			}
			return nil
		})
	}
	w.mine(blocks, "")
}

// TestLightning is a channel's life.
func TestLightning(t *testing.T) {
	w := newLab(t)
	w.receive()
	point := w.open()
	w.pay()
	w.closeByForce(point)
}

// receive gives Alice a block's reward, and Bob a part of it.
func (w *lab) receive() {
	w.Helper()
	w.mine(1, w.alice.address())
	w.mine(100, "")
	w.alice.confirmed("a block's reward", func(sat int64) bool { return sat == 50e8 })
	to := w.bob.address()
	sent, err := w.alice.SendCoins(w.Context(), &lnrpc.SendCoinsRequest{Addr: to, Amount: 10e8, SatPerVbyte: 5})
	if err != nil {
		w.Fatal(err)
	}
	w.Log("alice pays bob in", sent.Txid)
	w.confirm("the payment", 1)
	w.bob.confirmed("ten coins", func(sat int64) bool { return sat == 10e8 })
}

// open makes a channel from Alice to Bob.
func (w *lab) open() *lnrpc.ChannelPoint {
	w.Helper()
	w.alice.meet(w.bob)
	key, err := hex.DecodeString(w.bob.key)
	if err != nil {
		w.Fatal(err)
	}
	var point *lnrpc.ChannelPoint
	blackbox.Until(w.T, "the channel is being opened", func(ctx context.Context) error {
		point, err = w.alice.OpenChannelSync(ctx, &lnrpc.OpenChannelRequest{
			NodePubkey: key, LocalFundingAmount: capacity, SatPerVbyte: 5,
		})
		return err
	})
	w.confirm("the channel", 6)
	for _, l := range []*lightning{w.alice, w.bob} {
		blackbox.Until(w.T, "the channel is active", func(ctx context.Context) error {
			list, err := l.ListChannels(ctx, &lnrpc.ListChannelsRequest{ActiveOnly: true})
			if err == nil && len(list.Channels) != 1 {
				err = blackbox.ErrNotYet
			}
			return err
		})
	}
	return point
}

// pay sends a payment through the channel.
func (w *lab) pay() {
	w.Helper()
	invoice, err := w.bob.AddInvoice(w.Context(), &lnrpc.Invoice{Value: payment})
	if err != nil {
		w.Fatal(err)
	}
	blackbox.Until(w.T, "the payment", func(ctx context.Context) error { return w.alice.pays(ctx, invoice.PaymentRequest) })
	blackbox.Until(w.T, "bob has been paid", func(ctx context.Context) error {
		b, err := w.bob.ChannelBalance(ctx, &lnrpc.ChannelBalanceRequest{})
		if err == nil && b.LocalBalance.Sat != payment {
			err = fmt.Errorf("he has %d satoshis in the channel, was paid %d", b.LocalBalance.Sat, payment)
		}
		return err
	})
}

// pays tries to pay an invoice.
func (l *lightning) pays(ctx context.Context, invoice string) error {
	stream, err := l.router.SendPaymentV2(ctx, &routerrpc.SendPaymentRequest{
		PaymentRequest: invoice, TimeoutSeconds: 30, FeeLimitSat: 100,
	})
	if err != nil {
		return err
	}
	for {
		p, err := stream.Recv()
		if err != nil {
			return err
		}
		switch p.Status {
		case lnrpc.Payment_SUCCEEDED:
			return nil
		case lnrpc.Payment_FAILED:
			return fmt.Errorf("failed: %v", p.FailureReason)
		}
	}
}

// closeByForce has Alice publish her side's state, and both sweep their coins
// when they may.
func (w *lab) closeByForce(point *lnrpc.ChannelPoint) {
	w.Helper()
	bobHad := w.bob.confirmed("a balance", func(int64) bool { return true })
	updates, err := w.alice.CloseChannel(w.Context(), &lnrpc.CloseChannelRequest{ChannelPoint: point, Force: true})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := updates.Recv(); err != nil { // it is published
		w.Fatal(err)
	}
	w.confirm("the closing transaction", 1)
	// Alice's own output is locked for as many blocks as Bob asked for.
	deadline := time.Now().Add(2 * blackbox.Patience)
	for w.pending() {
		if time.Now().After(deadline) {
			w.Fatal("the channel's coins are not swept")
		}
		w.mine(5, "")
	}
	w.bob.confirmed("bob's part is swept", func(sat int64) bool { return sat > bobHad+payment*9/10 })
	alice := w.alice.confirmed("alice's part is swept", func(sat int64) bool { return sat > 40e8-payment-50_000 })
	w.Logf("after the channel alice has %d satoshis, bob %d more than before", alice, w.bob.confirmed("", func(int64) bool { return true })-bobHad)
}

// pending says whether anything of a channel is still to be swept.
func (w *lab) pending() bool {
	w.Helper()
	for _, l := range []*lightning{w.alice, w.bob} {
		p, err := l.PendingChannels(w.Context(), &lnrpc.PendingChannelsRequest{})
		if err != nil {
			w.Fatal(err)
		}
		if len(p.PendingForceClosingChannels)+len(p.WaitingCloseChannels) > 0 {
			return true
		}
	}
	return false
}

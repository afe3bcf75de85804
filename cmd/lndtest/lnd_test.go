package lndtest

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/lightningnetwork/lnd/lnrpc"
	"github.com/lightningnetwork/lnd/lnrpc/routerrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/quernnet/quern/cmd/blackbox"
)

// lightning is an LND node.
type lightning struct {
	*testing.T
	lnrpc.LightningClient
	router routerrpc.RouterClient
	key    string // its public key, hex
	listen string // host:port for other LND nodes
}

// startLND runs a node on a Quern node, with flags that say how it hears of
// blocks.
func startLND(t *testing.T, name string, on *blackbox.Quern, flags ...string) *lightning {
	t.Helper()
	dir, rpc := t.TempDir(), blackbox.FreePort(t)
	l := &lightning{T: t, listen: blackbox.FreePort(t)}
	args := []string{
		"--lnddir", dir, "--noseedbackup", "--no-macaroons", "--nobootstrap", "--norest", "--debuglevel=info", "--trickledelay=50",
		"--listen", l.listen, "--rpclisten", rpc, "--bitcoin.regtest", "--bitcoin.node=bitcoind",
		"--bitcoind.rpchost", on.RPC, "--bitcoind.rpcuser", blackbox.User, "--bitcoind.rpcpass", blackbox.Password, "--bitcoind.estimatemode=ECONOMICAL",
	}
	blackbox.Start(t, name, lnd, func(ctx context.Context) error {
		creds, err := credentials.NewClientTLSFromFile(filepath.Join(dir, "tls.cert"), "")
		if err != nil {
			return err
		}
		conn, err := grpc.NewClient(rpc, grpc.WithTransportCredentials(creds))
		if err != nil {
			return err
		}
		client := lnrpc.NewLightningClient(conn)
		info, err := client.GetInfo(ctx, &lnrpc.GetInfoRequest{})
		if err != nil {
			_ = conn.Close()
			return err
		}
		t.Cleanup(func() { _ = conn.Close() })
		l.LightningClient, l.router, l.key = client, routerrpc.NewRouterClient(conn), info.IdentityPubkey
		return nil
	}, append(args, flags...)...)
	return l
}

// polling and zmq are the two ways in which LND hears of blocks.
func polling() []string {
	return []string{"--bitcoind.rpcpolling", "--bitcoind.blockpollinginterval=500ms", "--bitcoind.txpollinginterval=500ms"}
}

func zmq(q *blackbox.Quern) []string {
	return []string{"--bitcoind.zmqpubrawblock", q.RawBlocks, "--bitcoind.zmqpubrawtx", q.RawTxs}
}

// caughtUp waits until LND has read the chain up to its Quern node's tip.
func (l *lightning) caughtUp(q *blackbox.Quern) {
	l.Helper()
	want := q.Height()
	blackbox.Until(l.T, "synced to the chain", func(ctx context.Context) error {
		info, err := l.GetInfo(ctx, &lnrpc.GetInfoRequest{})
		if err != nil {
			return err
		}
		if !info.SyncedToChain || info.BlockHeight < want {
			return fmt.Errorf("at block %d of %d, synced: %v", info.BlockHeight, want, info.SyncedToChain)
		}
		return nil
	})
}

func (l *lightning) address() string {
	l.Helper()
	a, err := l.NewAddress(l.Context(), &lnrpc.NewAddressRequest{Type: lnrpc.AddressType_TAPROOT_PUBKEY})
	if err != nil {
		l.Fatal(err)
	}
	return a.Address
}

// confirmed waits for a confirmed balance in satoshis that ok likes.
func (l *lightning) confirmed(what string, ok func(sat int64) bool) int64 {
	l.Helper()
	var sat int64
	blackbox.Until(l.T, what, func(ctx context.Context) error {
		b, err := l.WalletBalance(ctx, &lnrpc.WalletBalanceRequest{})
		if err != nil {
			return err
		}
		if sat = b.ConfirmedBalance; !ok(sat) {
			return fmt.Errorf("the balance is %d, and %d unconfirmed", b.ConfirmedBalance, b.UnconfirmedBalance)
		}
		return nil
	})
	return sat
}

// meet connects to another node.
func (l *lightning) meet(other *lightning) {
	l.Helper()
	host, port, err := net.SplitHostPort(other.listen)
	if err != nil {
		l.Fatal(err)
	}
	blackbox.Until(l.T, "connected", func(ctx context.Context) error {
		_, err := l.ConnectPeer(ctx, &lnrpc.ConnectPeerRequest{
			Addr: &lnrpc.LightningAddress{Pubkey: other.key, Host: net.JoinHostPort(host, port)},
		})
		if err != nil {
			peers, errPeers := l.ListPeers(ctx, &lnrpc.ListPeersRequest{})
			if errPeers == nil && len(peers.Peers) > 0 {
				return nil
			}
		}
		return err
	})
}

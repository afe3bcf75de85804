package quernrpc

import (
	"context"
	"time"

	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

// quernMethods are what bitcoind has no word for. Arguments and results are
// those of own.go; an amount in satoshis.
func (n *node) quernMethods() []table.Method {
	return []table.Method{{
		Name: "quern.status", Category: "quern", About: "Returns what the node is doing.",
		Results: []table.Shape{table.ShapeOf[own.Status]("What the node is doing")}, Call: n.quernStatus,
	}, {
		Name: "quern.mine", Category: "quern", About: "Sets the number of goroutines that mine, if given, and reports.",
		Args: []table.Arg{
			{Name: "workers", Kind: table.Integer, About: "0 stops mining"},
			{Name: "address", Kind: table.Text, Hint: "mining.address of the configuration, or the wallet", About: "Who is paid from the next block on"},
		},
		Results: []table.Shape{table.ShapeOf[own.MiningStatus]("What the miner is doing")}, Call: n.quernMine,
	}}
}

func (n *node) quernStatus(ctx context.Context, _ table.Args) (any, error) {
	tip := n.Chain.Tip()
	best, pool, w := n.Chain.BestHeader(), n.Pool.Stats(), n.Wallet()
	st := own.Status{
		Version: n.Version, Chain: n.Params.Name, Swarm: n.Swarm, Folder: n.Folder,
		Uptime: int64(time.Since(n.Started).Seconds()),
		Height: tip.Height, Headers: best.Height, Tip: tip.ID.String(), TipTime: tip.Time(),
		Syncing: n.Syncing(), Progress: n.Progress(ctx),
		Mempool:  own.MempoolStatus{Count: pool.Count, VSize: pool.VSize, MinFee: pool.MinFee},
		Mining:   n.miningStatus(),
		Wallet:   w,
		Indexes:  n.Indexes(),
		Warnings: n.Warnings(),
	}
	if n.Net == nil {
		return st, nil
	}
	st.PeerID, st.Addresses = n.Net.ID().String(), n.Net.Addrs()
	for _, p := range n.Net.Peers() {
		if p.Inbound {
			st.Inbound++
		} else {
			st.Outbound++
		}
	}
	return st, nil
}

func (n *node) miningStatus() own.MiningStatus {
	st := n.Miner.Stats()
	out := own.MiningStatus{Workers: st.Workers, Hashrate: st.Hashrate, Blocks: st.Found, Error: st.Err}
	if !st.Last.IsZero() {
		out.Last = st.Last.String()
	}
	return out
}

func (n *node) quernMine(_ context.Context, a table.Args) (any, error) {
	if to := a.Text(1); to != "" {
		script, err := address.Decode(to, n.Params)
		if err != nil {
			return nil, table.Errorf(table.CodeNotFound, "%v", err)
		}
		n.PayTo(script)
	}
	if a.Given(0) {
		workers := a.Integer(0)
		if workers < 0 || workers > 1024 {
			return nil, table.Errorf(table.CodeInvalid, "workers must be between 0 and 1024, not %d", workers)
		}
		n.Miner.SetWorkers(int(workers))
	}
	return n.miningStatus(), nil
}

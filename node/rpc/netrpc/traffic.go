package netrpc

import (
	"context"
	"sync"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
)

const (
	pingPatience = 3 * time.Second
	pingAtOnce   = 16 // peers
	uploadDay    = 24 * time.Hour
)

func (n *node) trafficMethods() []table.Method {
	return []table.Method{{
		Name: "getnettotals", Category: "network",
		About: "Returns information about network traffic, including bytes in, bytes out,\nand current system time.",
		Results: []table.Shape{table.Obj("", "",
			table.Num("totalbytesrecv", "Total bytes received"),
			table.Num("totalbytessent", "Total bytes sent"),
			table.Time("timemillis", "Current system UNIX epoch time in milliseconds"),
			table.Obj("uploadtarget", "Of a limit by the day, which Quern does not have: see p2p.limits.upload",
				table.Num("timeframe", "Length of the measuring timeframe in seconds"),
				table.Num("target", "Target in bytes"),
				table.Bool("target_reached", "True if target is reached"),
				table.Bool("serve_historical_blocks", "True if serving historical blocks"),
				table.Num("bytes_left_in_cycle", "Bytes left in current time cycle"),
				table.Num("time_left_in_cycle", "Seconds left in current time cycle"),
			),
		)},
		Examples: table.Both("getnettotals", "", ""), Call: n.netTotals,
	}, {
		Name: "ping", Category: "network",
		About:   "Sends a ping to all other nodes, to measure ping time, and waits a while for the answers.\nResults are provided in getpeerinfo.",
		Results: []table.Shape{table.Null("")}, Examples: table.Both("ping", "", ""), Call: n.ping,
	}}
}

func (n *node) netTotals(_ context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	type target struct {
		Frame   int64 `json:"timeframe"`
		Target  int64 `json:"target"`
		Reached bool  `json:"target_reached"`
		Serving bool  `json:"serve_historical_blocks"`
		Left    int64 `json:"bytes_left_in_cycle"`
		Time    int64 `json:"time_left_in_cycle"`
	}
	out := struct {
		Received int64  `json:"totalbytesrecv"`
		Sent     int64  `json:"totalbytessent"`
		Time     int64  `json:"timemillis"`
		Target   target `json:"uploadtarget"`
	}{Time: time.Now().UnixMilli(), Target: target{Frame: int64(uploadDay.Seconds()), Serving: true}}
	out.Sent, out.Received = n.Net.Traffic()
	return out, nil
}

// ping asks all peers, a few at a time. One that does not answer is no error:
// getpeerinfo shows what came of it.
func (n *node) ping(ctx context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, pingPatience)
	defer cancel()
	var wait sync.WaitGroup
	places := make(chan struct{}, pingAtOnce)
	for _, p := range n.Net.Peers() {
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			_, _ = n.Net.Ping(ctx, p.ID.String(), 1)
		})
	}
	wait.Wait()
	return nil, nil
}

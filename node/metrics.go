package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// monitor serves /metrics, /healthz and /readyz.
type monitor struct {
	addr     string
	registry *prometheus.Registry
	healthy  func() error // nil while the node can do its work
	ready    func() error // nil when it also follows the chain
	log      *slog.Logger
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// run serves until ctx ends.
func (m *monitor) run(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", m.addr)
	if err != nil {
		return fmt.Errorf("metrics.listen: %w", err)
	}
	m.log.Info("metrics", "listen", l.Addr())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", check(m.healthy))
	mux.HandleFunc("GET /readyz", check(m.ready))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 8 << 10}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics.listen: %w", err)
	}
	return nil
}

func check(f func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := f(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// gauge registers a number that is read when asked for.
func gauge(r *prometheus.Registry, name, help string, f func() float64) {
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "quern", Name: name, Help: help}, f))
}

// measure registers what the parts count.
func (n *Node) measure(p *parts) {
	r := n.registry
	gauge(r, "height", "Height of the tip.", func() float64 { return float64(p.chain.Tip().Height) })
	gauge(r, "headers", "Height of the best header.", func() float64 { return float64(p.chain.BestHeader().Height) })
	gauge(r, "tip_time_seconds", "Time of the tip's block.", func() float64 { return float64(p.chain.Tip().Past.Time) })
	gauge(r, "mempool_transactions", "Waiting transactions.", func() float64 { return float64(p.pool.Stats().Count) })
	gauge(r, "mempool_virtual_bytes", "Their virtual size.", func() float64 { return float64(p.pool.Stats().VSize) })
	gauge(r, "mempool_memory_bytes", "Memory they are reckoned to take.", func() float64 { return float64(p.pool.Stats().Usage) })
	gauge(r, "mining_hashrate", "Hashes a second of the solo miner.", func() float64 { return p.miner.Stats().Hashrate })
	gauge(r, "mining_blocks_found", "Blocks found since the start.", func() float64 { return float64(p.miner.Stats().Found) })
}

// healthy says whether the node can do its work.
func (n *Node) healthy() error {
	p := n.parts.Load()
	if p == nil {
		return nil // still loading: alive, not ready
	}
	return p.chain.Err()
}

// ready says whether the node follows the chain.
func (n *Node) ready() error {
	p := n.parts.Load()
	switch {
	case p == nil:
		return errors.New("the node is starting")
	case p.chain.Err() != nil:
		return p.chain.Err()
	case p.peering != nil && !p.peering.Synced():
		return errors.New("the node is catching up with the chain")
	}
	return nil
}

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

	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/peering"
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
	cache := func(f func(datastore.CacheStats) int64) func() float64 {
		return func() float64 { return float64(f(p.store.CacheStats())) }
	}
	gauge(r, "coin_cache_entries", "Coins in memory, and those known there to be spent.", cache(func(s datastore.CacheStats) int64 { return int64(s.Entries) }))
	gauge(r, "coin_cache_bytes", "Memory that they take.", cache(func(s datastore.CacheStats) int64 { return s.Bytes }))
	gauge(r, "coin_cache_budget_bytes", "Memory that they may take.", cache(func(s datastore.CacheStats) int64 { return s.Budget }))
	gauge(r, "coin_cache_changed_entries", "Those that no flush has written or begun to write.", cache(func(s datastore.CacheStats) int64 { return int64(s.Dirty.Entries) }))
	gauge(r, "coin_cache_flushing_entries", "Those that a flush is writing.", cache(func(s datastore.CacheStats) int64 { return int64(s.Frozen.Entries) }))
	gauge(r, "coins", "Unspent coins at the tip, those of blocks being verified included.", cache(func(s datastore.CacheStats) int64 { return s.Coins }))
	gauge(r, "mempool_transactions", "Waiting transactions.", func() float64 { return float64(p.pool.Stats().Count) })
	gauge(r, "mempool_virtual_bytes", "Their virtual size.", func() float64 { return float64(p.pool.Stats().VSize) })
	gauge(r, "mempool_memory_bytes", "Memory they are reckoned to take.", func() float64 { return float64(p.pool.Stats().Usage) })
	counter(r, "reorgs_total", "Times that a branch with more work replaced blocks of the tip's.", func() int64 { all, _ := p.alarm.Counts(); return all })
	counter(r, "deep_reorgs_total", "Those that undid at least alarm.reorg blocks.", func() int64 { _, deep := p.alarm.Counts(); return deep })
	gauge(r, "mining_hashrate", "Hashes a second of the solo miner.", func() float64 { return p.miner.Stats().Hashrate })
	gauge(r, "mining_blocks_found", "Blocks found since the start.", func() float64 { return float64(p.miner.Stats().Found) })
	if p.peering != nil {
		measureRelay(r, p.peering)
	}
}

// counter registers a number that only grows, read when asked for.
func counter(r *prometheus.Registry, name, help string, f func() int64) {
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "quern", Name: name, Help: help},
		func() float64 { return float64(f()) }))
}

// measureRelay registers how blocks come and where stems go.
func measureRelay(r *prometheus.Registry, p *peering.Peering) {
	for _, c := range []struct {
		name, help string
		of         func(peering.RelayStats) int64
	}{
		{"relay_blocks_warm_total", "Announced blocks rebuilt from the mempool without a question.", func(s peering.RelayStats) int64 { return s.Warm }},
		{"relay_blocks_asked_total", "Announced blocks rebuilt with transactions that peers were asked for.", func(s peering.RelayStats) int64 { return s.Asked }},
		{"relay_blocks_whole_total", "Blocks announced in compact form and fetched whole all the same.", func(s peering.RelayStats) int64 { return s.Whole }},
		{"relay_transactions_fetched_total", "Transactions of announced blocks that peers were asked for.", func(s peering.RelayStats) int64 { return s.Fetched }},
		{"stem_own_total", "Own transactions that began on a stem.", func(s peering.RelayStats) int64 { return s.Stemmed }},
		{"stem_carried_total", "Transactions of others passed on along a stem.", func(s peering.RelayStats) int64 { return s.Carried }},
		{"stem_ended_total", "Transactions whose stem ended here.", func(s peering.RelayStats) int64 { return s.Fluffed }},
		{"stem_embargo_total", "Transactions gossiped because the stem did not bring them about in time.", func(s peering.RelayStats) int64 { return s.Embargoed }},
	} {
		counter(r, c.name, c.help, func() int64 { return c.of(p.RelayStats()) })
	}
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

package peering

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
	"github.com/quernnet/quern/work"
)

// listChain serves a list of headers without bodies, the first after genesis.
type listChain struct {
	Chain
	hs    []wire.Header
	at    map[wire.Hash]int // index after the header
	tip   consensus.State
	asked *atomic.Int64
}

func (c *listChain) Tip() consensus.State { return c.tip }

func (c *listChain) HeadersAfter(locator []wire.Hash, most int) []wire.Header {
	c.asked.Add(1)
	for _, id := range locator {
		if i, ok := c.at[id]; ok {
			return slices.Clone(c.hs[i:min(i+most, len(c.hs))])
		}
	}
	return slices.Clone(c.hs[:min(most, len(c.hs))])
}

// mainHeaders are Bitcoin's first 100,000 headers, genesis left out; for the race
// detector a fifth of them.
func mainHeaders(t *testing.T, p *consensus.Params) *listChain {
	t.Helper()
	raw := realdata.Read(t, "mainnet-headers-0-99999.bin")
	if underRace {
		raw = raw[:20_001*wire.HeaderSize]
	}
	c := &listChain{at: map[wire.Hash]int{}, tip: consensus.GenesisState(p), asked: new(atomic.Int64)}
	for off := wire.HeaderSize; off < len(raw); off += wire.HeaderSize {
		h, err := wire.DecodeHeader(raw[off : off+wire.HeaderSize])
		fatal(t, err)
		c.tip, err = consensus.ApplyHeader(c.tip, &h, h.ID())
		fatal(t, err)
		c.hs = append(c.hs, h)
		c.at[c.tip.ID] = len(c.hs)
	}
	return c
}

// Bitcoin's first 100,000 headers arrive by presync as they do without it, and
// take twice the questions.
func TestMainnetHeadersByPresync(t *testing.T) {
	main, err := consensus.Chain("main")
	fatal(t, err)
	list := mainHeaders(t, main)
	sync := func(name string, least work.Work) (best consensus.State, asked int64) {
		p := *main
		p.MinWork = least
		source := *list
		source.asked = new(atomic.Int64)
		server := start(t, name+" source", setup{params: &p, chain: func(c *chain.Chain) Chain { source.Chain = c; return &source }})
		n := start(t, name, setup{params: &p})
		fatal(t, n.net.Connect(t.Context(), server.net.Addrs()[0]))
		wait(t, func() error {
			if best = n.chain.BestHeader(); best.Height < list.tip.Height {
				return fmt.Errorf("%s: headers at %d, asked %d times", name, best.Height, source.asked.Load())
			}
			return nil
		})
		best.Params = nil
		return best, source.asked.Load()
	}
	plain, once := sync("plain", work.Work{})
	least := list.tip.Work.Sub(work.Work{1 << 40}) // some blocks before the end
	pre, twice := sync("presync", least)
	if plain != pre {
		t.Errorf("by presync the best header is %v, else %v", pre.ID, plain.ID)
	}
	t.Logf("asked %d times without, %d times with presync", once, twice)
	if twice < 2*once-4 {
		t.Errorf("asked %d times by presync, %d without: there was none", twice, once)
	}
}

// floodChain claims more work than there is and makes headers without end, at
// the easiest target.
type floodChain struct {
	Chain
	params *consensus.Params
	mark   byte
	sent   *atomic.Int64

	mu   sync.Mutex
	last wire.Hash
	time uint32
}

func (c *floodChain) Tip() consensus.State {
	return consensus.State{Params: c.params, ID: wire.Hash{c.mark}, Height: 1e9, Work: work.Work{0, 1}}
}

func (c *floodChain) HeadersAfter(locator []wire.Hash, most int) []wire.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.IsZero() || !slices.Contains(locator, c.last) {
		c.last, c.time = c.params.Genesis.ID(), c.params.Genesis.Header.Time
	}
	hs := make([]wire.Header, most)
	for i := range hs {
		c.time++
		h := wire.Header{Version: 4, Parent: c.last, Merkle: wire.Hash{c.mark}, Time: c.time, Bits: uint32(c.params.Limit)}
		id := h.ID()
		for ; !work.Bits(h.Bits).Met(id); id = h.ID() {
			h.Nonce++
		}
		hs[i], c.last = h, id
	}
	c.sent.Add(int64(most))
	return hs
}

// heap is the live heap after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Eight peers send headers without end that have their work, but little of it:
// nothing is stored, memory stays, an honest peer is served, and nobody is
// banned, for no rule is broken. With QUERN_FLOOD_HEADERS=10000000 it is the
// figure of docs/network.md.
func TestHeaderFlood(t *testing.T) {
	total := int64(200_000)
	if underRace {
		total = 40_000
	}
	if s := os.Getenv("QUERN_FLOOD_HEADERS"); s != "" {
		var err error
		total, err = strconv.ParseInt(s, 10, 64)
		fatal(t, err)
	}
	p := *regtest(t)
	p.MinWork = work.Work{1 << 40}
	victim := start(t, "victim", setup{params: &p})
	honest := start(t, "honest", setup{params: &p})
	meet(t, honest, victim)
	var sent atomic.Int64
	for i := range 8 {
		n := start(t, fmt.Sprint("flooder ", i), setup{params: &p, chain: func(c *chain.Chain) Chain {
			return &floodChain{Chain: c, params: &p, mark: byte(i + 1), sent: &sent}
		}})
		meet(t, n, victim)
	}
	reach := func(n int64) (peak uint64) {
		wait(t, func() error {
			peak = max(peak, heap())
			if got := sent.Load(); got < n {
				return fmt.Errorf("%d headers sent", got)
			}
			return nil
		})
		return peak
	}
	reach(total / 10)
	before := heap()
	peak := reach(total)
	after := heap()
	t.Logf("%d headers of 8 peers: heap %.1f MiB before, %.1f after, %.1f at most", sent.Load(), mib(before), mib(after), mib(peak))
	if peak > before+32<<20 || after > before+16<<20 {
		t.Errorf("the heap grew from %.1f MiB to %.1f, at most %.1f", mib(before), mib(after), mib(peak))
	}
	if best, ends := victim.chain.BestHeader(), victim.chain.Branches(); best.Height != 0 || len(ends) != 1 {
		t.Errorf("the tree has headers up to %d in %d branches", best.Height, len(ends))
	}
	if rows := victim.rows(); rows != 0 {
		t.Errorf("%d headers on disk", rows)
	}
	if bans := victim.net.Bans(); len(bans) > 0 {
		t.Errorf("banned: %v", bans)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := gossip.Call(ctx, honest.net, headersProtocol, victim.net.ID(), victim.chain.Locator(p.Genesis.ID())); err != nil {
		t.Errorf("an honest question: %v", err)
	}
	wait(t, func() error { // between two there may be none
		for _, s := range victim.Status(t.Context()).Peers {
			if s.Presync > 0 {
				return nil
			}
		}
		return errors.New("the status tells of no presync")
	})
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }

// A header whose branch has little work is neither stored nor passed on when it
// is gossiped, nor when it is the end of a short branch.
func TestLowWorkAnnouncement(t *testing.T) {
	a := start(t, "a", setup{})
	a.mine(300)
	genesis := consensus.GenesisState(a.Params)
	low := headerAlone(solved(t, wire.Header{Version: 4, Parent: genesis.ID, Time: genesis.Time() + 1, Bits: uint32(a.Params.Limit)}))
	if v := a.checkAnnouncement(t.Context(), "somebody", low); v != gossip.Ignore {
		t.Errorf("verdict %v on a low-work announcement", v)
	}
	at := func(height uint32) (s consensus.State) {
		info, _ := a.chain.ActiveAt(height)
		s, _ = a.chain.StateAt(info.ID)
		return s
	}
	// A side branch with as much work as the tip's 144th ancestor is not low.
	fork := at(160)
	near := headerAlone(solved(t, wire.Header{Version: 4, Parent: fork.ID, Time: fork.Time() + 1, Bits: uint32(a.Params.Limit)}))
	if v := a.checkAnnouncement(t.Context(), "somebody", near); v != gossip.Accept {
		t.Errorf("verdict %v on a side branch", v)
	}
	d := &driver{Peering: a.Peering}
	keep, pre, err := d.admit(nil, headersReply{Headers: []wire.Header{low.header}, Tip: syncer.Tip{Work: work.Work{1 << 50}}})
	if keep != nil || pre != nil || !lowWork(err) {
		t.Errorf("a short low-work branch: %d kept, presync %v, %v", len(keep), pre != nil, err)
	}
	// A last header that only claims much work does not carry the others in.
	boast := solved(t, wire.Header{Version: 4, Parent: low.header.ID(), Time: low.header.Time + 1, Bits: uint32(a.Params.Limit)})
	boast.Bits = 0x1d00ffff
	keep, _, err = d.admit(nil, headersReply{Headers: []wire.Header{low.header, boast}})
	if _, useless := headerFault(err); !useless || consensus.RuleOf(err) != consensus.HighHash {
		t.Errorf("%d kept: %v", len(keep), err)
	}
	// What the tree has already costs nothing to hear again.
	known := []wire.Header{}
	for h := uint32(1); h <= 100; h++ {
		info, _ := a.chain.ActiveAt(h)
		known = append(known, info.Header)
	}
	if keep, _, err := d.admit(nil, headersReply{Headers: known}); err != nil || len(keep) != 100 {
		t.Errorf("known headers: %d, %v", len(keep), err)
	}
}

package datastore

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// What the chain's engine does for each block, in order, on one goroutine: all
// but scripts.
func BenchmarkConnectChain(b *testing.B) {
	var blocks []*wire.Block
	inputs := 0
	for raw := realdata.Read(b, "chain-payments.dat"); len(raw) > 0; {
		size := binary.LittleEndian.Uint32(raw[4:])
		block, err := wire.DecodeBlock(raw[8 : 8+size])
		if err != nil {
			b.Fatal(err)
		}
		blocks, raw = append(blocks, block), raw[8+size:]
		inputs += block.Spends()
	}
	var put, resolve, connect, apply time.Duration
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		p, err := consensus.Chain("regtest")
		if err != nil {
			b.Fatal(err)
		}
		s, err := Open(Config{Params: p, Backend: "pebble", Dir: b.TempDir(), Cache: 64 << 20})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		state := consensus.GenesisState(p)
		for _, block := range blocks {
			if block.ID() == state.ID {
				continue
			}
			t0 := time.Now()
			if err := s.PutBlock(block); err != nil {
				b.Fatal(err)
			}
			t1 := time.Now()
			spent, err := s.Resolve(block, nil)
			if err != nil {
				b.Fatal(err)
			}
			t2 := time.Now()
			next, err := consensus.ApplyHeader(state, &block.Header, block.ID())
			if err != nil {
				b.Fatal(err)
			}
			u, _, err := consensus.Connect(state, next, block, consensus.Inputs{Spent: spent})
			if err != nil {
				b.Fatal(err)
			}
			t3 := time.Now()
			if err := s.Apply(u); err != nil {
				b.Fatal(err)
			}
			put += t1.Sub(t0)
			resolve += t2.Sub(t1)
			connect += t3.Sub(t2)
			apply += time.Since(t3)
			state = next
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	report := func(d time.Duration, name string) {
		b.ReportMetric(float64(d.Nanoseconds())/float64(b.N*inputs), name+"-ns/input")
	}
	report(put, "put")
	report(resolve, "resolve")
	report(connect, "connect")
	report(apply, "apply")
}

package presync

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

const answer = 2000 // headers

func params(t testing.TB, name string) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// easy is the named chain with a limit that every other nonce meets.
func easy(t testing.TB, schedule work.Schedule) *consensus.Params {
	p := *params(t, "regtest")
	p.Schedule = schedule
	if _, fixed := schedule.(work.None); !fixed {
		p.Period = 144
	}
	return &p
}

// grow mines n headers after s; step is the time between two. mark tells
// chains of the same times apart.
func grow(t testing.TB, s consensus.State, n int, mark byte, step func(i int) uint32) ([]wire.Header, consensus.State) {
	t.Helper()
	hs := make([]wire.Header, 0, n)
	for i := range n {
		h := wire.Header{Version: 4, Parent: s.ID, Merkle: wire.Hash{mark}, Time: s.Time() + step(i)}
		bits := consensus.NextBits(&s, h.Time)
		h.Bits = uint32(bits)
		for id := h.ID(); !bits.Met(id); id = h.ID() {
			h.Nonce++
		}
		next, err := consensus.ApplyHeader(s, &h, h.ID())
		if err != nil {
			t.Fatalf("header %d: %v", i, err)
		}
		hs, s = append(hs, h), next
	}
	return hs, s
}

func steady(int) uint32 { return 1 }

func after(t testing.TB, s consensus.State, hs []wire.Header) consensus.State {
	t.Helper()
	for i := range hs {
		var err error
		if s, err = consensus.ApplyHeader(s, &hs[i], hs[i].ID()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func ids(hs []wire.Header) []wire.Hash {
	out := make([]wire.Hash, len(hs))
	wire.HeaderIDs(out, hs)
	return out
}

// feed gives hs to p, an answer at a time, going on where p asks to. It stops at the first
// error and at the end, and returns what was released.
func feed(t testing.TB, p *Presync, passes [2][]wire.Header, now int64) (kept []wire.Header, done bool, err error) {
	t.Helper()
	start := p.Start.Height
	for !done && err == nil {
		hs := passes[0]
		if p.Proven() {
			hs = passes[1]
		}
		rest := hs[p.Height()-start:]
		some := rest[:min(len(rest), answer)]
		var out []wire.Header
		was := p.second
		out, done, err = p.Add(some, ids(some), len(some) == answer, now)
		kept = append(kept, out...)
		if len(p.held) > Ahead+answer || err == nil && len(p.held) > Ahead || p.bits.n > len(passes[0])/Period+1 {
			t.Fatalf("%d headers and %d bits held", len(p.held), p.bits.n)
		}
		if !was && out != nil {
			t.Fatal("the first pass released headers")
		}
		if at := int(p.Height() - start); err == nil && p.second && !p.passed && len(kept) != max(0, at-Ahead) {
			t.Fatalf("%d headers released at %d", len(kept), at)
		}
	}
	return kept, done, err
}

// The first 100,000 headers of Bitcoin come through both passes as they are,
// and lead to the same state as without.
func TestMainnet(t *testing.T) {
	raw := realdata.Read(t, "mainnet-headers-0-99999.bin")
	main := params(t, "main")
	genesis := consensus.GenesisState(main)
	var hs []wire.Header
	var need work.Work
	s := genesis
	for off := wire.HeaderSize; off < len(raw); off += wire.HeaderSize {
		h, err := wire.DecodeHeader(raw[off : off+wire.HeaderSize])
		if err != nil {
			t.Fatal(err)
		}
		if s, err = consensus.ApplyHeader(s, &h, h.ID()); err != nil {
			t.Fatal(err)
		}
		if hs = append(hs, h); s.Height == 95_000 {
			need = s.Work
		}
	}
	now := int64(s.Time())
	p := New(Config{Start: genesis, Need: need, Now: now, Salt: [16]byte{7}})
	kept, done, err := feed(t, p, [2][]wire.Header{hs, hs}, now)
	if err != nil || !done {
		t.Fatalf("done %v: %v", done, err)
	}
	if len(kept) < 95_000 || len(kept) > 95_000+answer || !slices.Equal(kept, hs[:len(kept)]) {
		t.Fatalf("%d headers released, or others than were given", len(kept))
	}
	if n := p.bits.n; n < 150 || n > 160 {
		t.Errorf("%d bits were kept of 95,000 headers", n)
	}
	if after(t, genesis, kept) != p.at {
		t.Error("the state at the end differs from that of a plain sync")
	}

	// With more work needed than there is, nothing comes out.
	p = New(Config{Start: genesis, Need: s.Work.Add(work.Work{1}), Now: now})
	if kept, done, err := feed(t, p, [2][]wire.Header{hs, hs}, now); !errors.Is(err, ErrTooLittle) || done || kept != nil {
		t.Fatalf("too little work: %d released, done %v: %v", len(kept), done, err)
	}
}

// Whatever the schedule, a header with another target than the rules want is
// seen in the first pass, and a good chain passes.
func TestSchedules(t *testing.T) {
	const limit = 0x207fffff
	bitcoin := work.Bitcoin{Limit: limit, Spacing: 600, Timespan: 144 * 600}
	testnet := work.Testnet{Bitcoin: bitcoin}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, schedule := range []work.Schedule{
		work.None{}, bitcoin, testnet, work.Testnet4{Testnet: testnet},
		work.ASERT{Limit: limit, Spacing: 600, HalfLife: 3600},
	} {
		t.Run(schedule.String(), func(t *testing.T) {
			genesis := consensus.GenesisState(easy(t, schedule))
			// Now fast, now slow, with holes for testnet's exception; on the whole near the spacing.
			hs, end := grow(t, genesis, 3000, 1, func(i int) uint32 {
				switch {
				case i%40 == 39:
					return 3000
				case i/500%2 == 0:
					return uint32(300 + rng.IntN(400))
				}
				return uint32(600 + rng.IntN(400))
			})
			now := int64(end.Time())
			p := New(Config{Start: genesis, Need: end.Work, Now: now})
			if kept, done, err := feed(t, p, [2][]wire.Header{hs, hs}, now); err != nil || !done || !slices.Equal(kept, hs) {
				t.Fatalf("%d released, done %v: %v", len(kept), done, err)
			}
			targets := map[uint32]bool{}
			for i := range hs {
				targets[hs[i].Bits] = true
			}
			t.Logf("%d targets", len(targets))
			for range 40 {
				i := rng.IntN(len(hs))
				bad := hs[i]
				for bits := bad.Bits - 1 - uint32(rng.IntN(3)); bad.Bits == hs[i].Bits || !work.Bits(bits).Met(bad.ID()); bad.Nonce++ {
					bad.Bits = bits // easier to meet than to find: try nonces
				}
				bad.Nonce--
				for !work.Bits(bad.Bits).Met(bad.ID()) {
					bad.Nonce++
				}
				p := New(Config{Start: genesis, Need: end.Work, Now: now})
				some := append(slices.Clone(hs[:i]), bad)
				_, _, err := p.Add(some, ids(some), true, now)
				if consensus.RuleOf(err) != consensus.BadBits {
					t.Fatalf("header %d with target %08x instead of %08x: %v", i, bad.Bits, hs[i].Bits, err)
				}
			}
		})
	}
}

func TestFaults(t *testing.T) {
	genesis := consensus.GenesisState(params(t, "regtest"))
	const n = Ahead + 5000
	hs, end := grow(t, genesis, n, 1, steady)
	others, _ := grow(t, genesis, n, 2, steady)
	branch, _ := grow(t, after(t, genesis, hs[:9000]), n-9000, 3, steady)
	now := int64(end.Time())
	start := func() *Presync { return New(Config{Start: genesis, Need: end.Work, Now: now, Salt: [16]byte{1}}) }
	solve := func(h wire.Header, met bool) wire.Header {
		for work.Bits(h.Bits).Met(h.ID()) != met {
			h.Nonce++
		}
		return h
	}
	change := func(i int, f func(*wire.Header)) []wire.Header {
		h := hs[i]
		f(&h)
		return append(slices.Clone(hs[:i]), solve(h, true))
	}
	for _, test := range []struct {
		name          string
		first, second []wire.Header
		rule          consensus.Rule
		is            error
	}{
		{name: "no work", first: append(slices.Clone(hs[:100]), solve(hs[100], false)), rule: consensus.HighHash},
		{name: "does not follow", first: slices.Concat(hs[:100], hs[101:]), is: ErrBroken},
		{name: "time not after the median", first: change(100, func(h *wire.Header) { h.Time = hs[90].Time }), rule: consensus.TimeTooOld},
		{name: "time ahead of the clock", first: change(n-1, func(h *wire.Header) { h.Time += 7201 }), rule: consensus.TimeTooNew},
		{name: "old version", first: change(100, func(h *wire.Header) { h.Version = 1 }), rule: "bad-version(0x00000001)"},
		{name: "ends early", first: hs[:n-1], is: ErrTooLittle},
		{name: "ends early the second time", first: hs, second: hs[:n-1], is: ErrTooLittle},
		{name: "others the second time", first: hs, second: others, is: ErrOther},
		{name: "others from the middle on", first: hs, second: slices.Concat(hs[:9000], branch), is: ErrOther},
		{name: "nothing", is: ErrTooLittle},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept, done, err := feed(t, start(), [2][]wire.Header{test.first, test.second}, now)
			if done || test.is != nil && !errors.Is(err, test.is) || consensus.RuleOf(err) != test.rule {
				t.Fatalf("done %v: %v", done, err)
			}
			if len(kept) > max(0, len(test.second)-Ahead) || errors.Is(test.is, ErrOther) && len(kept) > 0 {
				t.Fatalf("%d headers released", len(kept))
			}
		})
	}

	// More headers than six a second: the rules of time forbid them already, so
	// the clock is held back here.
	p := start()
	p.most = 5999
	if _, _, err := feed(t, p, [2][]wire.Header{hs, hs}, now); !errors.Is(err, ErrTooMany) {
		t.Errorf("too many: %v", err)
	}
}

// Whoever sends another chain the second time must guess 24 bits. Of 300 tries
// none has a header stored, and half of them end at each bit.
func TestForgersGuess(t *testing.T) {
	genesis := consensus.GenesisState(params(t, "regtest"))
	hs, end := grow(t, genesis, Ahead+1000, 1, steady)
	forged, _ := grow(t, genesis, Ahead+1000, 2, steady)
	// The first pass is the same for all salts but for the bits: run it once a salt
	// without judging anew.
	ids := func(hs []wire.Header) []wire.Hash {
		out := make([]wire.Hash, len(hs))
		for i := range hs {
			out[i] = hs[i].ID()
		}
		return out
	}
	first, second := ids(hs), ids(forged)
	guessed := map[int]int{}
	for i := range 300 {
		p := New(Config{Start: genesis, Need: end.Work, Now: int64(end.Time()), Salt: [16]byte{byte(i), byte(i >> 8)}})
		right := 0
		for h := int(p.offset) - 1; h < len(first); h += Period {
			if h < 0 {
				continue
			}
			if p.bit(first[h]) != p.bit(second[h]) {
				break
			}
			right++
		}
		if guessed[right]++; right >= Ahead/Period {
			t.Fatalf("try %d has %d bits right", i, right)
		}
	}
	if n := guessed[0]; n < 110 || n > 190 {
		t.Errorf("%d of 300 fail at the first bit, about half should", n)
	}
	p := New(Config{Start: genesis, Need: end.Work, Now: int64(end.Time())})
	if kept, _, err := feed(t, p, [2][]wire.Header{hs, forged}, int64(end.Time())); !errors.Is(err, ErrOther) || kept != nil {
		t.Fatalf("%d released: %v", len(kept), err)
	}
}

func TestThreshold(t *testing.T) {
	p := *params(t, "regtest")
	s := consensus.GenesisState(&p)
	if w := Threshold(&s); w != (work.Work{}) {
		t.Errorf("at genesis: %v", w)
	}
	_, s = grow(t, s, 200, 1, steady)
	if w := Threshold(&s); w != (work.Work{2 * (201 - 144)}) {
		t.Errorf("at 200: %v", w)
	}
	p.MinWork = work.Work{1000}
	if w := Threshold(&s); w != p.MinWork {
		t.Errorf("below the minimum: %v", w)
	}
	hs, end := grow(t, s, 10, 1, steady)
	if Claim(&s, hs) != end.Work {
		t.Error("the claim of valid headers is their work")
	}
}

// Whatever comes in whatever pieces, what is released follows the start, is
// valid, and ends a whole store of bits before the last header compared.
func FuzzAdd(f *testing.F) {
	genesis := consensus.GenesisState(params(f, "regtest"))
	const n = Ahead + 3*answer
	hs, end := grow(f, genesis, n, 1, steady)
	others, _ := grow(f, genesis, n, 2, steady)
	now := int64(end.Time())
	f.Add([]byte{}, uint16(0), uint16(0), true)
	f.Add([]byte{1, 2, 3, 250}, uint16(20000), uint16(7), false)
	f.Add([]byte{255}, uint16(100), uint16(9000), true)
	f.Fuzz(func(t *testing.T, sizes []byte, need, fork uint16, other bool) {
		want := genesis.Work.Add(work.Work{2 * uint64(need)})
		p := New(Config{Start: genesis, Need: want, Now: now, Salt: [16]byte{byte(fork)}})
		var kept []wire.Header
		for i := 0; i < 100; i++ {
			size := answer
			if len(sizes) > 0 {
				size = 8 * int(sizes[i%len(sizes)])
			}
			src := hs
			if p.Proven() && other && int(p.Height()) >= int(fork)%n {
				src = others
			}
			rest := src[min(int(p.Height()), n):]
			some := rest[:min(size, len(rest))]
			out, done, err := p.Add(some, ids(some), len(some) == size, now)
			kept = append(kept, out...)
			if err != nil && out != nil {
				t.Fatal("headers released with an error")
			}
			if err != nil || done {
				if done && p.at.Work.Cmp(want) < 0 {
					t.Fatal("done without the work")
				}
				break
			}
			if len(kept) > max(0, int(p.Height())-Ahead) || len(p.held) > Ahead {
				t.Fatalf("%d released and %d held at %d", len(kept), len(p.held), p.Height())
			}
		}
		if !slices.Equal(kept, hs[:min(len(kept), n)]) && !other {
			t.Fatal("other headers released than were given")
		}
		after(t, genesis, kept)
	})
}

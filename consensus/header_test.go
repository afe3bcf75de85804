package consensus

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// TestRealHeaders judges the first 100,000 headers of Bitcoin's main chain.
func TestRealHeaders(t *testing.T) {
	raw := realdata.Read(t, "mainnet-headers-0-99999.bin")
	s := GenesisState(mustChain(t, "main"))
	for off := wire.HeaderSize; off < len(raw); off += wire.HeaderSize {
		h, err := wire.DecodeHeader(raw[off : off+wire.HeaderSize])
		if err != nil {
			t.Fatal(err)
		}
		if NextBits(&s, h.Time) != work.Bits(h.Bits) {
			t.Fatalf("height %d: target %08x, NextBits says %08x", s.Height+1, h.Bits, NextBits(&s, h.Time))
		}
		if s, err = ApplyHeader(s, &h, h.ID()); err != nil {
			t.Fatalf("height %d: %v", off/wire.HeaderSize, err)
		}
	}
	if s.Height != 99_999 || s.ID.String() != "000000000002d01c1fccc21636b607dfd930d31d01c3a62104612a1719011250" {
		t.Errorf("ends at %d, %v", s.Height, s.ID)
	}
	if w := strings.TrimLeft(s.Work.String(), "0"); w != "64492eaf00f2520" {
		t.Errorf("work is %s", w)
	}
}

// TestOtherFirstPeriod judges Core's alternative first retarget period of the
// main chain, up to the retarget.
func TestOtherFirstPeriod(t *testing.T) {
	var alt struct {
		Timestamps []uint32 `json:"timestamps"`
		Nonces     []uint32 `json:"nonces"`
	}
	if err := json.Unmarshal(realdata.Read(t, "mainnet-alt-2016.json"), &alt); err != nil {
		t.Fatal(err)
	}
	if len(alt.Timestamps) < 2015 || len(alt.Nonces) != len(alt.Timestamps) {
		t.Fatalf("%d times, %d nonces", len(alt.Timestamps), len(alt.Nonces))
	}
	s := GenesisState(mustChain(t, "main"))
	for range 2015 {
		s.Times[(s.Height+1)%medianSpan] = alt.Timestamps[s.Height]
		s.Past = s.Params.Schedule.Extend(s.Past, alt.Timestamps[s.Height], s.Params.Limit)
		s.Height++
	}
	// The period took less than its two weeks: difficulty rises.
	if next := NextBits(&s, s.Time()+600); next >= 0x1d00ffff {
		t.Errorf("target after a fast period is %08x", uint32(next))
	}
}

func TestHeaderRules(t *testing.T) {
	heights := func(bip34, bip66, bip65 uint32) *Params {
		p, err := mustChain(t, "regtest").With(Override{BIP34: &bip34, BIP66: &bip66, BIP65: &bip65})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	regtest := mustChain(t, "regtest")
	for _, c := range []struct {
		name string
		p    *Params
		edit func(*house, *draft)
		rule Rule // none: the header stays valid
	}{
		{"valid", regtest, func(*house, *draft) {}, ""},
		{"work missing", regtest, func(_ *house, d *draft) { d.nowork = true }, HighHash},
		{"target negative", regtest, func(_ *house, d *draft) { d.header.Bits, d.nowork = 0x20ffffff, true }, HighHash},
		{"target zero", regtest, func(_ *house, d *draft) { d.header.Bits, d.nowork = 0x20000000, true }, HighHash},
		{"target overflows", regtest, func(_ *house, d *draft) { d.header.Bits, d.nowork = 0x217fffff, true }, HighHash},
		{"target above the limit", mustChain(t, "commons"), func(_ *house, d *draft) { d.header.Bits = 0x207fffff }, HighHash},
		{"target harder than asked", regtest, func(_ *house, d *draft) { d.header.Bits = 0x207ffffe }, BadBits},
		{"time is the median", regtest, func(h *house, d *draft) { d.header.Time = h.state.MedianTimePast() }, TimeTooOld},
		{"time is just after the median", regtest, func(h *house, d *draft) { d.header.Time = h.state.MedianTimePast() + 1 }, ""},
		{"version 1 before BIP34", heights(13, 99, 99), func(_ *house, d *draft) { d.header.Version = 1 }, ""},
		{"version 1 at BIP34", heights(12, 99, 99), func(_ *house, d *draft) { d.header.Version = 1 }, "bad-version(0x00000001)"},
		{"version 2 before BIP66", heights(12, 13, 99), func(_ *house, d *draft) { d.header.Version = 2 }, ""},
		{"version 2 at BIP66", heights(12, 12, 99), func(_ *house, d *draft) { d.header.Version = 2 }, "bad-version(0x00000002)"},
		{"version 3 before BIP65", heights(12, 12, 13), func(_ *house, d *draft) { d.header.Version = 3 }, ""},
		{"version 3 at BIP65", heights(12, 12, 12), func(_ *house, d *draft) { d.header.Version = 3 }, "bad-version(0x00000003)"},
		{"version is signed", heights(12, 12, 12), func(_ *house, d *draft) { d.header.Version = -0x80000000 }, "bad-version(0x80000000)"},
		{"version bits", regtest, func(_ *house, d *draft) { d.header.Version = 0x3fffffff }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, c.p)
			if c.p.Name == "regtest" {
				h.grow(11)
			}
			d := h.draft()
			c.edit(h, d)
			b := d.block(t)
			next, err := ApplyHeader(h.state, &b.Header, b.ID())
			if c.rule != "" {
				wantRule(t, err, c.rule, -1, -1)
				if Mutated(err) {
					t.Error("a header's fault is called a mutation")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if next.Height != h.state.Height+1 || next.ID != b.ID() || next.Time() != b.Header.Time || next.Work.Cmp(h.state.Work) <= 0 {
				t.Errorf("next state is %+v", next)
			}
		})
	}
}

// TestWrongParentIsNoRule holds a caller's mistake apart from a block's fault.
func TestWrongParentIsNoRule(t *testing.T) {
	h := newHouse(t, mustChain(t, "regtest")).grow(1)
	d := h.draft()
	d.header.Parent = wire.Hash{1}
	b := d.block(t)
	if _, err := ApplyHeader(h.state, &b.Header, b.ID()); err == nil || RuleOf(err) != "" {
		t.Errorf("error is %v", err)
	}
}

// TestTimeWarp judges a period's first block on a chain with BIP94.
func TestTimeWarp(t *testing.T) {
	p := *mustChain(t, "regtest")
	p.TimeWarp600, p.Period = true, 12
	for _, c := range []struct {
		name   string
		blocks int
		back   uint32
		rule   Rule
	}{
		{"600 s before the parent", 11, 600, ""},
		{"601 s before the parent", 11, 601, TimeWarp},
		{"601 s inside the period", 10, 601, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, &p).grow(c.blocks - 1)
			d := h.draft()
			d.header.Time += 3000
			h.add(d.block(t))
			d = h.draft()
			d.header.Time = h.state.Time() - c.back
			b := d.block(t)
			_, err := ApplyHeader(h.state, &b.Header, b.ID())
			if c.rule != "" {
				wantRule(t, err, c.rule, -1, -1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheckTime(t *testing.T) {
	h := wire.Header{Time: 1_700_007_200}
	if err := CheckTime(&h, 1_700_000_000); err != nil {
		t.Errorf("two hours ahead: %v", err)
	}
	wantRule(t, CheckTime(&h, 1_699_999_999), TimeTooNew, -1, -1)
}

func TestMedianTimePast(t *testing.T) {
	times := []uint32{50, 10, 40, 20, 30, 90, 80, 70, 60, 100, 5, 7, 95, 3}
	s := State{Params: mustChain(t, "regtest")}
	for h, time := range times {
		s.Height, s.Times[h%medianSpan] = uint32(h), time
		last := slices.Clone(times[max(0, h-10) : h+1])
		slices.Sort(last)
		if want := last[len(last)/2]; s.MedianTimePast() != want {
			t.Errorf("height %d: median %d, want %d", h, s.MedianTimePast(), want)
		}
	}
}

func TestFlagsAt(t *testing.T) {
	const always = script.P2SH | script.Witness | script.Taproot
	main := mustChain(t, "main")
	id := func(s string) wire.Hash {
		h, err := wire.ParseHash(s)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	late := uint32(10)
	noTaproot, err := mustChain(t, "regtest").With(Override{Taproot: &late})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p      *Params
		height uint32
		id     wire.Hash
		want   script.Flags
	}{
		{main, 1, wire.Hash{1}, always},
		{main, 170_060, id("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"), script.None},
		{main, 363_724, wire.Hash{1}, always},
		{main, 363_725, wire.Hash{1}, always | script.DERSig},
		{main, 388_381, wire.Hash{1}, always | script.DERSig | script.CheckLockTime},
		{main, 419_328, wire.Hash{1}, always | script.DERSig | script.CheckLockTime | script.CheckSequence},
		{main, 481_823, wire.Hash{1}, always | script.DERSig | script.CheckLockTime | script.CheckSequence},
		{main, 481_824, wire.Hash{1}, script.Mandatory},
		{main, 692_261, id("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"), script.Mandatory &^ script.Taproot},
		{mustChain(t, "regtest"), 0, wire.Hash{1}, always | script.NullDummy},
		{noTaproot, 9, wire.Hash{1}, script.Mandatory &^ script.Taproot},
		{noTaproot, 10, wire.Hash{1}, script.Mandatory},
	} {
		if got := FlagsAt(c.p, c.height, c.id); got != c.want {
			t.Errorf("%s at %d: %v, want %v", c.p.Name, c.height, got, c.want)
		}
	}
}

// TestChecksBIP30 pins when the check may be left out: btcd issue 2467 skipped
// it by height alone.
func TestChecksBIP30(t *testing.T) {
	p := *mustChain(t, "regtest")
	if s := GenesisState(&p); ChecksBIP30(&s) || !ExplainsBIP30(&s) {
		t.Error("not skipped where BIP34 holds from the first block on")
	}
	p.BIP34 = 3
	ids := newHouse(t, &p).grow(4)
	if !ChecksBIP30(&ids.state) {
		t.Error("skipped on a chain without a known block at BIP34's height")
	}

	h := newHouse(t, &p).grow(2)
	b := h.draft().block(t)
	p.BIP34Hash = b.ID()
	if !ChecksBIP30(&h.state) {
		t.Error("skipped at BIP34's height")
	}
	h.add(b)
	if ChecksBIP30(&h.state) {
		t.Error("not skipped right after BIP34's block")
	}
	h.grow(3)
	if ChecksBIP30(&h.state) {
		t.Error("not skipped later")
	}
	h.state.Height = 1_983_700
	if ChecksBIP30(&h.state) {
		t.Error("not skipped for block 1,983,701")
	}
	h.state.Height++
	if !ChecksBIP30(&h.state) {
		t.Error("skipped for block 1,983,702")
	}

	other := newHouse(t, &p).grow(2)
	d := other.draft()
	d.header.Time++
	other.add(d.block(t))
	if !ChecksBIP30(&other.state) {
		t.Error("skipped above BIP34's height on a branch with another block there")
	}
}

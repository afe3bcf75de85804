package work_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

const mainLimit = work.Bits(0x1d00ffff)

// header is what a schedule must know of a real header.
type header struct {
	id   wire.Hash
	time uint32
	bits work.Bits
}

func mainHeaders(t testing.TB) []header {
	raw := realdata.Read(t, "mainnet-headers-0-99999.bin")
	if len(raw) != 100_000*wire.HeaderSize {
		t.Fatalf("%d bytes of headers, want 100,000 headers", len(raw))
	}
	hs := make([]header, 0, 100_000)
	for ; len(raw) > 0; raw = raw[wire.HeaderSize:] {
		hs = append(hs, header{
			id:   wire.DoubleSHA256(raw[:wire.HeaderSize]),
			time: binary.LittleEndian.Uint32(raw[68:]),
			bits: work.Bits(binary.LittleEndian.Uint32(raw[72:])),
		})
	}
	return hs
}

// Bitcoin's first 100,000 headers: every target, every proof, the sum of work.
func TestMainChain(t *testing.T) {
	hs := mainHeaders(t)
	if got := hs[len(hs)-1].id.String(); got != "000000000002d01c1fccc21636b607dfd930d31d01c3a62104612a1719011250" {
		t.Fatalf("last header is %s", got)
	}
	s := work.NewBitcoin(mainLimit)
	var total work.Work
	var past work.Past
	for i, h := range hs {
		if i > 0 {
			if want := s.Next(past, h.time); h.bits != want {
				t.Fatalf("header %d has target %08x, schedule says %08x", i, uint32(h.bits), uint32(want))
			}
		}
		if !h.bits.Valid(mainLimit) || !h.bits.Met(h.id) {
			t.Fatalf("header %d: %v does not meet %08x", i, h.id, uint32(h.bits))
		}
		past = s.Extend(past, h.time, h.bits)
		total = total.Add(h.bits.Work())
	}
	want, err := work.ParseWork("64492eaf00f2520")
	if err != nil || total != want {
		t.Errorf("total work %v, want %v (%v)", total, want, err)
	}
}

// Bitcoin Core's alternative first period of the main chain, mined so fast that
// the retarget is clamped to a factor of four (mining_mainnet.py).
func TestAlternativeFirstPeriod(t *testing.T) {
	var alt struct{ Timestamps []uint32 }
	if err := json.Unmarshal(realdata.Read(t, "mainnet-alt-2016.json"), &alt); err != nil {
		t.Fatal(err)
	}
	if len(alt.Timestamps) != 2016 {
		t.Fatalf("%d timestamps, want 2016", len(alt.Timestamps))
	}
	s := work.NewBitcoin(mainLimit)
	past := s.Start(1231006505, mainLimit)
	for i, time := range alt.Timestamps {
		height, want := i+1, mainLimit
		if height == 2016 {
			want = 0x1c3fffc0
		}
		if got := s.Next(past, time); got != want {
			t.Fatalf("height %d: target %08x, want %08x", height, uint32(got), uint32(want))
		}
		past = s.Extend(past, time, want)
	}
	if d := past.Bits.Difficulty(); d != 4 {
		t.Errorf("difficulty %v after the retarget, want 4", d)
	}
}

// The specification's own vectors of aserti3-2d.
func TestASERTVectors(t *testing.T) {
	for run := 1; run <= 12; run++ {
		name := fmt.Sprintf("asert/run%02d", run)
		t.Run(name, func(t *testing.T) {
			s := work.ASERT{Limit: mainLimit, Spacing: 600, HalfLife: 2 * 24 * 60 * 60}
			var anchorHeight uint64
			var parentTime, lines uint32
			var anchorBits work.Bits
			for in := bufio.NewScanner(bytes.NewReader(realdata.Read(t, name))); in.Scan(); {
				line := in.Text()
				switch name, value, _ := strings.Cut(strings.TrimLeft(line, "# "), ": "); name {
				case "anchor height":
					fmt.Sscan(value, &anchorHeight)
				case "anchor ancestor time", "anchor parent time":
					fmt.Sscan(value, &parentTime)
				case "anchor nBits":
					fmt.Sscan(value, &anchorBits)
				}
				if line == "" || line[0] == '#' {
					continue
				}
				var n, height uint64
				var time uint32
				var want work.Bits
				if _, err := fmt.Sscanf(line, "%d %d %d %v", &n, &height, &time, &want); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				// Vectors anchor anywhere; ours is block 1, with a parent one spacing before.
				past := work.Past{Height: uint32(height - anchorHeight + 1), Time: time,
					AnchorTime: parentTime + s.Spacing, AnchorBits: anchorBits}
				if got := s.Next(past, 0); got != want {
					t.Fatalf("%q: got %#08x", line, uint32(got))
				}
				lines++
			}
			if lines < 10 || anchorBits == 0 {
				t.Fatalf("only %d lines, anchor %08x", lines, uint32(anchorBits))
			}
		})
	}
}

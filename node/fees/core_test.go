package fees

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"testing"
)

// coreRange, coreHorizon and coreAnswer are results of Bitcoin Core's estimaterawfee and estimatesmartfee.
type coreRange struct{ Start, End, Within, Total, InPool, Left float64 }

func (r *coreRange) UnmarshalJSON(raw []byte) error {
	var m map[string]float64
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	*r = coreRange{m["startrange"], m["endrange"], m["withintarget"], m["totalconfirmed"], m["inmempool"], m["leftmempool"]}
	return nil
}

type coreHorizon struct {
	Feerate    float64
	Decay      float64
	Scale      int
	Pass, Fail *coreRange
}

type coreSmart struct {
	Feerate float64
	Blocks  int
}

type coreAnswer struct {
	Target                   int
	Economical, Conservative coreSmart
	Raw                      []struct {
		Threshold float64
		Answer    map[string]coreHorizon
	}
}

// TestCoreFile reads the fee_estimates.dat that bitcoind 31 wrote after 150 blocks of payments, with
// replacements, double spends, a reorganisation and blocks without any, and compares
// all that bitcoind then answered from it. When the file was recorded, a follower
// given the same payments and blocks wrote the same file, byte for byte.
func TestCoreFile(t *testing.T) {
	file, err := os.Open("testdata/core31-fee_estimates.dat.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(e.Append(nil), raw) {
		t.Error("what was read is written differently")
	}
	text, err := os.ReadFile("testdata/core31.json")
	if err != nil {
		t.Fatal(err)
	}
	var answers []coreAnswer
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		for mode, want := range map[bool]coreSmart{false: a.Economical, true: a.Conservative} {
			if rate, within := e.Smart(a.Target, mode); float64(rate)/1e8 != want.Feerate || within != want.Blocks {
				t.Errorf("target %d, conservative %v: %d within %d, want %v", a.Target, mode, rate, within, want)
			}
		}
		for _, r := range a.Raw {
			for _, h := range Horizons() {
				want, ok := r.Answer[h.String()]
				if ok != (a.Target <= e.Highest(h)) {
					t.Errorf("target %d: the %v horizon is there: %v", a.Target, h, ok)
				}
				if rate, d := e.Raw(a.Target, r.Threshold, h); ok {
					compare(t, a.Target, r.Threshold, h, rate, d, want)
				}
			}
		}
	}
}

func compare(t *testing.T, target int, share float64, h Horizon, rate int64, d Detail, want coreHorizon) {
	t.Helper()
	if float64(rate)/1e8 != want.Feerate || d.Decay != want.Decay || d.Scale != want.Scale {
		t.Errorf("target %d, share %v, %v: %d %+v, want %+v", target, share, h, rate, d, want)
	}
	for _, c := range []struct {
		got  Range
		want *coreRange
	}{{d.Pass, want.Pass}, {d.Fail, want.Fail}} {
		if c.want == nil {
			continue // Core shows no range that does not matter
		}
		hundredth := func(f float64) float64 { return math.Round(f*100) / 100 }
		got := coreRange{
			math.Round(c.got.Start), math.Round(c.got.End), hundredth(c.got.Within),
			hundredth(c.got.Total), hundredth(c.got.InPool), hundredth(c.got.Left),
		}
		if got != *c.want {
			t.Errorf("target %d, share %v, %v: %+v, want %+v", target, share, h, got, *c.want)
		}
	}
}

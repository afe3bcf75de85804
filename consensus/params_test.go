package consensus

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestGenesis(t *testing.T) {
	const times = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
	for _, c := range []struct{ chain, id, merkle, work string }{
		{"main", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", times, "100010001"},
		{"testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043", "7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e", "100010001"},
		{"signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6", times, "49d414"},
		{"regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", times, "2"},
		{"commons", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", times, "2"},
	} {
		t.Run(c.chain, func(t *testing.T) {
			p := mustChain(t, c.chain)
			if got := p.Genesis.ID().String(); got != c.id {
				t.Errorf("id is %s, want %s", got, c.id)
			}
			if got := p.Genesis.Header.Merkle.String(); got != c.merkle {
				t.Errorf("Merkle root is %s, want %s", got, c.merkle)
			}
			if err := CheckBlock(p, p.Genesis, script.NewBatch(nil)); err != nil {
				t.Errorf("genesis by itself: %v", err)
			}
			s := GenesisState(p)
			if w := strings.TrimLeft(s.Work.String(), "0"); w != c.work {
				t.Errorf("work is %s, want %s", w, c.work)
			}
			if s.MedianTimePast() != p.Genesis.Header.Time || s.ID != p.Genesis.ID() || s.Height != 0 {
				t.Errorf("state after genesis is %+v", s)
			}
			if !work.Bits(p.Genesis.Header.Bits).Met(p.Genesis.ID()) {
				t.Error("genesis lacks its work")
			}
		})
	}
}

func TestUnknownChainNamesAll(t *testing.T) {
	_, err := Chain("mainnet")
	if err == nil {
		t.Fatal("mainnet is a chain")
	}
	for _, name := range []string{"main", "testnet4", "signet", "regtest", "commons"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestChainsMatchCore(t *testing.T) {
	none := strings.Repeat("0", 64)
	for _, c := range []struct {
		chain, magic, hrp, minWork string
		assumed                    string
		limit                      work.Bits
		halving                    uint32
		heights                    [6]uint32 // BIP34, BIP65, BIP66, CSV, Segwit, Taproot
		bytes                      [3]byte
		port, rpc                  uint16
		warp, minDiff              bool
	}{
		{"main", "f9beb4d9", "bc", "1128750f82f4c366153a3a030", "00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac", 0x1d00ffff, 210_000, [6]uint32{227931, 388381, 363725, 419328, 481824, 0}, [3]byte{0, 5, 128}, 8333, 8332, false, false},
		{"testnet4", "1c163f28", "tb", "9a0fe15d0177d086304", "0000000002368b1e4ee27e2e85676ae6f9f9e69579b29093e9a82c170bf7cf8a", 0x1d00ffff, 210_000, [6]uint32{1, 1, 1, 1, 1, 0}, [3]byte{111, 196, 239}, 48333, 48332, true, true},
		{"signet", "0a03cf40", "tb", "b463ea0a4b8", "00000008414aab61092ef93f1aacc54cf9e9f16af29ddad493b908a01ff5c329", 0x1e0377ae, 210_000, [6]uint32{1, 1, 1, 1, 1, 0}, [3]byte{111, 196, 239}, 38333, 38332, false, false},
		{"regtest", "fabfb5da", "bcrt", "", none, 0x207fffff, 150, [6]uint32{1, 1, 1, 1, 0, 0}, [3]byte{111, 196, 239}, 18444, 18443, false, true},
		{"commons", "7175726e", "bcrt", "", none, 0x1e0fffff, 1_051_200, [6]uint32{1, 1, 1, 1, 0, 0}, [3]byte{111, 196, 239}, 28444, 18443, false, false},
	} {
		t.Run(c.chain, func(t *testing.T) {
			p := mustChain(t, c.chain)
			got := []any{hex.EncodeToString(p.Magic[:]), p.HRP, strings.TrimLeft(p.MinWork.String(), "0"), p.AssumeValid.String(), p.Limit, p.SubsidyHalving,
				[6]uint32{p.BIP34, p.BIP65, p.BIP66, p.CSV, p.Segwit, p.Taproot}, [3]byte{p.PubKeyHash, p.ScriptHash, p.PrivateKey},
				p.Port, p.RPCPort, p.TimeWarp600, p.MinDifficulty, p.Maturity}
			want := []any{c.magic, c.hrp, c.minWork, c.assumed, c.limit, c.halving, c.heights, c.bytes, c.port, c.rpc, c.warp, c.minDiff, uint32(100)}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
	if p := mustChain(t, "commons"); p.RPCName != "regtest" {
		t.Errorf("commons calls itself %q to clients", p.RPCName)
	}
}

func TestSubsidy(t *testing.T) {
	main, reg := mustChain(t, "main"), mustChain(t, "regtest")
	for _, c := range []struct {
		p      *Params
		height uint32
		want   int64
	}{
		{main, 0, 50 * Coins}, {main, 209_999, 50 * Coins}, {main, 210_000, 25 * Coins}, {main, 840_000, 312_500_000},
		{main, 32 * 210_000, 1}, {main, 33 * 210_000, 0}, {main, 64 * 210_000, 0}, {main, 1<<32 - 1, 0},
		{reg, 149, 50 * Coins}, {reg, 150, 25 * Coins}, {reg, 150 * 64, 0}, {reg, 150 * 70, 0},
	} {
		if got := c.p.Subsidy(c.height); got != c.want {
			t.Errorf("%s at %d: %d, want %d", c.p.Name, c.height, got, c.want)
		}
	}
	var sum int64
	for h := uint32(0); h < 33*210_000; h += 1000 {
		sum += main.Subsidy(h) * 1000
	}
	if sum != 2_099_999_997_690_000 {
		t.Errorf("all subsidies sum to %d satoshis", sum)
	}
}

func TestWith(t *testing.T) {
	height, zero := uint32(432), uint32(0)
	challenge := []byte{0x51}
	for _, c := range []struct {
		chain   string
		o       Override
		refused string
	}{
		{"main", Override{}, "fixed"},
		{"testnet4", Override{CSV: &height}, "fixed"},
		{"signet", Override{CSV: &height}, "challenge of your own"},
		{"signet", Override{SignetChallenge: challenge, CSV: &height}, ""},
		{"regtest", Override{SignetChallenge: []byte{}}, "empty"},
		{"regtest", Override{SubsidyHalving: &zero}, "halving"},
		{"regtest", Override{BIP34: &height, BIP65: &height, BIP66: &height, CSV: &height, Segwit: &height, Taproot: &height, SubsidyHalving: &height}, ""},
		{"commons", Override{CSV: &height}, ""},
	} {
		base := mustChain(t, c.chain)
		before := base.Digest()
		p, err := base.With(c.o)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s with %+v: error %v does not say %q", c.chain, c.o, err, c.refused)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.chain, err)
			continue
		}
		if p.Digest() == before || base.Digest() != before {
			t.Errorf("%s: digests before and after are %v, %v, the base's %v", c.chain, before, p.Digest(), base.Digest())
		}
		if p.CSV != height {
			t.Errorf("%s: CSV at %d", c.chain, p.CSV)
		}
	}
}

func TestOwnSignet(t *testing.T) {
	base := mustChain(t, "signet")
	p, err := base.With(Override{SignetChallenge: []byte{0x51}})
	if err != nil {
		t.Fatal(err)
	}
	// The first bytes of SHA256d(0151), as Core computes them.
	want := wire.DoubleSHA256([]byte{1, 0x51})
	if !bytes.Equal(p.Magic[:], want[:4]) {
		t.Errorf("magic is %x, want %x", p.Magic, want[:4])
	}
	if p.MinWork != (work.Work{}) || !p.AssumeValid.IsZero() {
		t.Error("work or a block of the public signet is asked of a private one")
	}
	height := uint32(10)
	if _, err := p.With(Override{CSV: &height}); err != nil {
		t.Errorf("a signet of one's own refuses a height: %v", err)
	}
}

// TestDigestCoversRules changes every field: rules must change the digest,
// all else must not.
func TestDigestCoversRules(t *testing.T) {
	noRules := map[string]bool{"Name": true, "RPCName": true, "Magic": true, "MinWork": true, "Assumed": true, "AssumeValid": true, "Spacing": true, "HRP": true, "PubKeyHash": true, "ScriptHash": true,
		"PrivateKey": true, "HDPublic": true, "HDPrivate": true, "CoinType": true, "Port": true, "RPCPort": true}
	other := map[string]any{
		"Genesis":          mustChain(t, "testnet4").Genesis,
		"Schedule":         work.None{},
		"BIP30Exempt":      map[uint32]wire.Hash{91_842: {1}},
		"ScriptExceptions": map[wire.Hash]script.Flags{{1}: script.P2SH},
		"SignetChallenge":  []byte{0x51},
		"Assumed":          []AssumedCoins{{Height: 1}},
	}
	before := mustChain(t, "main").Digest()
	for i := range reflect.TypeFor[Params]().NumField() {
		p := mustChain(t, "main")
		f, name := reflect.ValueOf(p).Elem().Field(i), reflect.TypeFor[Params]().Field(i).Name
		switch {
		case other[name] != nil:
			f.Set(reflect.ValueOf(other[name]))
		case f.CanUint():
			f.SetUint(f.Uint() + 1)
		case f.Kind() == reflect.Bool:
			f.SetBool(!f.Bool())
		case f.Kind() == reflect.String:
			f.SetString("other")
		case f.Kind() == reflect.Array:
			e := f.Index(0)
			e.SetUint(e.Uint() ^ 1)
		default:
			t.Fatalf("cannot change %s", name)
		}
		if changed := p.Digest() != before; changed == noRules[name] {
			t.Errorf("%s: digest changed: %v, is no rule: %v", name, changed, noRules[name])
		}
	}
}

// TestRulesAreWritten pins what digests hash: a change parts new nodes from old.
func TestRulesAreWritten(t *testing.T) {
	for _, build := range chains() {
		p := build()
		path := filepath.Join("testdata", "rules-"+p.Name+".txt")
		got := p.rules() + "digest=" + p.Digest().String() + "\n"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", p.Name, got, want)
		}
	}
}

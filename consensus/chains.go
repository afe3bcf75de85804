package consensus

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// The chains' values are those of Bitcoin Core's kernel/chainparams.cpp and
// chainparamsbase.cpp, version 31; commons is Quern's own.

// chains lists the built-in chains.
func chains() []func() *Params {
	return []func() *Params{mainChain, testnet4, signet, regtest, commons}
}

// Chain returns the parameters of a built-in chain by name: "main", "testnet4",
// "signet", "regtest" or "commons". The error lists the names.
func Chain(name string) (*Params, error) {
	names := make([]string, 0, 5)
	for _, build := range chains() {
		p := build()
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("no chain is called %q; there are %s", name, strings.Join(names, ", "))
}

// Compact forms of Core's powLimit.
const (
	mainLimit    work.Bits = 0x1d00ffff
	signetLimit  work.Bits = 0x1e0377ae
	regtestLimit work.Bits = 0x207fffff
	commonsLimit work.Bits = 0x1e0fffff
)

// Versions of extended keys (BIP32).
var (
	xpub = [4]byte{0x04, 0x88, 0xb2, 0x1e}
	xprv = [4]byte{0x04, 0x88, 0xad, 0xe4}
	tpub = [4]byte{0x04, 0x35, 0x87, 0xcf}
	tprv = [4]byte{0x04, 0x35, 0x83, 0x94}
)

func mainChain() *Params {
	return &Params{
		Name: "main", RPCName: "main",
		Magic:          [4]byte{0xf9, 0xbe, 0xb4, 0xd9},
		Genesis:        genesis(timesText, timesKey, 1231006505, 2083236893, mainLimit),
		Schedule:       work.NewBitcoin(mainLimit),
		Limit:          mainLimit,
		Period:         2016,
		MinWork:        knownWork("1128750f82f4c366153a3a030"),
		AssumeValid:    knownHash("00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac"), // height 938,343
		Assumed:        mainCoins(),
		Spacing:        work.BitcoinSpacing,
		SubsidyHalving: 210_000,
		Maturity:       100,
		BIP34:          227_931, BIP65: 388_381, BIP66: 363_725, CSV: 419_328, Segwit: 481_824,
		BIP34Hash: knownHash("000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8"),
		BIP30Exempt: map[uint32]wire.Hash{
			91_842: knownHash("00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec"),
			91_880: knownHash("00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721"),
		},
		ScriptExceptions: map[wire.Hash]script.Flags{
			// Broke BIP16 and taproot before they were rules.
			knownHash("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"): script.None,
			knownHash("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"): script.P2SH | script.Witness,
		},
		HRP: "bc", PubKeyHash: 0, ScriptHash: 5, PrivateKey: 128, HDPublic: xpub, HDPrivate: xprv, CoinType: 0,
		Port: 8333, RPCPort: 8332,
	}
}

func testnet4() *Params {
	p := testEncodings("tb")
	p.Name, p.RPCName = "testnet4", "testnet4"
	p.Magic = [4]byte{0x1c, 0x16, 0x3f, 0x28}
	p.Genesis = genesis(testnet4Text, testnet4Key, 1714777860, 393743547, mainLimit)
	p.Schedule, p.Limit, p.Period = work.NewTestnet4(mainLimit), mainLimit, 2016
	p.TimeWarp600, p.MinDifficulty = true, true
	p.MinWork = knownWork("9a0fe15d0177d086304")
	p.AssumeValid = knownHash("0000000002368b1e4ee27e2e85676ae6f9f9e69579b29093e9a82c170bf7cf8a") // height 123,613
	p.Assumed = testnet4Coins()
	p.SubsidyHalving, p.Maturity = 210_000, 100
	p.BIP34, p.BIP65, p.BIP66, p.CSV, p.Segwit = 1, 1, 1, 1, 1
	p.Port, p.RPCPort = 48333, 48332
	return p
}

func signet() *Params {
	p := testEncodings("tb")
	p.Name, p.RPCName = "signet", "signet"
	p.Genesis = genesis(timesText, timesKey, 1598918400, 52613770, signetLimit)
	p.Schedule, p.Limit, p.Period = work.NewBitcoin(signetLimit), signetLimit, 2016
	p.SubsidyHalving, p.Maturity = 210_000, 100
	p.BIP34, p.BIP65, p.BIP66, p.CSV, p.Segwit = 1, 1, 1, 1, 1
	p.challenge(publicSignet())
	p.MinWork = knownWork("b463ea0a4b8")
	p.AssumeValid = knownHash("00000008414aab61092ef93f1aacc54cf9e9f16af29ddad493b908a01ff5c329") // height 293,175
	p.Assumed = signetCoins()
	p.Port, p.RPCPort = 38333, 38332
	return p
}

// publicSignet is the challenge of the signet that everybody means: one of two
// keys.
func publicSignet() []byte {
	b, err := hex.DecodeString("512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430" +
		"210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae")
	if err != nil {
		panic(err) // a constant of this file
	}
	return b
}

func regtest() *Params {
	p := testEncodings("bcrt")
	p.Name, p.RPCName = "regtest", "regtest"
	p.Magic = [4]byte{0xfa, 0xbf, 0xb5, 0xda}
	p.Genesis = genesis(timesText, timesKey, 1296688602, 2, regtestLimit)
	p.Schedule, p.Limit, p.MinDifficulty = work.None{}, regtestLimit, true
	p.Assumed = regtestCoins()
	p.SubsidyHalving, p.Maturity = 150, 100
	p.BIP34, p.BIP65, p.BIP66, p.CSV, p.Segwit = 1, 1, 1, 1, 0
	p.Port, p.RPCPort = 18444, 18443
	return p
}

// commons is Quern's public test chain. Genesis, encodings and the name for
// clients are regtest's, so that Bitcoin's software accepts it unchanged; the
// work is real, though a laptop can do it.
func commons() *Params {
	p := regtest()
	p.Name = "commons"
	p.Assumed = nil
	p.Magic = [4]byte{'q', 'u', 'r', 'n'}
	p.Spacing = 60
	p.Schedule = work.ASERT{Limit: commonsLimit, Spacing: p.Spacing, HalfLife: 60 * 60}
	p.Limit, p.MinDifficulty = commonsLimit, false
	p.SubsidyHalving = 1_051_200 // two years
	p.Port = 28444
	return p
}

// testEncodings are the encodings that all but the main chain share.
func testEncodings(hrp string) *Params {
	return &Params{
		HRP: hrp, PubKeyHash: 111, ScriptHash: 196, PrivateKey: 239,
		HDPublic: tpub, HDPrivate: tprv, CoinType: 1, Spacing: work.BitcoinSpacing,
	}
}

// knownHash reads one of this file's constants.
func knownHash(s string) wire.Hash {
	h, err := wire.ParseHash(s)
	if err != nil {
		panic(err)
	}
	return h
}

// knownWork reads one of this file's constants.
func knownWork(s string) work.Work {
	w, err := work.ParseWork(s)
	if err != nil {
		panic(err)
	}
	return w
}

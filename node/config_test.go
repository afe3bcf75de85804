package node

import (
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
)

func TestAssumeValidSetting(t *testing.T) {
	const own = "00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac"
	none, other := strings.Repeat("0", 64), strings.Repeat("ab", 32)
	for _, c := range []struct{ chain, value, want string }{
		{"main", "", own}, {"main", "0", none}, {"main", "none", none}, {"main", other, other},
		{"regtest", "", none}, {"regtest", other, other}, {"commons", "", none},
	} {
		conf := Defaults()
		conf.Chain, conf.Consensus.AssumeValid = c.chain, c.value
		if err := conf.Validate(); err != nil {
			t.Errorf("%s with %q: %v", c.chain, c.value, err)
			continue
		}
		p, err := conf.Params()
		if err != nil || p.AssumeValid.String() != c.want {
			t.Errorf("%s with %q assumes %v, want %s: %v", c.chain, c.value, p.AssumeValid, c.want, err)
		}
		if plain, err := consensus.Chain(c.chain); err != nil || plain.Digest() != p.Digest() {
			t.Errorf("%s with %q has other rules: %v", c.chain, c.value, err)
		}
	}
	for _, value := range []string{"1", "no", other[1:], other + "0", "0x" + other[2:]} {
		conf := Defaults()
		conf.Consensus.AssumeValid = value
		if err := conf.Validate(); err == nil || !strings.Contains(err.Error(), "consensus.assume_valid") {
			t.Errorf("%q is taken: %v", value, err)
		}
	}
}

// A test suite's node finds no other on its own: their chains would be one.
func TestRegtestIsOnesOwn(t *testing.T) {
	for _, c := range []struct {
		chain, swarm string
		own          bool
	}{{"regtest", "", true}, {"regtest", "regtest", true}, {"regtest", "acme", false}, {"commons", "", false}, {"signet", "", false}} {
		config := Defaults()
		config.Chain, config.Swarm = c.chain, c.swarm
		if config.own() != c.own {
			t.Errorf("chain %s, swarm %q: %v", c.chain, c.swarm, config.own())
		}
	}
}

// What no wallet and no block can be made with is refused by its key.
func TestWalletAndBlockSettings(t *testing.T) {
	for key, set := range map[string]func(*Config){
		"wallet.address_type": func(c *Config) { c.Wallet.AddressType = "p2pkh" },
		"wallet.change_type":  func(c *Config) { c.Wallet.ChangeType = "auto" },
		"wallet.max_fee":      func(c *Config) { c.Wallet.MaxFee = 0 },
		"mining.version":      func(c *Config) { c.Mining.Version = 4 },
	} {
		c := Defaults()
		set(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	c := Defaults()
	c.Chain, c.Mining.Version, c.Wallet.ChangeType = "regtest", 4, "legacy"
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// A socket is told of as subscribers name it, however it was configured.
func TestSocketsAreShownAsEndpoints(t *testing.T) {
	z := ZMQ{HashTx: []string{"unix:/run/quern.sock", "ipc:///run/other.sock", "tcp://127.0.0.1:28332"}}
	for i, want := range []string{"ipc:///run/quern.sock", "ipc:///run/other.sock", "tcp://127.0.0.1:28332"} {
		if got := z.shown()[i].Address; got != want {
			t.Errorf("%s is shown as %s", z.HashTx[i], got)
		}
	}
}

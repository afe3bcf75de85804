package signing_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

func key(n byte, compressed bool) *signing.Key {
	secret, _ := btcec.PrivKeyFromBytes([]byte{n})
	return signing.NewKey(secret, compressed)
}

func push(parts ...[]byte) (s []byte) {
	for _, p := range parts {
		s = script.AppendPush(s, p)
	}
	return s
}

func public(k *signing.Key) []byte { return []byte(k.Public()) }

func multisig(required int, keys ...*signing.Key) []byte {
	s := []byte{0x50 + byte(required)}
	for _, k := range keys {
		s = append(s, push(public(k))...)
	}
	return append(s, 0x50+byte(len(keys)), 0xae)
}

func payToHash(hash [20]byte) []byte {
	return append(append([]byte{0x76, 0xa9, 20}, hash[:]...), 0x88, 0xac)
}

func payToScript(s []byte) []byte {
	hash := signing.Hash160(s)
	return append(append([]byte{0xa9, 20}, hash[:]...), 0x87)
}

func payToWitness(s []byte) []byte {
	sum := sha256.Sum256(s)
	return append([]byte{0, 32}, sum[:]...)
}

// spending is an output script with what spends it.
type spending struct {
	name string
	prev []byte
	ring signing.Keyring
}

func spendings() []spending {
	a, b, c, long := key(1, true), key(2, true), key(3, true), key(4, false)
	two := multisig(2, a, b, c)
	hash := signing.Hash160(public(a))
	program := append([]byte{0, 20}, hash[:]...)
	x := a.Public().XOnly()
	leaf := append(push(func() []byte { x := b.Public().XOnly(); return x[:] }()), 0xac)
	byKey, byLeaf := signing.TapOutput{Internal: x}, signing.TapOutput{
		Internal: key(9, true).Public().XOnly(),
		Tree:     signing.Tree{{Depth: 1, Version: 0xc0, Script: leaf}, {Depth: 1, Version: 0xc0, Script: []byte{0x6a}}},
	}
	all := []spending{
		{name: "P2PK", prev: append(push(public(a)), 0xac)},
		{name: "P2PK uncompressed", prev: append(push(public(long)), 0xac)},
		{name: "P2PKH", prev: payToHash(hash)},
		{name: "P2WPKH", prev: program},
		{name: "P2SH-P2WPKH", prev: payToScript(program)},
		{name: "multisig", prev: two},
		{name: "P2SH multisig", prev: payToScript(two)},
		{name: "P2WSH multisig", prev: payToWitness(two)},
		{name: "P2SH-P2WSH multisig", prev: payToScript(payToWitness(two))},
	}
	for i := range all {
		for _, k := range []*signing.Key{a, b, long} {
			all[i].ring.Add(k)
		}
		for _, s := range [][]byte{program, two, payToWitness(two)} {
			all[i].ring.AddScript(s)
		}
	}
	for name, o := range map[string]signing.TapOutput{"P2TR key": byKey, "P2TR leaf": byLeaf} {
		out, _ := o.Key()
		s := spending{name: name, prev: append([]byte{0x51, 32}, out[:]...)}
		s.ring.Add(a)
		s.ring.Add(b)
		s.ring.Trees = map[signing.XOnly]signing.TapOutput{out: o}
		all = append(all, s)
	}
	return all
}

// testTx spends two coins of a script and makes two outputs.
func testTx(prev []byte) (*wire.Tx, signing.Coins) {
	t := &wire.Tx{Version: 2}
	for i := range 2 {
		t.Ins = append(t.Ins, wire.In{Prev: wire.Outpoint{TxID: wire.Hash{byte(i + 1)}}, Sequence: 0xfffffffd})
		t.Outs = append(t.Outs, wire.Out{Value: 1000, Script: []byte{0x51}})
	}
	return t, func(wire.Outpoint) (wire.Out, bool) { return wire.Out{Value: 5000, Script: prev}, true }
}

var hashTypes = []uint32{0, 1, 2, 3, 0x81, 0x82, 0x83}

func TestEveryTemplateByEveryHashType(t *testing.T) {
	for _, s := range spendings() {
		for _, hashType := range hashTypes {
			t.Run(fmt.Sprintf("%s %#x", s.name, hashType), func(t *testing.T) {
				tx, coins := testTx(s.prev)
				if faults := signing.Tx(tx, &s.ring, coins, hashType); len(faults) > 0 {
					t.Fatal(faults)
				}
			})
		}
	}
}

// TestDummiesWeighTheSame compares sizes of dummies with those of real signatures,
// which S makes a byte shorter now and then. A taproot dummy signs by the key.
func TestDummiesWeighTheSame(t *testing.T) {
	for _, s := range spendings() {
		if s.name == "P2TR leaf" {
			continue
		}
		tx, coins := testTx(s.prev)
		signing.Tx(tx, &s.ring, coins, 0)
		coin, _ := coins(wire.Outpoint{})
		d := new(signing.Data)
		if !signing.Produce(&s.ring, signing.Dummy{}, coin.Script, d) {
			t.Errorf("%s: no dummy", s.name)
		}
		real := len(tx.Ins[0].Script)
		for _, item := range tx.Ins[0].Witness {
			real += len(item)
		}
		dummy := len(d.Script)
		for _, item := range d.Witness {
			dummy += len(item)
		}
		if real > dummy || real < dummy-2 {
			t.Errorf("%s: %d bytes, the dummy %d", s.name, real, dummy)
		}
	}
}

func TestSignersTakeTurns(t *testing.T) {
	for _, s := range spendings()[5:9] {
		t.Run(s.name, func(t *testing.T) {
			tx, coins := testTx(s.prev)
			for i, k := range []*signing.Key{key(2, true), key(3, true)} {
				one := signing.Keyring{Scripts: s.ring.Scripts}
				one.Add(k)
				faults := signing.Tx(tx, &one, coins, 1)
				if done := len(faults) == 0; done != (i == 1) {
					t.Fatalf("signer %d: %v", i, faults)
				}
			}
		})
	}
}

func TestFaults(t *testing.T) {
	all := spendings()
	wpkh, taproot := all[3], all[len(all)-1]
	for _, c := range []struct {
		name, want string
		prev       []byte
		ring       signing.Keyring
	}{
		{"no key", "Unable to sign input, invalid stack size (possibly missing key)", all[2].prev, signing.Keyring{}},
		{"no program key", "Witness program hash mismatch", wpkh.prev, signing.Keyring{}},
		{"no tree", "Witness program was passed an empty witness", taproot.prev, signing.Keyring{}},
		{"no script", "Unable to sign input, invalid stack size (possibly missing key)", all[6].prev, signing.Keyring{}},
	} {
		tx, coins := testTx(c.prev)
		faults := signing.Tx(tx, &c.ring, coins, 1)
		if faults[0] == nil || faults[0].Error() != c.want {
			t.Errorf("%s: %v, want %q", c.name, faults[0], c.want)
		}
	}
	tx, _ := testTx(wpkh.prev)
	none := func(wire.Outpoint) (wire.Out, bool) { return wire.Out{}, false }
	if faults := signing.Tx(tx, &wpkh.ring, none, 1); !errors.Is(faults[1], signing.ErrNoCoin) {
		t.Errorf("without coins: %v", faults)
	}
	rich := func(wire.Outpoint) (wire.Out, bool) { return wire.Out{Value: 21e14, Script: wpkh.prev}, true }
	if faults := signing.Tx(tx, &wpkh.ring, rich, 1); !errors.Is(faults[0], signing.ErrNoAmount) {
		t.Errorf("without amounts: %v", faults)
	}
}

func TestTreesMustBeWhole(t *testing.T) {
	for _, c := range []struct {
		depths []byte
		ok     bool
	}{
		{[]byte{0}, true}, {[]byte{1, 1}, true}, {[]byte{1, 2, 2}, true}, {[]byte{2, 2, 1}, true},
		{nil, false}, {[]byte{1}, false}, {[]byte{0, 0}, false}, {[]byte{2, 1, 2}, false}, {[]byte{1, 1, 1}, false},
	} {
		var tree signing.Tree
		for _, d := range c.depths {
			tree = append(tree, signing.TreeLeaf{Depth: d, Version: 0xc0, Script: []byte{0x51}})
		}
		if got := tree.Complete(); got != c.ok {
			t.Errorf("depths %v: %v", c.depths, got)
		}
	}
}

package script

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/consensus/wire"
)

// form is a way to lock an output that the fast path knows.
type form uint8

const (
	formKey form = iota
	formKeyHash
	formWitnessKeyHash
	formNestedKeyHash
	formTaproot
	formMultisig
	formHashMultisig
	formWitnessMultisig
	formNestedMultisig
	forms
)

func (f form) String() string {
	return [...]string{"P2PK", "P2PKH", "P2WPKH", "P2SH-P2WPKH", "P2TR", "bare multisig", "P2SH multisig", "P2WSH multisig", "P2SH-P2WSH multisig"}[f]
}

func (f form) multi() bool { return f >= formMultisig }

func (f form) version() sigVersion {
	switch f {
	case formWitnessKeyHash, formNestedKeyHash, formWitnessMultisig, formNestedMultisig:
		return witnessV0
	}
	return legacy
}

// testKeys are the private keys 1 to 16.
var testKeys = func() (keys [16]*btcec.PrivateKey) {
	for i := range keys {
		keys[i], _ = btcec.PrivKeyFromBytes([]byte{byte(i + 1)})
	}
	return keys
}()

// locked is how an output of some form is made and spent.
type locked struct {
	form     form
	keys     int    // of a multisig
	signers  uint16 // which of them sign, a bit each
	long     uint16 // keys that are not compressed
	hashType byte
	tiny     bool   // signatures with an R of 21 bytes, as only a well-known nonce gives
	script   []byte // the script that is signed, if not the usual one
}

// quickSign signs with a nonce that everybody knows, which costs next to nothing:
// 1 or, to have a short R, 1/2.
func quickSign(key *btcec.PrivateKey, sum [32]byte, tiny bool) []byte {
	var k, r, s, z btcec.ModNScalar
	k.SetInt(1)
	if tiny {
		k.SetInt(2)
		k.InverseNonConst()
	}
	var p btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&k, &p)
	p.ToAffine()
	x := p.X.Bytes()
	r.SetByteSlice(x[:])
	z.SetBytes(&sum)
	s.Mul2(&r, &key.Key).Add(&z).Mul(k.InverseNonConst())
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	return ecdsa.NewSignature(&r, &s).Serialize()
}

func (l locked) key(i int) []byte {
	if l.long>>i&1 == 1 {
		return testKeys[i].PubKey().SerializeUncompressed()
	}
	return testKeys[i].PubKey().SerializeCompressed()
}

// inner is the script that signatures sign.
func (l locked) inner() []byte {
	if l.script != nil {
		return l.script
	}
	hash := hash160(l.key(0))
	switch {
	case l.form == formKey:
		return append(push(l.key(0)), opCheckSig)
	case !l.form.multi():
		return payToKeyHash(hash[:])
	}
	s := []byte{op1 - 1 + byte(l.required())}
	for i := range l.keys {
		s = append(s, push(l.key(i))...)
	}
	return append(s, op1-1+byte(l.keys), opCheckMultisig)
}

func (l locked) required() (n int) {
	for i := range l.keys {
		n += int(l.signers >> i & 1)
	}
	return n
}

// prev is the output's script.
func (l locked) prev() []byte {
	inner := l.inner()
	sum, hash := sha256.Sum256(inner), hash160(l.key(0))
	program := append([]byte{op0, scriptHashSize}, sum[:]...)
	keyProgram := append([]byte{op0, keyHashSize}, hash[:]...)
	switch l.form {
	case formKey, formKeyHash, formMultisig:
		return inner
	case formWitnessKeyHash:
		return keyProgram
	case formNestedKeyHash:
		return p2sh(keyProgram)
	case formTaproot:
		return append([]byte{op1, taprootKeySize}, schnorr.SerializePubKey(testKeys[0].PubKey())...)
	case formHashMultisig:
		return p2sh(inner)
	case formWitnessMultisig:
		return program
	}
	return p2sh(program)
}

// spend spends the output as input 1 of 2.
func (l locked) spend(f Flags) Check {
	tx := &wire.Tx{Version: 2, LockTime: 7, Outs: []wire.Out{{Value: 10, Script: []byte{op1}}, {Value: 11, Script: []byte{op1}}}, Ins: []wire.In{
		{Prev: wire.Outpoint{Index: 1}, Sequence: 5}, {Prev: wire.Outpoint{Index: 2}, Sequence: 6},
	}}
	coins := []wire.Out{{Value: 20, Script: []byte{op1}}, {Value: 30, Script: l.prev()}}
	l.fill(&tx.Ins[1], l.sigs(NewSpend(tx, coins, f)))
	return Check{Spend: NewSpend(tx.Seal(), coins, f), In: 1}
}

func (l locked) sigs(s *Spend) (sigs [][]byte) {
	h := new(hasher)
	if l.form == formTaproot {
		sum, _ := h.taprootHash(s, 1, l.hashType, new(tapContext))
		sig, _ := schnorr.Sign(testKeys[0], sum[:])
		if l.hashType == hashDefault {
			return [][]byte{sig.Serialize()}
		}
		return [][]byte{append(sig.Serialize(), l.hashType)}
	}
	sum := h.legacyHash(s.Tx, 1, l.inner(), uint32(l.hashType))
	if l.form.version() == witnessV0 {
		sum = h.witnessHash(s, 1, l.inner(), uint32(l.hashType))
	}
	if !l.form.multi() {
		return [][]byte{append(quickSign(testKeys[0], sum, l.tiny), l.hashType)}
	}
	for i := range l.keys {
		if l.signers>>i&1 == 1 {
			sigs = append(sigs, append(quickSign(testKeys[i], sum, l.tiny), l.hashType))
		}
	}
	return sigs
}

// fill writes signatures into the input.
func (l locked) fill(in *wire.In, sigs [][]byte) {
	var pushed []byte
	for _, sig := range sigs {
		pushed = append(pushed, push(sig)...)
	}
	inner, hash := l.inner(), hash160(l.key(0))
	sum := sha256.Sum256(inner)
	switch l.form {
	case formKey:
		in.Script = pushed
	case formKeyHash:
		in.Script = append(pushed, push(l.key(0))...)
	case formNestedKeyHash:
		in.Script = push(append([]byte{op0, keyHashSize}, hash[:]...))
		fallthrough
	case formWitnessKeyHash:
		in.Witness = append(sigs, l.key(0))
	case formTaproot:
		in.Witness = sigs
	case formMultisig:
		in.Script = append([]byte{op0}, pushed...)
	case formHashMultisig:
		in.Script = append(append([]byte{op0}, pushed...), push(inner)...)
	case formNestedMultisig:
		in.Script = push(append([]byte{op0, scriptHashSize}, sum[:]...))
		fallthrough
	case formWitnessMultisig:
		in.Witness = append(append([][]byte{nil}, sigs...), inner)
	}
}

// counting counts claims.
type counting struct {
	Fast
	claims, rounds int
}

func (c *counting) Verify(claims []secp.Claim, ok []bool) error {
	c.claims, c.rounds = c.claims+len(claims), c.rounds+1
	return c.Fast.Verify(claims, ok)
}

// TestFastPathAccepts spends every form in every usual way. The fast path takes it,
// for no more signatures than the interpreter verifies, which agrees.
func TestFastPathAccepts(t *testing.T) {
	for f := range forms {
		ways := []locked{{form: f}}
		if f.multi() {
			ways = nil
			for keys := 1; keys <= 4; keys++ {
				for signers := uint16(1); signers < 1<<keys; signers++ {
					ways = append(ways, locked{form: f, keys: keys, signers: signers})
				}
			}
			ways = append(ways, locked{form: f, keys: 15, signers: 0x4101})
		}
		for _, l := range ways {
			types := []byte{hashAll, hashNone, hashSingle, hashAll | anyoneCanPay, hashSingle | anyoneCanPay}
			if f == formTaproot {
				types = append(types, hashDefault)
			}
			for _, l.hashType = range types {
				for _, flags := range []Flags{Mandatory, Standard} {
					c := l.spend(flags)
					if got := verdict(t, c); got != "OK" {
						t.Fatalf("%v %d of %d: %s", f, l.required(), l.keys, got)
					}
					quick, slow, ok := new(counting), new(counting), []bool{false}
					if err := NewBatch(quick).Pass([]Check{c}, ok); err != nil || !ok[0] {
						t.Errorf("%v, %b of %d, hash type %#x: the fast path does not take it (%v)", f, l.signers, l.keys, l.hashType, err)
					}
					_ = NewBatch(slow).Interpret(c)
					if quick.claims > slow.claims {
						t.Errorf("%v, %b of %d: %d signatures verified, the interpreter verifies %d", f, l.signers, l.keys, quick.claims, slow.claims)
					}
				}
			}
		}
	}
}

// TestFastPathLeaves lists what a template must leave to the interpreter, valid
// or not.
func TestFastPathLeaves(t *testing.T) {
	for _, test := range []struct {
		name        string
		change      func(l *locked)
		block, pool string // verdicts by the rules of blocks and of the mempool
	}{
		{"an operation", func(l *locked) { l.script = append(l.inner(), opNop) }, "OK", "OK"},
		{"keys too few", func(l *locked) { s := l.inner(); s[len(s)-2]--; l.script = s }, "SCRIPTNUM", "SCRIPTNUM"},
		{"signers too many", func(l *locked) { s := l.inner(); s[0]++; l.script = s }, "INVALID_STACK_OPERATION", "INVALID_STACK_OPERATION"},
		{"an odd key, never come to", func(l *locked) { s := l.inner(); s[2] = 5; l.script = s }, "OK", "OK"},
		{"the number of keys is pushed", func(l *locked) {
			s := l.inner()
			l.script = append(s[:len(s)-2:len(s)-2], 1, 3, opCheckMultisig)
		}, "OK", "MINIMALDATA"},
	} {
		for f := formMultisig; f < forms; f++ {
			l := locked{form: f, keys: 3, signers: 6, hashType: hashAll}
			test.change(&l)
			for flags, want := range map[Flags]string{Mandatory: test.block, Standard: test.pool} {
				c := l.spend(flags)
				if got := verdict(t, c); got != want {
					t.Errorf("%v, %s: %s under %v, want %s", f, test.name, got, flags, want)
				}
				if passes(t, c) {
					t.Errorf("%v, %s: the fast path takes it under %v", f, test.name, flags)
				}
			}
		}
	}
}

// mutate changes a valid spend by the numbers in edits, three for each change.
func mutate(c Check, edits []byte) Check {
	tx := *c.Tx
	tx.Ins = append([]wire.In(nil), tx.Ins...)
	in := &tx.Ins[c.In]
	in.Script = append([]byte(nil), in.Script...)
	in.Witness = append([][]byte(nil), in.Witness...)
	for i := range in.Witness {
		in.Witness[i] = append([]byte(nil), in.Witness[i]...)
	}
	for ; len(edits) >= 3; edits = edits[3:] {
		kind, at, v := edits[0], int(edits[1]), edits[2]
		target := &in.Script
		if n := len(in.Witness); n > 0 && kind&0x80 != 0 {
			target = &in.Witness[at%n]
			at = int(v) + at*7
		}
		s := *target
		switch kind & 0x0f {
		case 0, 1: // another byte
			if len(s) > 0 {
				s[at%len(s)] ^= v
			}
		case 2: // one more
			at %= len(s) + 1
			*target = append(s[:at:at], append([]byte{v}, s[at:]...)...)
		case 3: // one less
			if len(s) > 0 {
				at %= len(s)
				*target = append(s[:at:at], s[at+1:]...)
			}
		case 4:
			*target = push(s)
		case 5:
			in.Witness = append(in.Witness, []byte{v}[:v&1])
		case 6:
			if n := len(in.Witness); n > 0 {
				in.Witness = in.Witness[:n-1]
			}
		case 7:
			if n := len(in.Witness); n > 1 {
				i, j := at%n, int(v)%n
				in.Witness[i], in.Witness[j] = in.Witness[j], in.Witness[i]
			}
		case 8:
			tx.LockTime ^= uint32(v)
		case 9: // the same push in another way
			for cur := (cursor{script: s}); cur.more(); {
				start := cur.pos
				_, data, ok := cur.next()
				if !ok {
					break
				}
				if len(data) > 0 && len(data) < 256 && start >= at%len(s) {
					other := append([]byte{opPushData1, byte(len(data))}, data...)
					*target = append(append(s[:start:start], other...), s[cur.pos:]...)
					break
				}
			}
		}
	}
	if len(in.Witness) == 0 {
		in.Witness = nil
	}
	return Check{Spend: NewSpend(tx.Seal(), c.Coins, c.Flags), In: c.In}
}

// fuzzed makes a spend of any form from numbers, mostly a valid one.
func fuzzed(kind byte, keys byte, signers, long uint16, hashType byte, flags uint32, inner, edits []byte) Check {
	l := locked{
		form: form(kind & 0x7f % byte(forms)), keys: 1 + int(keys%16), signers: signers, long: long,
		hashType: hashType, tiny: kind&0x80 != 0,
	}
	if l.form.multi() {
		if l.required() == 0 {
			l.signers |= 1
		}
		if len(inner) >= 2 { // another script, which is hashed and signed all the same
			s := l.inner()
			s[int(inner[0])%len(s)] ^= inner[1]
			l.script = append(s, inner[2:min(len(inner), 5)]...)
		}
	}
	return mutate(l.spend(fill(Flags(flags)&every)), edits)
}

// FuzzFastPath mutates real spends of every form under any flags: what the fast
// path takes, the interpreter takes too, and btcd's engine where it follows Core.
func FuzzFastPath(f *testing.F) {
	for kind := range forms {
		for _, edits := range [][]byte{nil, {0, 3, 1}, {0x80, 1, 0x80}, {2, 0, 0}, {5, 0, 0}, {9, 1, 0}, {0x87, 1, 2}} {
			f.Add(byte(kind), byte(2), uint16(3), uint16(0), byte(hashAll), uint32(Mandatory), []byte(nil), edits)
			f.Add(byte(kind), byte(2), uint16(5), uint16(1), byte(hashSingle|anyoneCanPay), uint32(Standard), []byte{1, 1}, edits)
		}
	}
	f.Fuzz(func(t *testing.T, kind, keys byte, signers, long uint16, hashType byte, flags uint32, inner, edits []byte) {
		verdict(t, fuzzed(kind, keys, signers, long, hashType, flags, inner, edits))
	})
}

// TestFastPathMutated is FuzzFastPath by chance, a little of it in every run. It
// counts outcomes, so that it is seen to come to both.
func TestFastPathMutated(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 16))
	taken, valid, ran := 0, 0, 0
	for range 1_500 {
		edits := make([]byte, 3*rng.IntN(3))
		for i := range edits {
			edits[i] = byte(rng.Uint32())
		}
		var inner []byte
		if rng.IntN(4) == 0 {
			inner = []byte{byte(rng.Uint32()), 1 << rng.IntN(8)}
		}
		flags := uint32(Mandatory)
		if rng.IntN(2) == 0 {
			flags = rng.Uint32()
		}
		c := fuzzed(byte(rng.IntN(int(forms))), byte(rng.IntN(4)), uint16(rng.Uint32()), uint16(rng.Uint32()&rng.Uint32()&rng.Uint32()),
			[]byte{hashAll, hashSingle, hashNone, byte(rng.Uint32())}[rng.IntN(4)], flags, inner, edits)
		ran++
		if verdict(t, c) == "OK" {
			valid++
		}
		if passes(t, c) {
			taken++
		}
		if t.Failed() {
			t.Fatal(describe(c))
		}
	}
	t.Logf("%d spends, %d valid, %d by the fast path", ran, valid, taken)
	if taken < ran/10 || valid == ran {
		t.Errorf("of %d spends %d are valid and %d fast: that shows little", ran, valid, taken)
	}
}

func describe(c Check) string {
	in := c.Tx.Ins[c.In]
	return fmt.Sprintf("%s | %s, witness %x, %v", Disasm(in.Script), Disasm(c.Coins[c.In].Script), in.Witness, c.Flags)
}

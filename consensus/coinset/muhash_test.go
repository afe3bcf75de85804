package coinset

import (
	"encoding/hex"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// element is Core's FromInt (src/test/crypto_tests.cpp).
func element(i byte) []byte {
	b := make([]byte, 32)
	b[0] = i
	return b
}

// The vectors are Bitcoin Core's, src/test/crypto_tests.cpp, muhash_tests.
func TestMuHashOfCoresVectors(t *testing.T) {
	var m MuHash
	m.Add(element(0))
	m.Add(element(1))
	m.Remove(element(2))
	if got := m.Sum().String(); got != "10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863" {
		t.Errorf("0 and 1 without 2 come to %s", got)
	}

	var n MuHash
	n.Add(element(1))
	n.Add(element(2))
	const want = "1fa093295ea30a6a3acdc7b3f770fa538eff537528e990e2910e40bbcfd7f6696b1256901929094694b56316de342f593303dd12ac43e06dce1be1ff8301c845beb15468fff0ef002dbf80c29f26e6452bccc91b5cb9437ad410d2a67ea847887fa3c6a6553309946880fe20db2c73fe0641adbd4e86edfee0d9f8cd0ee1230898873dc13ed8ddcaf045c80faa082774279007a2253f8922ee3ef361d378a6af3ddaf180b190ac97e556888c36b3d1fb1c85aab9ccd46e3deaeb7b7cf5db067a7e9ff86b658cf3acd6662bbcce37232daa753c48b794356c020090c831a8304416e2aa7ad633c0ddb2f11be1be316a81be7f7e472071c042cb68faef549c221ebff209273638b741aba5a81675c45a5fa92fea4ca821d7a324cb1e1a2ccd3b76c4228ec8066dad2a5df6e1bd0de45c7dd5de8070bdb46db6c554cf9aefc9b7b2bbf9f75b1864d9f95005314593905c0109b71f703d49944ae94477b51dac10a816bb6d1c700bafabc8bd86fac8df24be519a2f2836b16392e18036cb13e48c5c"
	b := n.num.value().Bytes()
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("the numerator of 1 and 2 is %s", got)
	}
}

func TestMuHashForgetsOrderAndWhatWasRemoved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Byte(), 0, 6).Draw(t, "in")
		out := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "removed again")
		var there, back, part MuHash
		for i, e := range in {
			there.Add(element(e))
			if r := element(in[len(in)-1-i]); i%2 == 0 {
				part.Add(r)
			} else {
				back.Add(r)
			}
		}
		for _, e := range out {
			there.Remove(element(e))
			back.Add(element(e))
			back.Remove(element(e))
			part.Remove(element(e))
		}
		back.Union(&part)
		if there.Sum() != back.Sum() {
			t.Fatalf("the same set has hashes %v and %v", there.Sum(), back.Sum())
		}
	})
}

// The numbers are those at which carries are longest.
func TestMultiplicationIsThatOfBigNumbers(t *testing.T) {
	p := modulus()
	limb := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 1<<64 - 1, 1<<64 - muDiff, 1<<64 - muDiff - 1, muDiff}))
	fill := rapid.Custom(func(t *rapid.T) number {
		n := number{set: true}
		same := limb.Draw(t, "most limbs")
		for i := range n.v {
			n.v[i] = big.Word(same)
		}
		for range 4 {
			n.v[rapid.IntRange(0, len(n.v)-1).Draw(t, "at")] = big.Word(limb.Draw(t, "limb"))
		}
		return n
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := fill.Draw(t, "a"), fill.Draw(t, "b")
		want := new(big.Int).Mul(a.value(), b.value())
		want.Mod(want, p)
		a.multiply(b.limbs())
		if got := a.value(); got.Mod(got, p).Cmp(want) != 0 {
			t.Fatalf("product is %x, want %x", got, want)
		}
	})
}

func TestNormalizedAndStoredIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m, back MuHash
		for _, e := range rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "in") {
			m.Add(element(e))
		}
		for _, e := range rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "out") {
			m.Remove(element(e))
		}
		want := m.Sum()
		kept, err := m.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := back.UnmarshalBinary(kept); err != nil {
			t.Fatal(err)
		}
		nothing := m
		nothing.Difference(&back)
		if nothing.Sum() != new(MuHash).Sum() {
			t.Fatal("a set less itself is not the empty one")
		}
		m.Normalize()
		if m.den.set || m.Sum() != want || back.Sum() != want {
			t.Fatalf("the set's hash is %v, and %v after being stored, want %v", m.Sum(), back.Sum(), want)
		}
	})
	if err := new(MuHash).UnmarshalBinary(make([]byte, 383)); err == nil {
		t.Error("383 bytes are a MuHash")
	}
}

func BenchmarkNormalize(b *testing.B) {
	for b.Loop() {
		var m MuHash
		m.Remove(element(1))
		m.Normalize()
	}
}

func BenchmarkMuHashAdd(b *testing.B) {
	var m MuHash
	e := element(1)
	for b.Loop() {
		m.Add(e)
	}
}

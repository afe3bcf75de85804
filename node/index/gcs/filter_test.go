package gcs

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/siphash"
	"github.com/quernnet/quern/consensus/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors are Bitcoin Core's, src/test/data/blockfilters.json, blocks of
// testnet.
func TestFiltersOfCoresVectors(t *testing.T) {
	var rows [][]any
	if err := json.Unmarshal(realdata.Read(t, "blockfilters.json"), &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		t.Run(fmt.Sprint(row[0]), func(t *testing.T) {
			b, err := wire.DecodeBlock(unhex(t, row[2].(string)))
			if err != nil {
				t.Fatal(err)
			}
			if b.ID().String() != row[1] {
				t.Fatalf("the block's id is %v", b.ID())
			}
			var spent []consensus.Coin
			for _, s := range row[3].([]any) {
				spent = append(spent, consensus.Coin{Out: wire.Out{Script: unhex(t, s.(string))}})
			}
			f := Basic(b, spent)
			if got := hex.EncodeToString(f); got != row[5] {
				t.Errorf("filter %s, want %s", got, row[5])
			}
			if err := f.Check(); err != nil {
				t.Error(err)
			}
			prev, err := wire.ParseHash(row[4].(string))
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Header(prev); got.String() != row[6] {
				t.Errorf("header %v, want %s", got, row[6])
			}
			for i := range spent {
				match, err := NewQuery([][]byte{spent[i].Script}).Match(f, KeyOf(b.ID()))
				if err != nil || match != (len(spent[i].Script) > 0) {
					t.Errorf("script %x of a spent coin: match is %v, %v", spent[i].Script, match, err)
				}
			}
		})
	}
}

// plain codes a set as BIP158 says it, digit by digit, and returns its sorted hashes too.
func plain(key siphash.Key, distinct [][]byte) (Filter, []uint64) {
	values := make([]uint64, len(distinct))
	for i, e := range distinct {
		values[i] = plainHash(key, e, len(distinct))
	}
	slices.Sort(values)
	var digits strings.Builder
	last := uint64(0)
	for _, v := range values {
		digits.WriteString(strings.Repeat("1", int((v-last)/(1<<P))) + "0")
		fmt.Fprintf(&digits, "%0*b", P, (v-last)%(1<<P))
		last = v
	}
	f, s := wire.AppendVarint(nil, uint64(len(distinct))), digits.String()
	for s += strings.Repeat("0", (8-len(s)%8)%8); len(s) > 0; s = s[8:] {
		b, _ := new(big.Int).SetString(s[:8], 2)
		f = append(f, byte(b.Uint64()))
	}
	return f, values
}

func plainHash(key siphash.Key, e []byte, n int) uint64 {
	h := new(big.Int).SetUint64(key.Sum(e))
	h.Mul(h, big.NewInt(int64(n)*M))
	return h.Rsh(h, 64).Uint64()
}

func TestFilterIsThePlainOne(t *testing.T) {
	element := rapid.SliceOfN(rapid.Byte(), 0, 40)
	rapid.Check(t, func(t *rapid.T) {
		key := siphash.Key{rapid.Uint64().Draw(t, "k0"), rapid.Uint64().Draw(t, "k1")}
		in := rapid.SliceOfNDistinct(element, 0, 300, func(b []byte) string { return string(b) }).Draw(t, "in")
		f := Build(key, append(slices.Clone(in), in[:rapid.IntRange(0, len(in)).Draw(t, "repeated")]...))
		want, values := plain(key, in)
		if string(f) != string(want) {
			t.Fatalf("filter %x, want %x", []byte(f), []byte(want))
		}
		if err := f.Check(); err != nil {
			t.Fatal(err)
		}
		if n, err := f.Count(); err != nil || n != uint64(len(in)) {
			t.Fatalf("%d elements, %v, want %d", n, err, len(in))
		}
		for _, e := range in {
			if ok, err := NewQuery([][]byte{e}).Match(f, key); err != nil || !ok {
				t.Fatalf("%x does not match: %v", e, err)
			}
		}
		ask := rapid.SliceOfN(element, 0, 20).Draw(t, "asked")
		expect := slices.ContainsFunc(ask, func(e []byte) bool { return slices.Contains(values, plainHash(key, e, len(in))) })
		if ok, err := NewQuery(ask).Match(f, key); err != nil || ok != expect {
			t.Fatalf("match is %v, %v, want %v", ok, err, expect)
		}
	})
}

func TestDamagedFilters(t *testing.T) {
	whole := Build(siphash.Key{1, 2}, [][]byte{{1}, {2}, {3}})
	for name, f := range map[string]Filter{
		"nothing":                        {},
		"a count cut off":                {0xfd, 1},
		"2^32 elements":                  {0xff, 0, 0, 0, 0, 1, 0, 0, 0},
		"more elements than bits":        {200, 1, 2, 3},
		"cut off":                        whole[:len(whole)-1],
		"ones to the end":                {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a byte too many":                append(append(Filter(nil), whole...), 0),
		"one element of three forgotten": append(Filter{2}, whole[1:]...),
	} {
		if err := f.Check(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add([]byte(Build(siphash.Key{1, 2}, [][]byte{{1}, {2}, {3}})), []byte{2})
	f.Add([]byte{0}, []byte{})
	f.Fuzz(func(t *testing.T, b, element []byte) {
		fine := Filter(b).Check()
		_, err := NewQuery([][]byte{element}).Match(b, siphash.Key{3, 4})
		if fine == nil && err != nil {
			t.Errorf("a whole filter cannot be matched: %v", err)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	elements := make([][]byte, 5000)
	for i := range elements {
		elements[i] = fmt.Appendf(nil, "%022d", i)
	}
	for b.Loop() {
		Build(siphash.Key{1, 2}, elements)
	}
}

func BenchmarkMatch(b *testing.B) {
	elements := make([][]byte, 5000)
	for i := range elements {
		elements[i] = fmt.Appendf(nil, "%022d", i)
	}
	f, q := Build(siphash.Key{1, 2}, elements), NewQuery([][]byte{[]byte("none")})
	for b.Loop() {
		if _, err := q.Match(f, siphash.Key{1, 2}); err != nil {
			b.Fatal(err)
		}
	}
}

package script

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"

	"github.com/quernnet/quern/consensus/wire"
)

func numbered(n int) (h wire.Hash) {
	binary.LittleEndian.PutUint64(h[:], uint64(n))
	return h
}

func TestAccepted(t *testing.T) {
	if unsafe.Sizeof(acceptedSet{}) != acceptedSetSize {
		t.Fatalf("a set has %d bytes", unsafe.Sizeof(acceptedSet{}))
	}
	const entries = 1 << 12
	a := NewAccepted(entries*16, [32]byte{1})
	if a.Has(numbered(1), Mandatory) {
		t.Error("an empty one knows something")
	}
	a.Add(numbered(1), Mandatory)
	if !a.Has(numbered(1), Mandatory) || a.Has(numbered(1), Standard) || a.Has(numbered(1), Mandatory&^DERSig) || a.Has(numbered(2), Mandatory) {
		t.Error("what is known is not what was added, with its flags")
	}
	here, _, _ := a.key(&wire.Hash{}, 0)
	if there, _, _ := NewAccepted(entries*16, [32]byte{2}).key(&wire.Hash{}, 0); here == there {
		t.Error("the salt makes no difference")
	}
	// Half full it forgets next to nothing; overfull it keeps the newest.
	for i := range entries / 2 {
		a.Add(numbered(i), Mandatory)
	}
	kept := func(from, to int) (n int) {
		for i := from; i < to; i++ {
			if a.Has(numbered(i), Mandatory) {
				n++
			}
		}
		return n
	}
	if n := kept(0, entries/2); n < entries/2*95/100 {
		t.Errorf("half full it keeps %d of %d", n, entries/2)
	}
	for i := range 4 * entries {
		a.Add(numbered(i), Mandatory)
	}
	if n := kept(4*entries-entries/4, 4*entries); n < entries/4*90/100 {
		t.Errorf("of the newest %d it keeps %d", entries/4, n)
	}
	if n := kept(0, 4*entries); n > entries {
		t.Errorf("it keeps %d in room for %d", n, entries)
	}
	if len(a.sets)*acceptedSetSize != entries*16 {
		t.Errorf("it takes %d bytes", len(a.sets)*acceptedSetSize)
	}
}

// TestAcceptedConcurrently is for the race detector. There is room for far more
// than is added: what one adds must not push out what another looks for.
func TestAcceptedConcurrently(t *testing.T) {
	a := NewAccepted(1<<22, [32]byte{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 1000 {
				a.Add(numbered(g*1000+i), Mandatory)
				if !a.Has(numbered(g*1000+i), Mandatory) {
					t.Errorf("%d is forgotten at once", i)
				}
			}
		})
	}
	wg.Wait()
}

// TestAlso: a check that must hold by fewer flags as well does so without a
// further signature if it is a template, and is interpreted anew if it is none.
func TestAlso(t *testing.T) {
	next := P2SH | Witness | Taproot | DERSig
	for f := range forms {
		c := locked{form: f, keys: 3, signers: 5, hashType: hashAll}.spend(Standard)
		c.Also = next
		v := new(counting)
		if _, err := NewBatch(v).Run([]Check{c}); err != nil || v.claims > 3 {
			t.Errorf("%v: %v after %d signatures", f, err, v.claims)
		}
		// Fewer flags that are no fewer: the interpreter runs both.
		c.Also = P2SH | DERSig | CheckLockTime
		if passes(t, c) {
			t.Errorf("%v passes by the fast path for flags that make it another script", f)
		}
	}
	// It holds as it is and not by other flags: no such script is known where
	// these are fewer, so they are more.
	c := spendCheck([]byte{op1}, []byte{opNop1}, P2SH)
	c.Also = P2SH | DiscourageUpgradableNops
	if _, err := NewBatch(nil).Run([]Check{c}); err == nil {
		t.Error("the other flags are not run")
	}
}

// TestFewerFlags: what passes under all rules of the mempool passes under any
// that a block may have, whatever the fast path and the interpreter make of it.
func TestFewerFlags(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 1))
	for range 500 {
		edits := []byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())}
		c := fuzzed(byte(rng.IntN(int(forms))), byte(rng.IntN(3)), uint16(rng.Uint32()), 0, hashAll, uint32(Standard), nil, edits)
		if interpret(t, c) != nil {
			continue
		}
		fewer := *c.Spend
		fewer.Flags = P2SH | Witness | Taproot | Flags(rng.Uint32())&Standard
		c.Spend = &fewer
		if err := interpret(t, c); err != nil {
			t.Fatalf("%s: %v", describe(c), err)
		}
	}
}

func BenchmarkAccepted(b *testing.B) {
	a := NewAccepted(8<<20, [32]byte{3})
	for i := range 200_000 {
		a.Add(numbered(i), Mandatory)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Has(numbered(i%400_000), Mandatory)
	}
}

package payments

import (
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/btcsuite/btcd/btcec/v2"
)

// public is a compressed public key.
type public = [keyBytes]byte

// ring has a key for every number: secret i is the first one plus i, so that
// publics of neighbours cost an addition each.
type ring struct{ first btcec.ModNScalar }

func newRing(seed uint64) *ring {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("quern bench keys"), seed))
	r := new(ring)
	r.first.SetBytes(&sum)
	return r
}

func (r *ring) scalar(i uint64) *btcec.ModNScalar {
	var b [32]byte
	binary.BigEndian.PutUint64(b[24:], i)
	s := new(btcec.ModNScalar)
	s.SetBytes(&b)
	return s.Add(&r.first)
}

// secret is private key i.
func (r *ring) secret(i uint64) *btcec.PrivateKey { return btcec.PrivKeyFromScalar(r.scalar(i)) }

// publics fills dst with the keys from number first on.
func (r *ring) publics(first uint64, dst []public) {
	if len(dst) == 0 {
		return
	}
	var generator btcec.JacobianPoint
	btcec.GeneratorJacobian(&generator)
	points := make([]btcec.JacobianPoint, len(dst))
	btcec.ScalarBaseMultNonConst(r.scalar(first), &points[0])
	for i := range points[1:] {
		btcec.AddNonConst(&points[i], &generator, &points[i+1])
	}
	// One inversion for all: products[i] is the product of the Zs before i.
	products := make([]btcec.FieldVal, len(dst))
	var product btcec.FieldVal
	product.SetInt(1)
	for i := range points {
		points[i].Z.Normalize()
		products[i] = product
		product.Mul(&points[i].Z).Normalize()
	}
	inverse := *product.Inverse()
	for i := len(points) - 1; i >= 0; i-- {
		p := &points[i]
		var z, zz btcec.FieldVal
		z.Mul2(&inverse, &products[i])
		inverse.Mul(&p.Z)
		zz.SquareVal(&z)
		p.X.Mul(&zz).Normalize()
		p.Y.Mul(zz.Mul(&z)).Normalize()
		dst[i][0] = 2
		if p.Y.IsOdd() {
			dst[i][0] = 3
		}
		p.X.PutBytesUnchecked(dst[i][1:])
	}
}

// span is how many neighbours share an inversion.
const span = 512

// all is publics on all cores.
func (r *ring) all(first uint64, n int) []public {
	keys := make([]public, n)
	_ = parallel((n+span-1)/span, func(i int) error {
		part := keys[i*span : min((i+1)*span, n)]
		r.publics(first+uint64(i*span), part)
		return nil
	})
	return keys
}

// parallel calls do for 0 to n-1 on all cores and returns one of its errors.
func parallel(n int, do func(i int) error) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	var failed atomic.Pointer[error]
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

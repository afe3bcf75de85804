package bench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/bench/payments"
)

// Verification is what checking takes on one core of this machine.
type Verification struct {
	Ways       []string `json:"ways"`       // see secp.Ways
	Signatures []Figure `json:"signatures"` // by scheme and how many are verified together; 1 is one by itself
	Inputs     []Figure `json:"inputs"`     // by kind of script, all that their checks take
}

// Batches are how many signatures are verified together, to see what that saves.
var Batches = []int{16, 64, 256, 1024}

// checked is how many inputs are checked together: as many as import does.
const checked = 512

var errFalse = errors.New("a good signature was found to be bad")

// Verify times signatures and inputs, each of them for about the given time.
func Verify(ctx context.Context, each time.Duration) (Verification, error) {
	v := Verification{Ways: secp.Ways()}
	tasks, err := signatureTasks()
	if err != nil {
		return v, err
	}
	if v.Signatures, err = clock(ctx, each, tasks); err != nil {
		return v, fmt.Errorf("signatures: %w", err)
	}
	if tasks, err = inputTasks(ctx); err != nil {
		return v, err
	}
	if v.Inputs, err = clock(ctx, each, tasks); err != nil {
		return v, fmt.Errorf("inputs: %w", err)
	}
	return v, nil
}

func signatureTasks() ([]task, error) {
	var tasks []task
	for _, s := range []struct {
		name   string
		scheme secp.Scheme
	}{{"ecdsa", secp.ECDSA}, {"schnorr", secp.Schnorr}} {
		claims, err := claims(s.scheme, Batches[len(Batches)-1])
		if err != nil {
			return nil, err
		}
		tasks = append(tasks,
			oneByOne(s.name+", by btcec", claims, (*secp.Claim).VerifyReference),
			oneByOne(s.name, claims, (*secp.Claim).Verify))
		for _, n := range Batches {
			tasks = append(tasks, together(s.name, claims[:n]))
		}
	}
	return tasks, nil
}

func oneByOne(name string, claims []secp.Claim, verify func(*secp.Claim) bool) task {
	i := 0
	return task{name, 1, func() error {
		i = (i + 1) % len(claims)
		if !verify(&claims[i]) {
			return errFalse
		}
		return nil
	}}
}

func together(name string, claims []secp.Claim) task {
	batch, ok := new(secp.Batch), make([]bool, len(claims))
	return task{name, len(claims), func() error {
		if !batch.Verify(claims, ok) {
			return errFalse
		}
		return nil
	}}
}

// claims makes n good signatures, each by a key of its own.
func claims(s secp.Scheme, n int) ([]secp.Claim, error) {
	cs := make([]secp.Claim, n)
	for i := range cs {
		c := &cs[i]
		c.Scheme, c.Sum = s, sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("sum"), uint64(i)))
		secret := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("key"), uint64(i)))
		key, public := btcec.PrivKeyFromBytes(secret[:])
		if s == secp.ECDSA {
			c.Key, c.Sig = public.SerializeCompressed(), ecdsa.Sign(key, c.Sum[:]).Serialize()
			continue
		}
		sig, err := schnorr.Sign(key, c.Sum[:], schnorr.FastSign())
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		c.Key, c.Sig = schnorr.SerializePubKey(public), sig.Serialize()
	}
	return cs, nil
}

// inputTasks has one for each kind of script.
func inputTasks(ctx context.Context) ([]task, error) {
	var tasks []task
	for _, k := range payments.Kinds() {
		checks, err := checksOf(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("payments of %v: %w", k, err)
		}
		batch := script.NewBatch(nil)
		tasks = append(tasks, task{k.String(), len(checks), func() error {
			_, err := batch.Run(checks)
			return err
		}})
	}
	return tasks, nil
}

// checksOf are the checks of payments whose inputs are all of one kind.
func checksOf(ctx context.Context, k payments.Kind) ([]script.Check, error) {
	params, err := consensus.Chain("regtest")
	if err != nil {
		return nil, err
	}
	made, err := payments.New(payments.Config{Params: params, Mix: payments.Only(k), Weight: consensus.MaxWeight, Ready: 2 * checked})
	if err != nil {
		return nil, err
	}
	outs := make(map[wire.Outpoint]wire.Out)
	for b, err := range made.Blocks(ctx) {
		if err != nil {
			return nil, err
		}
		for _, t := range b.Txs {
			for i, o := range t.Outs {
				outs[t.Outpoint(i)] = o
			}
		}
	}
	txs, err := made.Payments(checked)
	if err != nil {
		return nil, err
	}
	var checks []script.Check
	for _, t := range txs {
		coins := make([]wire.Out, len(t.Ins))
		for i := range t.Ins {
			coins[i] = outs[t.Ins[i].Prev]
		}
		checks = append(checks, script.NewSpend(t, coins, script.Standard).Checks()...)
	}
	return checks, nil
}

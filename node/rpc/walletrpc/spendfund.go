package walletrpc

import (
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/signing"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

// nestedInputSize is what an input is reckoned to take that nobody knows how to spend:
// P2WPKH in P2SH, in virtual bytes.
const nestedInputSize = 91

// newRand is chance that nobody can foresee: how inputs and change are placed
// must not tell which is which.
func (n *node) newRand() *rand.Rand {
	var seed [32]byte
	if n.Rand == nil {
		_, _ = crand.Read(seed[:]) // never fails
	} else {
		_, _ = io.ReadFull(n.Rand, seed[:]) // a test's
	}
	return rand.New(rand.NewChaCha8(seed))
}

// funded is a payment without signatures.
type funded struct {
	*spending.Draft
	reason string // of the feerate
}

// fund chooses coins and change for outputs (Core's CreateTransaction).
func (n *node) fund(w *wallet.Wallet, to []spending.Recipient, c *control) (*funded, error) {
	rate, reason, err := n.payable(c)
	if err != nil {
		return nil, err
	}
	o := spending.Order{
		To: to, Others: c.others, Version: c.version, ChangeAt: c.changeAt, Feerate: rate,
		LongTerm: spending.LongTermFeerate, Discard: n.discardFeerate(), Dust: n.dustFeerate(), Replaceable: c.replaceable(), LockTime: c.lockTime, Tip: n.snipable(),
		MaxWeight: c.maxWeight, MaxFee: c.maxFee, Together: c.together, Unsafe: c.unsafe,
		LongestLine: spending.LongestLine(n.Pool.Stats().ClusterCount), Connects: n.Pool.Connects, Rand: n.newRand(),
		Bump: func(ops []wire.Outpoint) int64 { return n.bumps(ops, rate) },
	}
	if o.Preset, err = n.presets(w, c, rate); err != nil {
		return nil, err
	}
	if c.others {
		for _, coin := range n.available(w, c, payingCoins()) {
			o.Coins = append(o.Coins, n.candidate(w, &coin, rate))
		}
	}
	n.chooseChange(w, &o, c)
	d, err := spending.Create(o)
	if err != nil {
		return nil, err
	}
	if c.lock {
		for _, in := range d.Tx.Ins {
			if err := w.LockCoin(in.Prev, false); err != nil {
				return nil, err
			}
		}
	}
	return &funded{d, reason}, nil
}

// chooseChange finds the script that change goes to, and what spending it will take.
func (n *node) chooseChange(w *wallet.Wallet, o *spending.Order, c *control) {
	o.ChangeSpendSize = nestedInputSize
	o.Change = c.change
	if len(o.Change) == 0 {
		s, err := w.PeekChange(changeType(w, o.To, c.changeType))
		if err != nil {
			o.ChangeErr = fmt.Errorf("Transaction needs a change address, but we can't generate it. %s", err.Error()) // it has the code of other faults
			return
		}
		o.Change = s
	}
	if ring, ok := w.Solve(o.Change); ok {
		if weight, _ := n.inputWeight(o.Change, ring, signsElsewhere(w)); weight >= 0 {
			o.ChangeSpendSize = (weight + 3) / 4
		}
	}
}

// changeType makes change look like the payments, where the wallet has descriptors of that type. Whether
// they have addresses left is not asked: change that looks otherwise tells which output it is.
func changeType(w *wallet.Wallet, to []spending.Recipient, want *wallet.AddressType) wallet.AddressType {
	if want != nil {
		return *want
	}
	paid := make(map[script.Type]bool)
	for _, r := range to {
		paid[script.Classify(r.Out.Script)] = true
	}
	for _, f := range []struct {
		of script.Type
		t  wallet.AddressType
	}{
		{script.TypeWitnessV1Taproot, wallet.Bech32m}, {script.TypeWitnessV0KeyHash, wallet.Bech32},
		{script.TypeScriptHash, wallet.P2SHSegWit}, {script.TypePubKeyHash, wallet.Legacy},
	} {
		if paid[f.of] && w.GivesChange(f.t) {
			return f.t
		}
	}
	for _, t := range []wallet.AddressType{wallet.Bech32m, wallet.Bech32} {
		if w.GivesChange(t) {
			return t
		}
	}
	return w.Habits().Address
}

// tipAge is how old the tip may be for the lock time to follow it.
const tipAge = 8 * time.Hour

// snipable is the tip's height, if nobody should be able to mine it anew for
// the fee; nil when the node is behind.
func (n *node) snipable() *uint32 {
	tip := n.Chain.Tip()
	if n.Now == nil || time.Unix(int64(tip.Time()), 0).Before(n.Now().Add(-tipAge)) {
		return nil
	}
	return &tip.Height
}

// presets looks up the coins that must be spent.
func (n *node) presets(w *wallet.Wallet, c *control, rate spending.Feerate) ([]spending.Preset, error) {
	var external txargs.Coins
	var out []spending.Preset
	for i := range c.inputs {
		in := &c.inputs[i]
		p := spending.Preset{Coin: spending.Coin{Outpoint: in.Prev, Weight: -1, Form: "unknown"}}
		if i < c.explicit {
			p.Sequence, p.Script, p.Witnesses = &in.Sequence, in.Script, in.Witness
		}
		coin, _, own := w.Coin(in.Prev)
		if own {
			if err := versionFits(&coin, c.version); err != nil {
				return nil, err
			}
			p.Out = coin.Out
			ring, _ := w.Solve(coin.Out.Script)
			p.Weight, p.Witness = n.inputWeight(p.Out.Script, ring, signsElsewhere(w))
		} else {
			var err error
			if external == nil {
				if external, err = n.find(c.inputs); err != nil {
					return nil, err
				}
			}
			var ok bool
			if p.Out, ok = external[in.Prev]; !ok {
				return nil, errors.New("Unable to find UTXO for external input")
			}
		}
		if p.Weight < 0 {
			p.Weight, p.Witness = n.inputWeight(p.Out.Script, &c.ring, !own)
		}
		if weight, ok := c.weights[in.Prev]; ok {
			p.Weight, p.Fixed = weight, true
			p.Witness = p.Witness || coinForm(p.Out.Script, &c.ring) != "legacy"
		}
		p.Bump = n.bumps([]wire.Outpoint{in.Prev}, rate)
		out = append(out, p)
	}
	return out, nil
}

func versionFits(c *wallet.Coin, version int32) error {
	switch {
	case c.Depth > 0:
	case c.Version == truc && version != truc:
		return fmt.Errorf("Can't spend unconfirmed version 3 pre-selected input with a version %d tx", version)
	case c.Version != truc && version == truc:
		return fmt.Errorf("Can't spend unconfirmed version %d pre-selected input with a version 3 tx", c.Version)
	}
	return nil
}

// find looks up what inputs spend in the chain and the mempool (Core's findCoins).
func (n *node) find(ins []wire.In) (txargs.Coins, error) {
	ops := make([]wire.Outpoint, len(ins))
	for i := range ins {
		ops[i] = ins[i].Prev
	}
	_, found, err := n.Chain.Coins(ops)
	if err != nil {
		return nil, err
	}
	coins := make(txargs.Coins)
	for i, c := range found {
		if e, ok := n.Pool.Get(ops[i].TxID); ok {
			if uint64(ops[i].Index) < uint64(len(e.Tx.Outs)) {
				coins[ops[i]] = e.Tx.Outs[ops[i].Index]
			}
		} else if !c.Missing {
			coins[ops[i]] = c.Out
		}
	}
	return coins, nil
}

// sign signs a draft with the wallet's keys; false when some signature is missing.
func sign(w *wallet.Wallet, d *spending.Draft) (bool, error) {
	coins := make(txargs.Coins)
	var scripts [][]byte
	for i, in := range d.Tx.Ins {
		coins[in.Prev] = d.Coins[i]
		scripts = append(scripts, d.Coins[i].Script)
	}
	ring, err := w.Signer(scripts...)
	if err != nil {
		return false, err
	}
	faults := signing.Tx(d.Tx, ring, coins.Find, signing.SighashDefault)
	return len(faults) == 0, nil
}

package walletrpc

import (
	"math"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/signing"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

// coinFilter says which coins are asked for (Core's CoinFilterParams).
type coinFilter struct {
	least, most int64 // satoshis
	immature    bool
	locked      bool
	anyVersion  bool // do not mind the rules of version 3
}

func payingCoins() coinFilter { return coinFilter{least: 1, most: math.MaxInt64} }

const truc = 3 // the version of transactions whose lines are kept short (BIP431)

// available lists the wallet's coins that may be spent (Core's AvailableCoins).
func (n *node) available(w *wallet.Wallet, c *control, f coinFilter) []wallet.Coin {
	preset := make(map[wire.Outpoint]bool)
	for _, in := range c.inputs {
		preset[in.Prev] = true
	}
	avoid := c.avoidReuse && w.Flags()&wallet.AvoidReuse != 0
	var out, waiting []wallet.Coin
	sums := make(map[wire.Hash]int64)
	for _, coin := range w.Coins() {
		switch {
		case !coin.Mature && !f.immature,
			!c.unsafe && !safe(&coin),
			coin.Depth < c.minDepth || coin.Depth > c.maxDepth,
			coin.Out.Value < f.least || coin.Out.Value > f.most,
			preset[coin.Outpoint],
			coin.Locked && !f.locked,
			avoid && coin.Reused,
			!f.anyVersion && coin.Depth == 0 && !n.suits(&coin, c.version):
			continue
		}
		if !f.anyVersion && coin.Depth == 0 && coin.Version == truc {
			waiting = append(waiting, coin)
			sums[coin.Outpoint.TxID] += coin.Out.Value
			continue
		}
		out = append(out, coin)
	}
	// A child of version 3 may have one waiting parent.
	var best wire.Hash
	for id, sum := range sums {
		if best.IsZero() || sum > sums[best] || sum == sums[best] && id.Compare(best) < 0 {
			best = id
		}
	}
	for _, coin := range waiting {
		if coin.Outpoint.TxID == best {
			out = append(out, coin)
		}
	}
	return out
}

// safe says whether a coin will stay: it is confirmed, or one's own and neither
// replaces anything nor was replaced.
func safe(c *wallet.Coin) bool { return c.Trusted && (c.Depth > 0 || !c.Replaced) }

// suits says whether a transaction of a version may spend a waiting coin.
func (n *node) suits(c *wallet.Coin, version int32) bool {
	if version != truc {
		return c.Version != truc
	}
	e, ok := n.Pool.Get(c.Outpoint.TxID)
	return c.Version == truc && (!ok || e.AncestorCount <= 1 && e.DescendantCount <= 1)
}

// candidate is a coin as spending takes it, at a feerate.
func (n *node) candidate(w *wallet.Wallet, c *wallet.Coin, rate spending.Feerate) spending.Coin {
	ring, _ := w.Solve(c.Out.Script)
	out := spending.Coin{Outpoint: c.Outpoint, Out: c.Out, Depth: c.Depth, FromMe: c.FromMe, Form: coinForm(c.Out.Script, ring)}
	out.Weight, out.Witness = n.inputWeight(c.Out.Script, ring, signsElsewhere(w))
	if c.Depth == 0 {
		if e, ok := n.Pool.Get(c.Outpoint.TxID); ok {
			out.Ancestors = e.AncestorCount
			chunks, _ := n.Pool.Cluster(c.Outpoint.TxID)
			for _, chunk := range chunks {
				out.Cluster += len(chunk.IDs)
			}
			out.Bump = n.bumps([]wire.Outpoint{c.Outpoint}, rate)
		}
	}
	return out
}

// signsElsewhere says that others sign for the wallet, of whom it is not known whether they make
// signatures short (Core's CanGrindR, the other way round).
func signsElsewhere(w *wallet.Wallet) bool { return w.Flags()&wallet.NoPrivateKeys != 0 }

// inputWeight is the most that a signed input weighs, and whether it has a witness; -1
// when it is not known how to spend the script. highR says that the signer may not
// make signatures short.
func (n *node) inputWeight(s []byte, ring *signing.Keyring, highR bool) (weight int64, witness bool) {
	d := descriptor.InferWith(s, ring, n.Params)
	if d == nil {
		return -1, false
	}
	weight, witness, ok := d.InputWeight(highR)
	if !ok {
		return -1, false
	}
	return weight, witness
}

// coinForm is the form of address of a script, as coins are sorted by.
func coinForm(s []byte, ring *signing.Keyring) string {
	nested := false
	if script.IsP2SH(s) {
		if redeem := ring.Scripts[[20]byte(s[2:22])]; redeem != nil {
			s, nested = redeem, true
		}
	}
	switch script.Classify(s) {
	case script.TypeWitnessV1Taproot:
		return "bech32m"
	case script.TypeWitnessV0KeyHash, script.TypeWitnessV0ScriptHash:
		if nested {
			return "p2sh-segwit"
		}
		return "bech32"
	case script.TypeScriptHash, script.TypePubKeyHash:
		return "legacy"
	}
	return "unknown"
}

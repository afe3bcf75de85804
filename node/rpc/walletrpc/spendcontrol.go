package walletrpc

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/signing"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

// control is what a caller wants of a payment besides its outputs (Core's
// CCoinControl).
type control struct {
	feerate      *spending.Feerate // instead of an estimate
	override     bool              // the feerate may be below the least
	target       *int              // blocks
	conservative *bool
	rbf          *bool // nil: as the wallet is used to
	final        bool  // which is not to say that a payment may be replaced
	maxFee       int64 // satoshis

	avoidReuse, together bool
	others, unsafe       bool
	minDepth, maxDepth   int64

	change     []byte // script
	changeType *wallet.AddressType
	changeAt   *int
	lock       bool // lock what is spent
	version    int32
	lockTime   *uint32
	maxWeight  int64

	inputs   []wire.In // that must be spent, as given
	explicit int       // of how many, the first ones, sequence and script are to be kept
	weights  map[wire.Outpoint]int64
	weighed  []wire.Outpoint // those with a weight of the caller's, in their order
	ring     signing.Keyring // for others' inputs
}

const anyDepth = 9_999_999

// newControl has what the wallet is used to.
func newControl(w *wallet.Wallet) *control {
	h := w.Habits()
	return &control{
		others: true, maxDepth: anyDepth, version: 2, weights: map[wire.Outpoint]int64{},
		final: h.Final, maxFee: h.MaxFee, changeType: h.ChangeType(), together: h.Whole,
	}
}

func (c *control) replaceable() bool {
	if c.rbf == nil {
		return !c.final
	}
	return *c.rbf
}

const badMode = `Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"`

// given says whether an argument is there and not null.
func given(raw json.RawMessage) bool { return raw != nil && !table.IsNull(raw) }

// setFee reads how the fee is to be found (Core's SetFeeEstimateMode).
func (c *control) setFee(target, mode, rate json.RawMessage, override bool) error {
	name := ""
	if given(mode) {
		var err error
		if name, err = txargs.ReadText(mode); err != nil {
			return err
		}
	}
	if given(rate) {
		if given(target) {
			return table.Errorf(table.CodeInvalid, "Cannot specify both conf_target and fee_rate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.")
		}
		if given(mode) && name != "unset" {
			return table.Errorf(table.CodeInvalid, "Cannot specify both estimate_mode and fee_rate")
		}
		v, err := parseFeerate(rate)
		if err != nil {
			return err
		}
		c.feerate, c.override = &v, override
		if c.rbf == nil {
			c.rbf = new(true)
		}
		return nil
	}
	if given(mode) {
		switch strings.ToLower(name) {
		case "unset":
		case "economical":
			c.conservative = new(false)
		case "conservative":
			c.conservative = new(true)
		default:
			return table.Errorf(table.CodeInvalid, "%s", badMode)
		}
	}
	if given(target) {
		n, err := table.ParseInteger(target, 32)
		if err != nil {
			return err
		}
		if n < 1 || n > mostTarget {
			return table.Errorf(table.CodeInvalid, "Invalid conf_target, must be between 1 and %d", mostTarget)
		}
		c.target = new(int(n))
	}
	return nil
}

const mostTarget = 1008 // blocks

// parseFeerate reads satoshis per virtual byte, with up to three decimals.
func parseFeerate(raw json.RawMessage) (spending.Feerate, error) {
	s := string(raw)
	switch table.TypeName(raw) {
	case "number":
	case "string":
		_ = json.Unmarshal(raw, &s)
	default:
		return 0, table.Errorf(table.CodeType, "Amount is not a number or string")
	}
	v, ok := table.ParseFixed(s, 3)
	if !ok {
		return 0, table.Errorf(table.CodeType, "Invalid amount")
	}
	if v < 0 || v > 21e14 {
		return 0, table.Errorf(table.CodeType, "Amount out of range")
	}
	return spending.Feerate(v), nil
}

// Why a feerate is what it is, in Core's words.
const (
	reasonNone     = "None"
	reasonEstimate = "Target 85% Threshold"
	reasonPool     = "Mempool Min Fee"
	reasonFallback = "Fallback fee"
	reasonLeast    = "Minimum Required Fee"
)

// defaultTarget is how soon payments should be mined when nobody says, in blocks.
const defaultTarget = 6

// leastFeerate is the least that wallets pay.
const leastFeerate spending.Feerate = 1000

// feerate is what to pay, and why (Core's GetMinimumFeeRate).
func (n *node) feerate(c *control) (rate spending.Feerate, reason string) {
	st := n.Pool.Stats()
	reason = reasonNone
	if c.feerate != nil {
		if rate = *c.feerate; c.override {
			return rate, reason
		}
	} else {
		target := defaultTarget
		if c.target != nil {
			target = *c.target
		}
		conservative := !c.replaceable()
		if c.conservative != nil {
			conservative = *c.conservative
		}
		reason = reasonEstimate
		if rate = n.estimate(target, conservative); rate == 0 {
			if rate, reason = spending.Feerate(n.Fallback), reasonFallback; rate == 0 {
				return rate, reason
			}
		}
		if least := spending.Feerate(st.Rolling); rate < least {
			rate, reason = least, reasonPool
		}
	}
	if least := max(leastFeerate, spending.Feerate(st.Floor)); rate < least {
		rate, reason = least, reasonLeast
	}
	return rate, reason
}

// estimate is a feerate by the history of fees; 0 when there is no answer.
func (n *node) estimate(target int, conservative bool) spending.Feerate {
	if n.Fees == nil {
		return 0
	}
	rate, _ := n.Fees.Smart(target, conservative)
	return spending.Feerate(max(rate, 0))
}

// discardFeerate is by what change is judged worth keeping.
func (n *node) discardFeerate() spending.Feerate {
	rate := spending.DiscardFeerate
	if est := n.estimate(mostTarget, false); est > 0 {
		rate = min(rate, est)
	}
	return max(rate, n.dustFeerate())
}

// dustFeerate is by what this node judges outputs to be dust.
func (n *node) dustFeerate() spending.Feerate { return spending.Feerate(n.Pool.Stats().DustRate) }

// payable is the feerate to pay, or why there is none.
func (n *node) payable(c *control) (rate spending.Feerate, reason string, err error) {
	rate, reason = n.feerate(c)
	if c.feerate != nil && rate > *c.feerate {
		text := fmt.Sprintf("Fee rate (%v) is lower than the minimum fee rate setting (%v).", *c.feerate, rate)
		if reason == reasonLeast {
			text += fmt.Sprintf("\nConsider modifying -mintxfee (%v) or -minrelaytxfee (%v).", leastFeerate, spending.Feerate(n.Pool.Stats().Floor))
		}
		return 0, "", &feeError{text}
	}
	if reason == reasonFallback && n.Fallback == 0 {
		return 0, "", &feeError{"Fee estimation failed. Fallbackfee is disabled. Wait a few blocks or enable -fallbackfee."}
	}
	return rate, reason, nil
}

// feeError says that no feerate suits; which code that is depends on the method.
type feeError struct{ text string }

func (e *feeError) Error() string { return e.text }

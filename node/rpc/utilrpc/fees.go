package utilrpc

import (
	"context"
	"math"
	"strings"

	"github.com/quernnet/quern/node/fees"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

// Fees is the history of feerates. *fees.Follower satisfies it.
type Fees interface {
	Smart(target int, conservative bool) (feerate int64, within int)
	Raw(target int, share float64, h fees.Horizon) (feerate int64, d fees.Detail)
	Highest(h fees.Horizon) int
}

// Pool says what is asked of transactions that are to wait.
type Pool interface{ Stats() mempool.Stats }

// modes are words about how an estimate is made (Core's FeeModesDetail).
const modes = "The fee estimate mode.\n" +
	"unset, economical, conservative \n" +
	"unset means no mode set (default mode will be used). \n" +
	"economical estimates use a shorter time horizon, making them more\n" +
	"responsive to short-term drops in the prevailing fee market. This mode\n" +
	"potentially returns a lower fee rate estimate.\n" +
	"conservative estimates use a longer time horizon, making them\n" +
	"less responsive to short-term drops in the prevailing fee market. This mode\n" +
	"potentially returns a higher fee rate estimate.\n"

func (n *node) feeMethods() []table.Method {
	target := table.Arg{Name: "conf_target", Kind: table.Integer, Need: true, About: "Confirmation target in blocks (1 - 1008)"}
	return []table.Method{{
		Name: "estimatesmartfee", Category: "util", Pool: true,
		About: "Estimates the approximate fee per kilobyte needed for a transaction to begin\n" +
			"confirmation within conf_target blocks if possible and return the number of blocks\n" +
			"for which the estimate is valid. Uses virtual transaction size as defined\n" +
			"in BIP 141 (witness data is discounted).\n",
		Args: []table.Arg{target, {Name: "estimate_mode", Kind: table.Text, Def: `"economical"`, About: modes}},
		Results: []table.Shape{table.Obj("", "",
			table.Num("feerate", "estimate fee rate in BTC/kvB (only present if no errors were encountered)").Maybe(),
			table.Arr("errors", "Errors encountered during processing (if there are any)", table.Str("", "error")).Maybe(),
			table.Num("blocks", "block number where estimate was found\n"+
				"The request target will be clamped between 2 and the highest target\n"+
				"fee estimation is able to return based on how long it has been running.\n"+
				"An error is returned if not enough transactions and blocks\n"+
				"have been observed to make an estimate for any number of blocks."),
		)},
		Examples: table.Both("estimatesmartfee", "6", "6"), Call: n.estimateSmartFee,
	}, {
		Name: "estimaterawfee", Category: "hidden", Pool: true,
		About: "WARNING: This interface is unstable and may disappear or change!\n" +
			"\nWARNING: This is an advanced API call that is tightly coupled to the specific\n" +
			"implementation of fee estimation. The parameters it can be called with\n" +
			"and the results it returns will change if the internal implementation changes.\n" +
			"\nEstimates the approximate fee per kilobyte needed for a transaction to begin\n" +
			"confirmation within conf_target blocks if possible. Uses virtual transaction size as\n" +
			"defined in BIP 141 (witness data is discounted).\n",
		Args: []table.Arg{target, {Name: "threshold", Kind: table.Number, Def: "0.95", About: "The proportion of transactions in a given feerate range that must have been\n" +
			"confirmed within conf_target in order to consider those feerates as high enough and proceed to check\n" +
			"lower buckets."}},
		Results: []table.Shape{table.Obj("", "Results are returned for any horizon which tracks blocks up to the confirmation target",
			horizonShape("short", "estimate for short time horizon", false),
			horizonShape("medium", "estimate for medium time horizon", true),
			horizonShape("long", "estimate for long time horizon", true),
		)},
		Examples: table.CLI("estimaterawfee", "6 0.9"), Call: n.estimateRawFee,
	}}
}

func horizonShape(key, about string, elide bool) table.Shape {
	fields := []table.Shape{
		table.Num("feerate", "estimate fee rate in BTC/kvB").Maybe(),
		table.Num("decay", "exponential decay (per block) for historical moving average of confirmation data"),
		table.Num("scale", "The resolution of confirmation targets at this time horizon"),
		table.Obj("pass", "information about the lowest range of feerates to succeed in meeting the threshold", rangeShape()...).Maybe(),
		table.Obj("fail", "information about the highest range of feerates to fail to meet the threshold", table.Elided(rangeShape()...)...).Maybe(),
		table.Arr("errors", "Errors encountered during processing (if there are any)", table.Str("error", "")).Maybe(),
	}
	if elide {
		fields = table.Elided(fields...)
	}
	return table.Obj(key, about, fields...).Maybe()
}

func rangeShape() []table.Shape {
	return []table.Shape{
		table.Num("startrange", "start of feerate range"),
		table.Num("endrange", "end of feerate range"),
		table.Num("withintarget", "number of txs over history horizon in the feerate range that were confirmed within target"),
		table.Num("totalconfirmed", "number of txs over history horizon in the feerate range that were confirmed at any point"),
		table.Num("inmempool", "current number of txs in mempool in the feerate range unconfirmed for at least target blocks"),
		table.Num("leftmempool", "number of txs over history horizon in the feerate range that left mempool unconfirmed after target"),
	}
}

// target reads the number of blocks (Core's ParseConfirmTarget).
func (n *node) target(a table.Args) (int, error) {
	most := n.Fees.Highest(fees.Long)
	t := a.Integer(0)
	if t < 1 || t > int64(most) {
		return 0, table.Errorf(table.CodeInvalid, "Invalid conf_target, must be between 1 and %d", most)
	}
	return int(t), nil
}

func (n *node) estimateSmartFee(_ context.Context, a table.Args) (any, error) {
	target, err := n.target(a)
	if err != nil {
		return nil, err
	}
	mode := strings.ToLower(a.Text(1))
	switch mode {
	case "unset", "economical", "conservative":
	default:
		return nil, table.Errorf(table.CodeInvalid, `Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"`)
	}
	out := struct {
		Rate   *view.Coins `json:"feerate,omitempty"`
		Errors []string    `json:"errors,omitempty"`
		Blocks int         `json:"blocks"`
	}{}
	rate, within := n.Fees.Smart(target, mode == "conservative")
	if out.Blocks = within; rate == 0 {
		out.Errors = []string{"Insufficient data or no feerate found"}
		return out, nil
	}
	st := n.Pool.Stats()
	least := view.Coins(max(rate, st.MinFee, st.Floor)) // what pays less is not relayed
	out.Rate = &least
	return out, nil
}

// rangeJSON is a range as Core rounds it: bounds to satoshis, counts to hundredths.
type rangeJSON struct {
	Start  view.Double `json:"startrange"`
	End    view.Double `json:"endrange"`
	Within view.Double `json:"withintarget"`
	Total  view.Double `json:"totalconfirmed"`
	InPool view.Double `json:"inmempool"`
	Left   view.Double `json:"leftmempool"`
}

func newRange(r fees.Range) *rangeJSON {
	count := func(f float64) view.Double { return view.Double(math.Round(f*100) / 100) }
	return &rangeJSON{
		view.Double(math.Round(r.Start)), view.Double(math.Round(r.End)),
		count(r.Within), count(r.Total), count(r.InPool), count(r.Left),
	}
}

type horizonJSON struct {
	Rate   *view.Coins `json:"feerate,omitempty"`
	Decay  view.Double `json:"decay"`
	Scale  int         `json:"scale"`
	Pass   *rangeJSON  `json:"pass,omitempty"`
	Fail   *rangeJSON  `json:"fail,omitempty"`
	Errors []string    `json:"errors,omitempty"`
}

func newHorizon(rate int64, d fees.Detail) *horizonJSON {
	out := &horizonJSON{Decay: view.Double(d.Decay), Scale: d.Scale}
	if rate == 0 {
		out.Fail, out.Errors = newRange(d.Fail), []string{"Insufficient data or no feerate found which meets threshold"}
		return out
	}
	out.Rate, out.Pass = new(view.Coins(rate)), newRange(d.Pass)
	if d.Fail.Start != -1 {
		out.Fail = newRange(d.Fail)
	}
	return out
}

func (n *node) estimateRawFee(_ context.Context, a table.Args) (any, error) {
	target, err := n.target(a)
	if err != nil {
		return nil, err
	}
	var share float64
	if a.Read(1, &share); share < 0 || share > 1 {
		return nil, table.Errorf(table.CodeInvalid, "Invalid threshold")
	}
	out := struct {
		Short  *horizonJSON `json:"short,omitempty"`
		Medium *horizonJSON `json:"medium,omitempty"`
		Long   *horizonJSON `json:"long,omitempty"`
	}{}
	for h, to := range map[fees.Horizon]**horizonJSON{fees.Short: &out.Short, fees.Medium: &out.Medium, fees.Long: &out.Long} {
		if target <= n.Fees.Highest(h) {
			*to = newHorizon(n.Fees.Raw(target, share, h))
		}
	}
	return out, nil
}

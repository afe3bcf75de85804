package chainrpc

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

// blockStats is the result of getblockstats, in the order of Core's fields.
// Amounts are satoshis, feerates satoshis per virtual byte, sizes bytes.
type blockStats struct {
	AvgFee       int64     `json:"avgfee"`
	AvgRate      int64     `json:"avgfeerate"`
	AvgSize      int64     `json:"avgtxsize"`
	Block        wire.Hash `json:"blockhash"`
	Percentiles  [5]int64  `json:"feerate_percentiles"`
	Height       uint32    `json:"height"`
	Ins          int64     `json:"ins"`
	MaxFee       int64     `json:"maxfee"`
	MaxRate      int64     `json:"maxfeerate"`
	MaxSize      int64     `json:"maxtxsize"`
	MedianFee    int64     `json:"medianfee"`
	MedianTime   uint32    `json:"mediantime"`
	MedianSize   int64     `json:"mediantxsize"`
	MinFee       int64     `json:"minfee"`
	MinRate      int64     `json:"minfeerate"`
	MinSize      int64     `json:"mintxsize"`
	Outs         int64     `json:"outs"`
	Subsidy      int64     `json:"subsidy"`
	SegwitSize   int64     `json:"swtotal_size"`
	SegwitWeight int64     `json:"swtotal_weight"`
	SegwitTxs    int64     `json:"swtxs"`
	Time         uint32    `json:"time"`
	TotalOut     int64     `json:"total_out"`
	TotalSize    int64     `json:"total_size"`
	TotalWeight  int64     `json:"total_weight"`
	TotalFee     int64     `json:"totalfee"`
	Txs          int       `json:"txs"`
	Increase     int64     `json:"utxo_increase"`
	SizeIncrease int64     `json:"utxo_size_inc"`
	Actual       int64     `json:"utxo_increase_actual"`
	SizeActual   int64     `json:"utxo_size_inc_actual"`
}

// paid is what a transaction paid for its weight.
type paid struct{ rate, weight int64 }

// coinOverhead is what Core counts of a coin beside its output: outpoint, height and
// whether it is a coinbase's.
const coinOverhead = 36 + 4

func coinSize(o *wire.Out) int64 {
	n := len(o.Script)
	return int64(8 + wire.VarintSize(uint64(n)) + n + coinOverhead)
}

// newBlockStats counts b, which spent these coins.
func newBlockStats(h chain.HeaderInfo, b *wire.Block, spent []consensus.Coin, p *consensus.Params) blockStats {
	s := blockStats{
		Block: h.ID, Height: h.Height, MedianTime: h.Median, Time: h.Time, Txs: len(b.Txs), Subsidy: p.Subsidy(h.Height),
	}
	// Coinbases of these blocks add no coin to the set.
	countless := h.Height == 0 || p.BIP30Exempt[h.Height] == h.ID
	var fees, sizes []int64
	var rates []paid
	for i, t := range b.Txs {
		out := s.outputs(t, i == 0 && countless)
		if i == 0 {
			continue
		}
		in := s.inputs(spent[:len(t.Ins)])
		spent = spent[len(t.Ins):]
		fee, size, weight := in-out, int64(t.Size()), int64(t.Weight())
		rate := fee * consensus.WitnessScale / weight
		s.TotalOut += out
		s.TotalSize += size
		s.TotalWeight += weight
		s.TotalFee += fee
		if t.HasWitness() {
			s.SegwitTxs++
			s.SegwitSize += size
			s.SegwitWeight += weight
		}
		fees, sizes, rates = append(fees, fee), append(sizes, size), append(rates, paid{rate, weight})
	}
	s.Increase = s.Outs - s.Ins
	s.Actual -= s.Ins
	s.summarise(fees, sizes, rates)
	return s
}

// outputs counts a transaction's outputs and returns what they pay.
func (s *blockStats) outputs(t *wire.Tx, countless bool) (sum int64) {
	s.Outs += int64(len(t.Outs))
	for i := range t.Outs {
		o := &t.Outs[i]
		sum += o.Value
		s.SizeIncrease += coinSize(o)
		if !countless && !script.IsUnspendable(o.Script) {
			s.Actual++
			s.SizeActual += coinSize(o)
		}
	}
	return sum
}

// inputs counts what a transaction spends and returns what that is worth.
func (s *blockStats) inputs(spent []consensus.Coin) (sum int64) {
	s.Ins += int64(len(spent))
	for i := range spent {
		sum += spent[i].Value
		s.SizeIncrease -= coinSize(&spent[i].Out)
		s.SizeActual -= coinSize(&spent[i].Out)
	}
	return sum
}

// summarise sorts the values of all transactions but the coinbase.
func (s *blockStats) summarise(fees, sizes []int64, rates []paid) {
	if len(fees) == 0 {
		return
	}
	slices.Sort(fees)
	slices.Sort(sizes)
	slices.SortFunc(rates, func(a, b paid) int { return cmp.Or(cmp.Compare(a.rate, b.rate), cmp.Compare(a.weight, b.weight)) })
	n := int64(len(fees))
	s.AvgFee, s.AvgSize, s.AvgRate = s.TotalFee/n, s.TotalSize/n, s.TotalFee*consensus.WitnessScale/s.TotalWeight
	s.MinFee, s.MedianFee, s.MaxFee = fees[0], median(fees), fees[n-1]
	s.MinSize, s.MedianSize, s.MaxSize = sizes[0], median(sizes), sizes[n-1]
	s.MinRate, s.MaxRate = rates[0].rate, rates[n-1].rate
	s.Percentiles = percentiles(rates, s.TotalWeight)
}

// median of sorted values, rounded towards zero.
func median(sorted []int64) int64 {
	n := len(sorted)
	if n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[n/2]
}

// percentiles are the feerates at which 10, 25, 50, 75 and 90 per cent of the
// weight are passed.
func percentiles(sorted []paid, total int64) (out [5]int64) {
	// In twentieths, so that nothing is rounded.
	marks, next, weight := [5]int64{2, 5, 10, 15, 18}, 0, int64(0)
	for _, p := range sorted {
		weight += p.weight
		for ; next < len(marks) && 20*weight >= marks[next]*total; next++ {
			out[next] = p.rate
		}
	}
	return out
}

func (n *node) blockStatsMethod() table.Method {
	const cli, two = `'"` + exampleBlock + `"' '["minfeerate","avgfeerate"]'`, `["minfeerate","avgfeerate"]`
	return table.Method{
		Name: "getblockstats", Category: "blockchain",
		About: "Compute per block statistics for a given window. All amounts are in satoshis.\nIt won't work for some heights with pruning.\n",
		Args: []table.Arg{
			{Name: "hash_or_height", Kind: table.Integer, Need: true, Loose: true, Types: [2]string{"", "string or numeric"}, About: "The block hash or height of the target block"},
			{Name: "stats", Kind: table.Array, Hint: "all values", Oneline: "stats", About: "Values to plot (see result below)", Fields: []table.Arg{
				{Name: "height", Kind: table.Text, About: "Selected statistic"},
				{Name: "time", Kind: table.Text, About: "Selected statistic"},
			}},
		},
		Results: []table.Shape{table.Obj("", "", blockStatsShape()...)},
		Examples: table.CLI("getblockstats", cli) + table.CLI("getblockstats", "1000 '"+two+"'") +
			table.Curl("getblockstats", `"`+exampleBlock+`", `+two) + table.Curl("getblockstats", "1000, "+two),
		Call: n.getBlockStats,
	}
}

func blockStatsShape() []table.Shape {
	num := func(key, about string) table.Shape { return table.Num(key, about).Maybe() }
	share := func(nth string) table.Shape {
		return table.Num(nth+"_percentile_feerate", "The "+nth+" percentile feerate")
	}
	return []table.Shape{
		num("avgfee", "Average fee in the block"),
		num("avgfeerate", "Average feerate (in satoshis per virtual byte)"),
		num("avgtxsize", "Average transaction size"),
		table.Hex("blockhash", "The block hash (to check for potential reorgs)").Maybe(),
		table.Tuple("feerate_percentiles", "Feerates at the 10th, 25th, 50th, 75th, and 90th percentile weight unit (in satoshis per virtual byte)",
			share("10th"), share("25th"), share("50th"), share("75th"), share("90th")).Maybe(),
		num("height", "The height of the block"),
		num("ins", "The number of inputs (excluding coinbase)"),
		num("maxfee", "Maximum fee in the block"),
		num("maxfeerate", "Maximum feerate (in satoshis per virtual byte)"),
		num("maxtxsize", "Maximum transaction size"),
		num("medianfee", "Truncated median fee in the block"),
		num("mediantime", "The block median time past"),
		num("mediantxsize", "Truncated median transaction size"),
		num("minfee", "Minimum fee in the block"),
		num("minfeerate", "Minimum feerate (in satoshis per virtual byte)"),
		num("mintxsize", "Minimum transaction size"),
		num("outs", "The number of outputs"),
		num("subsidy", "The block subsidy"),
		num("swtotal_size", "Total size of all segwit transactions"),
		num("swtotal_weight", "Total weight of all segwit transactions"),
		num("swtxs", "The number of segwit transactions"),
		num("time", "The block time"),
		num("total_out", "Total amount in all outputs (excluding coinbase and thus reward [ie subsidy + totalfee])"),
		num("total_size", "Total size of all non-coinbase transactions"),
		num("total_weight", "Total weight of all non-coinbase transactions"),
		num("totalfee", "The fee total"),
		num("txs", "The number of transactions (including coinbase)"),
		num("utxo_increase", "The increase/decrease in the number of unspent outputs (not discounting op_return and similar)"),
		num("utxo_size_inc", "The increase/decrease in size for the utxo index (not discounting op_return and similar)"),
		num("utxo_increase_actual", "The increase/decrease in the number of unspent outputs, not counting unspendables"),
		num("utxo_size_inc_actual", "The increase/decrease in size for the utxo index, not counting unspendables"),
	}
}

func (n *node) getBlockStats(_ context.Context, a table.Args) (any, error) {
	h, err := n.hashOrHeight(a.Raw(0))
	if err != nil {
		return nil, err
	}
	chosen := make(map[string]bool)
	for _, raw := range a.List(1) {
		if table.TypeName(raw) != "string" {
			return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
		}
		var name string
		_ = json.Unmarshal(raw, &name)
		chosen[name] = true
	}
	b, spent, err := n.blockAndSpent(h)
	if err != nil {
		return nil, err
	}
	s := newBlockStats(h, b, spent, n.Params)
	if len(chosen) == 0 {
		return s, nil
	}
	return choose(s, chosen)
}

// choose picks fields; encoding/json sorts a map's keys, as Core does.
func choose(s blockStats, names map[string]bool) (any, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	out := make(map[string]json.RawMessage)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		v, ok := all[name]
		if !ok {
			return nil, table.Errorf(table.CodeInvalid, "Invalid selected statistic '%s'", name)
		}
		out[name] = v
	}
	return out, nil
}

// blockAndSpent reads a block and the coins that it spent.
func (n *node) blockAndSpent(h chain.HeaderInfo) (*wire.Block, []consensus.Coin, error) {
	b, err := n.Chain.Block(h.ID)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	spent, err := n.Chain.Spent(h.ID)
	if err != nil {
		return nil, nil, missing(err, "Undo data not available")
	}
	return b, spent, nil
}

// hashOrHeight looks a block up as Core's ParseHashOrHeight does.
func (n *node) hashOrHeight(raw json.RawMessage) (chain.HeaderInfo, error) {
	if table.TypeName(raw) == "number" {
		height, err := table.ParseInteger(raw, 32)
		if err != nil {
			return chain.HeaderInfo{}, err
		}
		if height < 0 {
			return chain.HeaderInfo{}, table.Errorf(table.CodeInvalid, "Target block height %d is negative", height)
		}
		tip := n.Chain.Tip()
		h, ok := n.blockAt(height)
		if !ok {
			return h, table.Errorf(table.CodeInvalid, "Target block height %d after current tip %d", height, tip.Height)
		}
		return h, nil
	}
	if table.TypeName(raw) != "string" {
		return chain.HeaderInfo{}, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
	}
	var text string
	_ = json.Unmarshal(raw, &text)
	id, err := table.ParseHash(text, "hash_or_height")
	if err != nil {
		return chain.HeaderInfo{}, err
	}
	return n.header(id)
}

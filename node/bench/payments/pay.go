package payments

// What payments look like: few inputs and two outputs, now and then coins
// gathered into one, now and then a payment to many.
const (
	gatherPercent = 3
	manyPercent   = 7
	many          = 20
)

// Values, in satoshis.
const (
	poor   = 10_000 // a payment that has less takes another coin
	dust   = 1_000  // no output is worth less, as far as coins go
	topFee = 30     // a virtual byte
)

// pay plans a payment; nil when there are enough, or no coins before the next block.
func (p *planner) pay() *payment {
	left := min(p.c.Inputs-p.inputs, len(p.pool))
	if left <= 0 {
		return nil
	}
	x := p.payment(left)
	p.inputs += len(x.ins)
	return x
}

// payment is one of at most left inputs.
func (p *planner) payment(left int) *payment {
	ins, outs := p.form()
	x := new(payment)
	var sum int64
	for len(x.ins) < left && (len(x.ins) < ins || sum < poor && len(x.ins) < many) {
		c := p.take()
		x.ins = append(x.ins, c)
		sum += c.value
	}
	x.outs = make([]coin, max(1, min(outs, int(sum/(2*dust)))))
	for i := range x.outs {
		x.outs[i] = p.newCoin(0)
	}
	p.share(x, sum)
	return x
}

// form draws how many inputs and outputs a payment has.
func (p *planner) form() (ins, outs int) {
	r := p.below(100)
	switch {
	case r < gatherPercent:
		return many, 1
	case r < gatherPercent+manyPercent:
		outs = many
	default:
		outs = 2
	}
	return 1 + p.below(3), outs
}

// take takes a coin out of the pool, at random, or an old one.
func (p *planner) take() coin {
	if n := len(p.kept); n > 0 && p.below(oldShare) == 0 {
		c := p.kept[n-1]
		p.kept = p.kept[:n-1]
		return c
	}
	i, last := p.below(len(p.pool)), len(p.pool)-1
	c := p.pool[i]
	p.pool[i] = p.pool[last]
	p.pool = p.pool[:last]
	return c
}

// share divides what the inputs are worth among the outputs and the fee.
func (p *planner) share(x *payment, sum int64) {
	need, _ := x.takes()
	fee := int64(need.weight) * int64(1+p.below(topFee)) / 4
	left := sum - min(fee, sum/4)
	for i := range x.outs {
		if others := int64(len(x.outs) - i - 1); others > 0 {
			fair := left / (others + 1)
			v := fair/2 + int64(p.below(int(fair)))
			x.outs[i].value = min(max(v, dust), left-others*dust)
			left -= x.outs[i].value
		} else {
			x.outs[i].value = left
		}
	}
}

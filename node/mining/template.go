package mining

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Chain is what templates need of the chain. *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
	Spends(txs []*wire.Tx) (consensus.State, []consensus.Coin, error)
	TestBlock(ctx context.Context, b *wire.Block, draft bool) error
	TestDraft(ctx context.Context, b *wire.Block, spent []consensus.Coin) error
	AddBlock(ctx context.Context, b *wire.Block) error
}

// Pool is where templates take transactions from. *mempool.Pool satisfies it.
type Pool interface {
	Sync(ctx context.Context) error
	Follow(ctx context.Context) error
	Best(choose func(*mempool.Chunk) mempool.Choice) (tip wire.Hash, sequence uint64)
	Changed() <-chan struct{}
}

// Config is what an Assembler is built from. Zero values mean the defaults.
type Config struct {
	Chain     Chain
	Pool      Pool // nil: blocks have only what is given to Build
	Now       func() time.Time
	MaxWeight int   // of blocks, in weight units; 0: 4,000,000
	MinFee    int64 // satoshis per 1000 vB that a chunk must pay; 0: 1 (Core's), -1: none
	Version   int32 // of blocks; 0: by what they signal
}

// Template is a block that lacks only its proof of work.
type Template struct {
	Block   *wire.Block // header with zero nonce
	Prev    consensus.State
	Fees    []int64 // satoshis, by transaction; the coinbase's is minus what it collects of them
	Sigops  []int   // cost, by transaction
	MinTime uint32  // least time the header may have
	Weight  int     // with what is reserved for header and coinbase, as limits count it

	version  int32
	shown    [][]byte        // by transaction, but the coinbase; see KeeperConfig.ShowTx
	extra    uint64          // the coinbase's extranonce
	Sequence uint64          // of the mempool's newest event that it knows of
	grown    <-chan struct{} // closed when the mempool has changed since; nil: it does not depend on it
	known    bool            // coins were known that the chain was not asked for: it has passed TestDraft, not TestBlock
}

// Height is the block's.
func (t *Template) Height() uint32 { return t.Prev.Height + 1 }

// Assembler builds templates. Safe for concurrent use.
type Assembler struct {
	chain     Chain
	pool      Pool
	now       func() time.Time
	maxWeight int
	minFee    int64
	fixed     int32 // version
	last      atomic.Pointer[Built]
	signals   signals
}

// Built is the size of a template.
type Built struct {
	Weight int // weight units, with what is reserved for header and coinbase
	Txs    int // that were chosen from the mempool
}

// Last is the size of the newest template that somebody got; ok is false before the first.
func (a *Assembler) Last() (b Built, ok bool) {
	if p := a.last.Load(); p != nil {
		return *p, true
	}
	return Built{}, false
}

// MinFee is what a chunk must pay, in satoshis per 1000 virtual bytes.
func (a *Assembler) MinFee() int64 { return a.minFee }

// New builds an assembler.
func New(c Config) (*Assembler, error) {
	if c.Chain == nil {
		return nil, errors.New("mining: no chain given")
	}
	a := &Assembler{chain: c.Chain, pool: c.Pool, now: c.Now, maxWeight: c.MaxWeight, minFee: c.MinFee, fixed: c.Version}
	switch {
	case a.maxWeight == 0:
		a.maxWeight = consensus.MaxWeight
	case a.maxWeight < minReserve || a.maxWeight > consensus.MaxWeight:
		return nil, fmt.Errorf("mining: a block weight of %d is not between %d and %d", a.maxWeight, minReserve, consensus.MaxWeight)
	}
	switch {
	case a.minFee == 0:
		a.minFee = 1
	case a.minFee < 0:
		a.minFee = 0
	}
	if a.now == nil {
		a.now = time.Now
	}
	a.signals = signals{active: c.Chain.ActiveAt, known: make(map[wire.Hash]Stage)}
	return a, nil
}

// What is kept free for header, count and coinbase: Core's defaults.
const (
	minReserve    = 8000 // weight units
	reserveSigops = 400  // cost
)

// MinWeight is the least that a block's weight may be bounded to, in weight units.
const MinWeight = minReserve

// tries is how often Build begins anew when the chain moves under it, or leaves out a transaction
// that the chain refuses.
const tries = 16

// Build puts a block together on the tip that pays script. extra varies the
// coinbase (its extranonce). With a nil txs the mempool chooses; otherwise the
// block holds exactly these, in their order, and their fees are not collected
// (as by Core's generateblock). What it returns has passed TestBlock. The error is a *consensus.RuleError
// when the block would break a rule.
func (a *Assembler) Build(ctx context.Context, script []byte, extra uint64, txs []*wire.Tx) (*Template, error) {
	t, err := a.build(ctx, script, extra, txs, nil)
	if err == nil {
		chosen := 0
		if txs == nil {
			chosen = len(t.Block.Txs) - 1
		}
		a.got(t, chosen)
	}
	return t, err
}

// got notes that somebody got t, for which n transactions were chosen.
func (a *Assembler) got(t *Template, n int) { a.last.Store(&Built{t.Weight, n}) }

// build is Build with parts that were made ahead.
func (a *Assembler) build(ctx context.Context, script []byte, extra uint64, txs []*wire.Tx, ahead *stock) (*Template, error) {
	banned := make(map[wire.Hash]bool)
	for n := 1; ; n++ {
		c, err := a.choose(ctx, script, txs, banned, ahead)
		if err != nil {
			return nil, err
		}
		t := a.assemble(c, script, extra, txs == nil)
		if t.known {
			err = a.chain.TestDraft(ctx, t.Block, spent(c.picked))
		} else {
			err = a.chain.TestBlock(ctx, t.Block, true)
		}
		if err == nil {
			return t, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		moved := a.chain.Tip().ID != c.on.ID
		if n == tries || !moved && !ban(err, txs, c.picked, banned) {
			return nil, fmt.Errorf("mining: block on %v at height %d: %w", c.on.ID, t.Height(), err)
		}
	}
}

// ban leaves out the transaction that err blames. The mempool's judgement should never differ from the
// chain's; if it does, one transaction must not stop all mining.
func ban(err error, txs []*wire.Tx, picked []pick, banned map[wire.Hash]bool) bool {
	var re *consensus.RuleError
	if txs != nil || !errors.As(err, &re) || re.Tx < 1 || re.Tx > len(picked) {
		return false
	}
	banned[picked[re.Tx-1].tx.ID()] = true
	return true
}

// choice is what goes into a block, and on which tip.
type choice struct {
	on       consensus.State
	picked   []pick
	weight   int // with what is reserved
	sequence uint64
	grown    <-chan struct{}
	known    bool // some of picked have their coins
}

// choose returns the tip and the transactions of a block on it.
func (a *Assembler) choose(ctx context.Context, script []byte, txs []*wire.Tx, banned map[wire.Hash]bool, ahead *stock) (choice, error) {
	if txs != nil {
		s, picked, err := a.price(ctx, txs)
		return choice{on: s, picked: picked, weight: minReserve}, err
	}
	if a.pool == nil {
		return choice{on: a.chain.Tip(), weight: minReserve}, nil
	}
	follow := a.pool.Sync
	if ahead != nil {
		follow = a.pool.Follow // whoever waits for a block should not wait for the orphans that it makes ready
	}
	for {
		if err := follow(ctx); err != nil {
			return choice{}, err
		}
		c := choice{on: a.chain.Tip(), grown: a.pool.Changed()}
		b := a.builder(&c.on, script, banned)
		at, seq := a.pool.Best(b.choose)
		if at == c.on.ID {
			c.known = ahead.fill(a, b.picked, at)
			c.picked, c.weight, c.sequence = b.picked, b.weight, seq
			return c, nil
		}
		if err := ctx.Err(); err != nil {
			return choice{}, err
		}
	}
}

// price reckons the fees and sigops of given transactions at the tip.
func (a *Assembler) price(ctx context.Context, txs []*wire.Tx) (consensus.State, []pick, error) {
	var ops []wire.Outpoint
	made := make(map[wire.Outpoint]wire.Out)
	for _, t := range txs {
		for i := range t.Ins {
			ops = append(ops, t.Ins[i].Prev)
		}
	}
	s, coins, err := a.chain.Coins(ops)
	if err != nil {
		return s, nil, fmt.Errorf("mining: coins of the given transactions: %w", err)
	}
	flags := consensus.NextFlags(&s, wire.Hash{})
	picked := make([]pick, len(txs))
	for i, t := range txs {
		spent := coins[:len(t.Ins):len(t.Ins)]
		coins = coins[len(t.Ins):]
		for j := range t.Ins {
			if o, ok := made[t.Ins[j].Prev]; ok {
				spent[j] = consensus.Coin{Out: o, Height: s.Height + 1}
			}
			picked[i].fee += spent[j].Value // of a missing one, which TestBlock will name, nothing
		}
		for j := range t.Outs {
			made[t.Outpoint(j)] = t.Outs[j]
			picked[i].fee -= t.Outs[j].Value
		}
		picked[i].tx, picked[i].sigops = t, consensus.SigopCost(t, spent, flags)
	}
	return s, picked, ctx.Err()
}

// builder is an empty block after s, with room for a coinbase that pays to script.
func (a *Assembler) builder(s *consensus.State, pay []byte, banned map[wire.Hash]bool) *builder {
	c := coinbase(s, pay, 0, 1, nil) // as long as an extranonce makes it
	return &builder{
		weight:    max(minReserve, consensus.WitnessScale*(wire.HeaderSize+9+commitmentSize)+c.Weight()+witnessWeight),
		sigops:    max(reserveSigops, script.Sigops(pay, false)*consensus.WitnessScale),
		maxWeight: a.maxWeight, minFee: a.minFee,
		height: s.Height + 1, median: s.MedianTimePast(), segwit: s.Height+1 >= s.Params.Segwit, banned: banned,
	}
}

// assemble makes a block of what was chosen; collect gives the fees to script.
func (a *Assembler) assemble(c choice, script []byte, extra uint64, collect bool) *Template {
	s, picked := c.on, c.picked
	t := &Template{
		Prev: s, MinTime: MinTime(&s), Fees: make([]int64, 1, 1+len(picked)), Sigops: make([]int, 1, 1+len(picked)),
		shown: make([][]byte, 0, len(picked)), Weight: c.weight, extra: extra, Sequence: c.sequence, grown: c.grown, known: c.known,
	}
	txs := make([]*wire.Tx, 1, len(picked)+1)
	for _, p := range picked {
		txs = append(txs, p.tx)
		t.Fees, t.Sigops, t.shown = append(t.Fees, p.fee), append(t.Sigops, p.sigops), append(t.shown, p.shown)
		if collect {
			t.Fees[0] -= p.fee
		}
	}
	txs[0] = coinbase(&s, script, s.Params.Subsidy(t.Height())-t.Fees[0], extra, nil)
	if t.Height() >= s.Params.Segwit {
		root := consensus.WitnessRoot(&wire.Block{Txs: txs})
		var nonce [wire.HashSize]byte
		txs[0] = coinbase(&s, script, s.Params.Subsidy(t.Height())-t.Fees[0], extra, consensus.WitnessCommitment(root, nonce))
	}
	t.Sigops[0] = consensus.SigopCost(txs[0], nil, consensus.NextFlags(&s, wire.Hash{}))
	t.version = a.version(&s)
	t.seal(txs, max(t.MinTime, clock(a.now())))
	return t
}

// seal makes the block of transactions and a time.
func (t *Template) seal(txs []*wire.Tx, time uint32) {
	ids := make([]wire.Hash, len(txs))
	for i := range txs {
		ids[i] = txs[i].ID()
	}
	root, _ := wire.MerkleRoot(ids)
	t.Block = wire.NewBlock(wire.Header{
		Version: t.version,
		Parent:  t.Prev.ID,
		Merkle:  root,
		Time:    time,
		Bits:    uint32(consensus.NextBits(&t.Prev, time)),
	}, txs)
}

// maxTimeWarp is how many seconds before its parent a period's first block may
// be (BIP94), which Core's templates heed on every chain.
const maxTimeWarp = 600

// Interval is between how many blocks the difficulty is adjusted, where it is adjusted
// at intervals, and 0 elsewhere. On regtest it is not, yet bitcoind reckons with 144.
func Interval(p *consensus.Params) uint32 {
	if p.Name == "regtest" {
		return regtestInterval
	}
	return p.Period
}

const regtestInterval = 144

// MinTime is the least time that a template after s has.
func MinTime(s *consensus.State) uint32 {
	least := s.MedianTimePast() + 1
	if p := Interval(s.Params); p > 0 && (s.Height+1)%p == 0 && s.Time() > maxTimeWarp {
		least = max(least, s.Time()-maxTimeWarp)
	}
	return least
}

func clock(now time.Time) uint32 { return uint32(min(max(now.Unix(), 0), 1<<32-1)) }

const (
	commitmentSize = 8 + 1 + 38     // bytes of the output
	witnessWeight  = 2 + 1 + 1 + 32 // marker, flag, and the nonce as the witness
	extraSize      = 8              // bytes of an extranonce
)

// coinbase pays value to script in the block after s. With a commitment it has the
// output for it and the witness nonce, zeros (BIP141).
func coinbase(s *consensus.State, script []byte, value int64, extra uint64, commitment []byte) *wire.Tx {
	in := wire.In{
		Prev:     wire.Outpoint{Index: wire.CoinbaseIndex},
		Script:   coinbaseScript(s.Height+1, extra),
		Sequence: 0xfffffffe, // so that the lock time counts
	}
	t := &wire.Tx{Version: 2, Outs: []wire.Out{{Value: value, Script: script}}, LockTime: s.Height}
	if commitment != nil {
		in.Witness = [][]byte{make([]byte, wire.HashSize)}
		t.Outs = append(t.Outs, wire.Out{Script: commitment})
	}
	t.Ins = []wire.In{in}
	return t.Seal()
}

// coinbaseScript pushes the height, and the extranonce unless that is 0. Without one it is bitcoind's, to the
// byte: tests know the blocks of a regtest that begins at a given time.
func coinbaseScript(height uint32, extra uint64) []byte {
	b := pushHeight(height)
	switch {
	case extra != 0:
		return binary.LittleEndian.AppendUint64(append(b, extraSize), extra)
	case height <= 16:
		return append(b, 0) // a coinbase's script has at least two bytes
	}
	return b
}

// pushHeight pushes a height as a minimal script number (BIP34).
func pushHeight(h uint32) []byte {
	if h == 0 {
		return []byte{0}
	}
	if h <= 16 {
		return []byte{0x50 + byte(h)}
	}
	b := []byte{0}
	for ; h > 0; h >>= 8 {
		b = append(b, byte(h))
	}
	if b[len(b)-1]&0x80 != 0 {
		b = append(b, 0) // the top bit is the sign
	}
	b[0] = byte(len(b) - 1)
	return b
}

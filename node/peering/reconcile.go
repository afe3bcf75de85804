package peering

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/mempool"
)

// maxKnown is how many short ids a mempoolQuery holds. Where the pool has more,
// it is reconciled a shard at a time.
const maxKnown = 32_768

// mempoolQuery asks for the waiting transactions that the asker lacks. Shard
// says which part of all transactions it is about: those whose short id, modulo
// Shards, is Shard. Known are the short ids of those that the asker has. The
// salt is drawn for each question, so that nobody can prepare two transactions
// that share a short id.
type mempoolQuery struct {
	Salt          uint64
	Shards, Shard uint32
	Known         []uint64
}

// short is a transaction's short id under a salt.
func short(salt uint64, wid wire.Hash) uint64 {
	var b [8 + wire.HashSize]byte
	binary.LittleEndian.PutUint64(b[:], salt)
	copy(b[8:], wid[:])
	sum := sha256.Sum256(b[:])
	return binary.LittleEndian.Uint64(sum[:])
}

// ask puts a question together that tells of es, the pool's transactions.
func ask(salt uint64, es []*mempool.Packed) mempoolQuery {
	q := mempoolQuery{Salt: salt, Shards: 1}
	if len(es) > maxKnown/2 {
		// Twice as many shards as would do, so that chance fills none above the cap.
		q.Shards = uint32(2*len(es)/maxKnown + 1)
		q.Shard = uint32(salt % uint64(q.Shards))
	}
	for i := range es {
		if s := short(salt, es[i].WitnessID()); q.covers(s) && len(q.Known) < maxKnown {
			q.Known = append(q.Known, s)
		}
	}
	return q
}

func (q *mempoolQuery) covers(s uint64) bool { return uint32(s%uint64(q.Shards)) == q.Shard }

// missing lists those of es that the asker lacks, in their order, up to the
// caps of an answer.
func (q *mempoolQuery) missing(es []*mempool.Packed) []*wire.Tx {
	known := q.set()
	var ts []*wire.Tx
	size := 0
	for i := range es {
		if len(ts) == maxMempoolTxs || size >= softTxBytes {
			break
		}
		s := short(q.Salt, es[i].WitnessID())
		if _, has := known[s]; !has && q.covers(s) {
			ts = append(ts, es[i].Decode())
			size += len(es[i].Raw())
		}
	}
	return ts
}

// has lists those of es that the asker has.
func (q *mempoolQuery) has(es []*mempool.Packed) (ids []wire.Hash) {
	if len(es) == 0 {
		return nil
	}
	known := q.set()
	for _, e := range es {
		if _, has := known[short(q.Salt, e.WitnessID())]; has {
			ids = append(ids, e.ID())
		}
	}
	return ids
}

func (q *mempoolQuery) set() map[uint64]struct{} {
	known := make(map[uint64]struct{}, len(q.Known))
	for _, s := range q.Known {
		known[s] = struct{}{}
	}
	return known
}

func (q mempoolQuery) encode() []byte {
	b := make([]byte, 0, 20+8*len(q.Known))
	b = binary.LittleEndian.AppendUint64(b, q.Salt)
	b = binary.LittleEndian.AppendUint32(b, q.Shards)
	b = binary.LittleEndian.AppendUint32(b, q.Shard)
	b = appendCount(b, len(q.Known))
	for _, s := range q.Known {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	return b
}

func decodeMempoolQuery(b []byte) (mempoolQuery, error) {
	f := frame{b: b}
	q := mempoolQuery{Salt: f.uint64("salt"), Shards: f.uint32("shards"), Shard: f.uint32("shard")}
	if f.err == nil && q.Shard >= q.Shards {
		f.fail("shard %d of %d", q.Shard, q.Shards)
	}
	q.Known = make([]uint64, f.count(8, maxKnown, "short ids"))
	for i := range q.Known {
		q.Known[i] = f.uint64("short id")
	}
	return q, f.finish("question for the mempool")
}

// mempoolProtocol repairs what gossip lost.
var mempoolProtocol = gossip.Protocol[mempoolQuery, []*wire.Tx]{
	ID:         "mempool/1",
	MaxRequest: 20 + 8*maxKnown, MaxReply: maxTxReply,
	Timeout: 10 * time.Second,
	Rate:    256 << 10, Burst: 16 << 20, // one a minute is what honest peers ask for
	EncodeQ: mempoolQuery.encode, DecodeQ: decodeMempoolQuery,
	EncodeA: func(ts []*wire.Tx) []byte { return appendTxs(nil, ts) },
	DecodeA: func(b []byte) ([]*wire.Tx, error) { return decodeTxs(b, maxMempoolTxs) },
}

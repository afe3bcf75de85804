package wallet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
)

// Keys of the records in a wallet's journal. Those that end in a slash are
// followed by what they are about.
const (
	metaKey   = "wallet"
	tipKey    = "tip"
	boxKey    = "box"
	wordsKey  = "words"
	formerKey = "former" // a version 1 file's secret, until the password is first given
	activeKey = "active"
	descKey   = "desc/"
	txKey     = "tx/"
	bookKey   = "address/"
	lockKey   = "lock/"
)

// metaRecord says what a wallet is.
type metaRecord struct {
	ID      []byte    `json:"id"` // random, authenticated with every secret
	Chain   string    `json:"chain"`
	Genesis wire.Hash `json:"genesis"`
	Flags   Flags     `json:"flags"`
	Birth   int64     `json:"birth,omitempty"` // Unix seconds; 0: not known
}

// tipRecord is the last block read, and some that were read before, the oldest first.
type tipRecord struct {
	stop
	Before []stop `json:"before,omitempty"`
	Regrow uint32 `json:"regrow,omitempty"` // height that the chain had, where it has gone back and is not so high again
}

// descRecord is a descriptor.
type descRecord struct {
	Text    string       `json:"text"`              // public, with checksum
	Private *secret      `json:"private,omitempty"` // the same with private keys
	Type    *AddressType `json:"type,omitempty"`    // of its addresses; nil for none
	Created int64        `json:"created"`           // Unix seconds
	Start   uint32       `json:"start"`             // first index
	End     uint32       `json:"end"`               // behind the last index
	Next    uint32       `json:"next"`              // first index not yet used
	Order   int64        `json:"order"`             // of entry into the wallet
	Scripts [][][]byte   `json:"scripts,omitempty"` // of each index from Start to End, where only private keys derive them
	Roots   []string     `json:"roots,omitempty"`   // the public forms of the extended keys that the private text has
	Others  []string     `json:"others,omitempty"`  // those of Roots that the text has without a private key
	Plain   []string     `json:"plain,omitempty"`   // of each such index: a descriptor of the script with the public keys; "" for none
}

// activeRecord names the descriptors that give addresses, by AddressType.
type activeRecord struct {
	Receive [addressTypes]string `json:"receive"`
	Change  [addressTypes]string `json:"change"`
}

// txRecord is a transaction.
type txRecord struct {
	Raw        []byte     `json:"raw"` // with witness
	State      state      `json:"state"`
	Block      *wire.Hash `json:"block,omitempty"`
	Height     uint32     `json:"height,omitempty"`
	Index      uint32     `json:"index,omitempty"`
	Order      int64      `json:"order"`
	Received   int64      `json:"received"`
	Smart      int64      `json:"smart"`
	Replaces   *wire.Hash `json:"replaces,omitempty"`
	ReplacedBy *wire.Hash `json:"replaced_by,omitempty"`
	Comment    *string    `json:"comment,omitempty"`
	To         *string    `json:"to,omitempty"`
}

// recordOf encodes a record; what is in one always encodes.
func recordOf(key string, v any) record {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("record %s: %v", key, err))
	}
	return record{key, raw}
}

func (e *entry) record() record {
	r := txRecord{
		Raw: e.tx.Append(nil), State: e.state.atRest(), Height: e.height, Index: e.index, Order: e.order,
		Received: e.received, Smart: e.smart, Replaces: e.replaces, ReplacedBy: e.replacedBy, Comment: e.comment, To: e.to,
	}
	if !e.block.IsZero() {
		r.Block = &e.block
	}
	return recordOf(txKey+e.tx.ID().String(), r)
}

func (r *txRecord) entry() (*entry, error) {
	t, err := wire.DecodeTx(r.Raw)
	if err != nil {
		return nil, err
	}
	e := &entry{
		tx: t, state: r.State, height: r.Height, index: r.Index, order: r.Order, received: r.Received, smart: r.Smart,
		replaces: r.Replaces, replacedBy: r.ReplacedBy, comment: r.Comment, to: r.To,
	}
	if r.Block != nil {
		e.block = *r.Block
	}
	if r.State < inactive || r.State > abandoned || (r.State == confirmed || r.State == conflicted) != (r.Block != nil) {
		return nil, fmt.Errorf("transaction %v cannot be in state %d", t.ID(), r.State)
	}
	return e, nil
}

// records is what a journal says, as read back.
type records map[string]json.RawMessage

func (m records) apply(rs []record) error {
	for _, r := range rs {
		if r.Value == nil || bytes.Equal(r.Value, []byte("null")) {
			delete(m, r.Key)
		} else {
			m[r.Key] = r.Value
		}
	}
	return nil
}

// read decodes one record into v; ok is false when there is none.
func (m records) read(key string, v any) (ok bool, err error) {
	raw, ok := m[key]
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, fmt.Errorf("record %s: %w", key, err)
	}
	return true, nil
}

// under lists the rest of the keys that start with a prefix, sorted.
func (m records) under(prefix string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if rest, ok := strings.CutPrefix(k, prefix); ok {
			out = append(out, rest)
		}
	}
	return out
}

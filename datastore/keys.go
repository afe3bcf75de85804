package datastore

import (
	"encoding/binary"
	"fmt"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus/wire"
)

// The key-value store's layout. Keys are binary after an ASCII prefix, made by
// ds.RawKey because ds.NewKey cleans paths; the guard byte keeps the end from
// being a slash, on which RawKey panics.
//
//	/c/ txid, index (big endian), guard   a coin, see package coins
//	/d/ likewise                          one of the other coin set, see snapshot.go
//	/h/ number (8 bytes, big endian), guard   a header, its mark, and the transactions of
//	                                          its body as a uvarint, if one was ever stored; in the order stored
//	/b/ id, guard   position of a body, see package blocks
//	/u/ id, guard   position of undo data
//	/b-end, /u-end  end of the files
//	/state          tip, number of coins and of headers, which of /c and /d they are in
//	/behind         the other coin set's tip and number, and what it is to prove
//	/pruned         there once bodies were forgotten on purpose
//	/x/name/…       Space(name)
const guard = "\x01"

const (
	headerSpace = "/h"
	spaces      = "/x"
)

var (
	bodySpace = ds.NewKey("/b")
	undoSpace = ds.NewKey("/u")
	stateKey  = ds.NewKey("/state")
	behindKey = ds.NewKey("/behind")
	prunedKey = ds.NewKey("/pruned")

	bodyMount = ds.NewKey("/blocks")
	undoMount = ds.NewKey("/undo")
)

// coinSpace is where the coins of one set are: 0 or 1.
type coinSpace byte

// other is the space that a set in s does not have.
func (s coinSpace) other() coinSpace { return 1 - s }

func (s coinSpace) prefix() string { return [...]string{"/c", "/d"}[s] }

const coinKeySize = 2 + 1 + wire.HashSize + 4 + len(guard)

// key sorts as (txid bytes, index).
func (s coinSpace) key(op wire.Outpoint) ds.Key {
	b := make([]byte, 0, coinKeySize)
	b = append(b, s.prefix()...)
	b = append(b, '/')
	b = append(b, op.TxID[:]...)
	b = binary.BigEndian.AppendUint32(b, op.Index)
	return ds.RawKey(string(append(b, guard...)))
}

func parseCoinKey(k string) (op wire.Outpoint, err error) {
	if len(k) != coinKeySize {
		return op, fmt.Errorf("damaged coin key %q", k)
	}
	b := []byte(k[2+1:])
	copy(op.TxID[:], b)
	op.Index = binary.BigEndian.Uint32(b[wire.HashSize:])
	return op, nil
}

func headerKey(number uint64) ds.Key {
	b := binary.BigEndian.AppendUint64([]byte(headerSpace+"/"), number)
	return ds.RawKey(string(append(b, guard...)))
}

const headerKeySize = len(headerSpace) + 1 + 8 + len(guard)

func parseHeaderKey(k string) (number uint64, err error) {
	if len(k) != headerKeySize {
		return 0, fmt.Errorf("damaged header key %q", k)
	}
	return binary.BigEndian.Uint64([]byte(k[len(headerSpace)+1:])), nil
}

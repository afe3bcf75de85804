package mempool

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// The file is Bitcoin Core's mempool.dat. All integers are little-endian.
//
//	version       uint64: 1, or 2, which has
//	key           a length, 8, and 8 bytes: what follows is XORed with it, by its
//	              place in the file
//	count         uint64, of transactions, parents before children; for each
//	              its encoding with witness, the time it entered (int64, Unix seconds) and
//	              what was added to its fee (int64, satoshis)
//	deltas        a compact size, and for each transaction that does not wait and was given a
//	              fee its id and the satoshis (int64)
//	unbroadcast   a compact size, and ids
const (
	fileV1    = 1
	fileV2    = 2
	keySize   = 8
	maxFileTx = consensus.MaxWeight // bytes; weight is no less than size
)

// FileError says that a file of waiting transactions is not one or is damaged.
type FileError struct{ Detail string }

func (e *FileError) Error() string { return "file of waiting transactions: " + e.Detail }

func damaged(format string, args ...any) error {
	return &FileError{Detail: fmt.Sprintf(format, args...)}
}

// contents is what a file has, the transactions as they wait.
type contents struct {
	txs         []saved
	deltas      map[wire.Hash]int64 // of others
	unbroadcast []wire.Hash
}

// saved is one transaction of a file.
type saved struct {
	raw   []byte
	time  int64 // Unix seconds
	delta int64 // satoshis
}

// contents takes a snapshot for the file.
func (p *Pool) contents() (c contents) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.deltas = maps.Clone(p.deltas)
	for head := range p.graph.order.all {
		for _, e := range head.chunk() {
			c.txs = append(c.txs, saved{e.raw, e.time, p.deltas[e.id]})
			delete(c.deltas, e.id)
			if e.is(flagUnbroadcast) {
				c.unbroadcast = append(c.unbroadcast, e.id)
			}
		}
	}
	return c
}

// Save writes the file now and says where it is. The old one stays until the new one is complete
// and on disk.
func (p *Pool) Save() (path string, err error) {
	if p.file == "" {
		return "", errors.New("mempool: no file was given")
	}
	if !p.isLoaded() {
		return "", errors.New("mempool: the file was not yet read, so it is not overwritten")
	}
	p.saving.Lock()
	defer p.saving.Unlock()
	c := p.contents()
	if err := writeFile(p.file, &c); err != nil {
		return "", fmt.Errorf("mempool: saving: %w", err)
	}
	p.log.Info("waiting transactions saved", "count", len(c.txs), "file", p.file)
	return p.file, nil
}

func (p *Pool) isLoaded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loaded
}

func writeFile(path string, c *contents) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	var key [keySize]byte
	rand.Read(key[:])
	w := bufio.NewWriterSize(f, 1<<16)
	err = c.encode(w, key)
	err = cmp.Or(err, w.Flush(), f.Sync())
	if err = cmp.Or(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return cmp.Or(d.Sync(), d.Close())
}

// encode writes c as version 2.
func (c *contents) encode(out io.Writer, key [keySize]byte) error {
	head := binary.LittleEndian.AppendUint64(nil, fileV2)
	head = append(append(head, keySize), key[:]...)
	if _, err := out.Write(head); err != nil {
		return err
	}
	w := &obfuscator{w: out, key: key, at: len(head)}
	buf := binary.LittleEndian.AppendUint64(nil, uint64(len(c.txs)))
	for _, t := range c.txs {
		buf = append(buf, t.raw...)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(t.time))
		buf = binary.LittleEndian.AppendUint64(buf, uint64(t.delta))
		if err := w.flush(&buf); err != nil {
			return err
		}
	}
	buf = wire.AppendVarint(buf, uint64(len(c.deltas)))
	for _, id := range slices.SortedFunc(maps.Keys(c.deltas), compareIDs) {
		buf = binary.LittleEndian.AppendUint64(append(buf, id[:]...), uint64(c.deltas[id]))
	}
	buf = wire.AppendVarint(buf, uint64(len(c.unbroadcast)))
	for _, id := range slices.SortedFunc(slices.Values(c.unbroadcast), compareIDs) {
		buf = append(buf, id[:]...)
	}
	return w.flush(&buf)
}

func compareIDs(a, b wire.Hash) int { return bytes.Compare(a[:], b[:]) }

// obfuscator XORs what is written or read with a key, by its place in the file.
type obfuscator struct {
	w   io.Writer
	r   io.Reader
	key [keySize]byte
	at  int
}

func (o *obfuscator) apply(b []byte) {
	for i := range b {
		b[i] ^= o.key[(o.at+i)%keySize]
	}
	o.at += len(b)
}

// flush writes b, and empties it.
func (o *obfuscator) flush(b *[]byte) error {
	o.apply(*b)
	_, err := o.w.Write(*b)
	*b = (*b)[:0]
	return err
}

// Read reads what is XORed.
func (o *obfuscator) Read(b []byte) (int, error) {
	n, err := o.r.Read(b)
	o.apply(b[:n])
	return n, err
}

// visitor is told what a file has, in its order.
type visitor struct {
	tx          func(t *wire.Tx, time, delta int64) error
	delta       func(id wire.Hash, satoshis int64)
	unbroadcast func(id wire.Hash)
}

// decode reads a file of either version. What it gave the visitor before an error was sound.
func decode(in io.Reader, v visitor) error {
	r, err := open(in)
	if err != nil {
		return err
	}
	d := &decoder{r: r}
	count := d.uint64("the number of transactions")
	for i := uint64(0); i < count && d.err == nil; i++ {
		t := d.tx()
		time, delta := int64(d.uint64("a time")), int64(d.uint64("a fee"))
		if d.err != nil {
			return fmt.Errorf("transaction %d of %d: %w", i+1, count, d.err)
		}
		if err := v.tx(t, time, delta); err != nil {
			return err
		}
	}
	for n := d.varint("the number of fees"); n > 0 && d.err == nil; n-- {
		if id, fee := d.hash("a fee's id"), int64(d.uint64("a fee")); d.err == nil {
			v.delta(id, fee)
		}
	}
	for n := d.varint("the number of unsent transactions"); n > 0 && d.err == nil; n-- {
		if id := d.hash("an unsent transaction's id"); d.err == nil {
			v.unbroadcast(id)
		}
	}
	return d.err
}

// open reads the version and the key.
func open(in io.Reader) (*bufio.Reader, error) {
	d := &decoder{r: bufio.NewReaderSize(in, maxFileTx+1<<16)}
	version := d.uint64("the version")
	switch {
	case d.err != nil:
		return nil, d.err
	case version == fileV1:
		return d.r, nil
	case version != fileV2:
		return nil, damaged("version %d, this program reads 1 and 2", version)
	}
	o := &obfuscator{r: d.r, at: 8 + 1 + keySize}
	if size := d.varint("the key's length"); d.err == nil && size != keySize {
		return nil, damaged("a key of %d bytes, not %d", size, keySize)
	}
	copy(o.key[:], d.take(keySize, "the key"))
	return bufio.NewReaderSize(o, maxFileTx+1<<16), d.err
}

// decoder reads parts of a file until one fails.
type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) take(n int, what string) []byte {
	b := make([]byte, n)
	if d.err == nil {
		if _, err := io.ReadFull(d.r, b); err != nil {
			d.err = truncated(err, what)
		}
	}
	return b
}

func (d *decoder) uint64(what string) uint64 { return binary.LittleEndian.Uint64(d.take(8, what)) }

func (d *decoder) hash(what string) wire.Hash { return wire.Hash(d.take(wire.HashSize, what)) }

func (d *decoder) varint(what string) uint64 {
	b := d.take(1, what)
	if b[0] < 0xfd {
		return uint64(b[0])
	}
	b = append(b, d.take(2<<(b[0]-0xfd), what)...)
	v, _ := readVarint(b, 0)
	return v
}

// tx reads a transaction, whose length is known only once it was parsed.
func (d *decoder) tx() *wire.Tx {
	for n := 1 << 10; d.err == nil; n *= 4 {
		head, err := d.r.Peek(min(n, maxFileTx))
		size, bad := wire.CutTx(head)
		if bad == nil {
			t, err := wire.DecodeTx(d.take(size, "a transaction"))
			if err != nil {
				d.err = damaged("%v", err)
			}
			return t
		}
		switch {
		case errors.Is(err, io.EOF):
			d.err = damaged("it ends within a transaction, or there is none: %v", bad)
		case err != nil:
			d.err = err
		case n >= maxFileTx:
			d.err = damaged("no transaction of at most %d bytes: %v", maxFileTx, bad)
		}
	}
	return nil
}

func truncated(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends within %s", what)
	}
	return err
}

package wallet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"

	"github.com/quernnet/quern/datastore/failpoint"
)

// A wallet at rest is a journal: a line that names the format, then frames. A
// frame is one change of the wallet: a JSON array of records behind a head with its
// length and checksums. What a key's last record says is true; one without a
// value removes it. So a block that pays the wallet costs a few hundred bytes,
// however many transactions there are, and a change is there as a whole or not at
// all.
//
// Frames that later ones overrule are dead. When most of the file is, it is
// written anew beside the old one and moved over it.
//
// A crash can cut only the last frame short, and leaves zeros in whole sectors of the
// disk that were not written. Heads lie on multiples of 16 bytes, so that no sector ends
// within one, and JSON has no zeros: thus what a crash left is told from damage, where something
// that was acknowledged is no longer what it was.
const (
	journalHead = "quern wallet v2\n"
	frameHead   = 16 // length, "qwf\n", CRC-32C of the payload, CRC-32C of those three; little endian
	frameMark   = 0x0a667771
	sectorSize  = 512       // bytes that a disk writes as a whole, at least
	maxFrame    = 256 << 20 // bytes
	minDead     = 1 << 20   // bytes that are not worth a rewrite
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is a key and its new value; nil removes the key.
type record struct {
	Key   string          `json:"k"`
	Value json.RawMessage `json:"v,omitempty"`
}

// journal is an open wallet file. It is not safe for concurrent use.
//
// size is where the last whole frame ends; nothing behind it counts. broken is
// set when the file may hold something there that could not be cut off: then nothing more
// may be appended, or it would be lost behind it.
type journal struct {
	disk   disk
	path   string
	file   diskFile
	size   int64
	fresh  int64 // size after the last rewrite
	broken error
}

// encodeFrame puts records into a frame, filled up with empty lines.
func encodeFrame(rs []record) ([]byte, error) {
	payload, err := json.Marshal(rs)
	if err != nil {
		return nil, err
	}
	if len(payload) > maxFrame {
		return nil, fmt.Errorf("a change of %d bytes is more than the %d that one may have", len(payload), maxFrame)
	}
	for len(payload)%frameHead != 0 {
		payload = append(payload, '\n')
	}
	frame := make([]byte, frameHead, frameHead+len(payload))
	binary.LittleEndian.PutUint32(frame, uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[4:], frameMark)
	binary.LittleEndian.PutUint32(frame[8:], crc32.Checksum(payload, castagnoli))
	binary.LittleEndian.PutUint32(frame[12:], crc32.Checksum(frame[:12], castagnoli))
	return append(frame, payload...), nil
}

// frameState is what the bytes at a frame's place are.
type frameState int

const (
	whole frameState = iota
	torn             // by a crash, or the end of the file
	damaged
)

// nextFrame looks at the frame that b starts with, which is at an offset of the file.
func nextFrame(b []byte, at int) (payload []byte, st frameState) {
	if len(b) < frameHead || isZero(b[:frameHead]) {
		return nil, torn
	}
	n := binary.LittleEndian.Uint32(b)
	if crc32.Checksum(b[:12], castagnoli) != binary.LittleEndian.Uint32(b[12:]) || n > maxFrame || n%frameHead != 0 ||
		binary.LittleEndian.Uint32(b[4:]) != frameMark {
		return nil, damaged
	}
	payload = b[frameHead:]
	if len(payload) < int(n) {
		return nil, torn
	}
	payload = payload[:n]
	switch {
	case crc32.Checksum(payload, castagnoli) == binary.LittleEndian.Uint32(b[8:]):
		return payload, whole
	case hasHole(payload, at+frameHead):
		return nil, torn
	default:
		return nil, damaged
	}
}

// hasHole says whether the part of b in some sector is zero; at is b's offset.
func hasHole(b []byte, at int) bool {
	for len(b) > 0 {
		n := min(sectorSize-at%sectorSize, len(b))
		if isZero(b[:n]) {
			return true
		}
		b, at = b[n:], at+n
	}
	return false
}

func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// errDamaged says that a file holds what no crash can have left.
var errDamaged = errors.New("the file is damaged: restore it from a backup or from its words")

// errNoJournal says that a file is something else.
var errNoJournal = errors.New("it is no wallet of Quern's, or of a version that this program does not know")

// decodeJournal calls f with the records of each whole frame and returns where
// the last one ends. A frame that a crash cut short is left out: nobody was
// told of it.
func decodeJournal(b []byte, f func([]record) error) (size int64, err error) {
	rest, ok := bytes.CutPrefix(b, []byte(journalHead))
	if !ok {
		return 0, errNoJournal
	}
	for len(rest) > 0 {
		payload, st := nextFrame(rest, len(b)-len(rest))
		if st == torn && !hasFrame(rest[min(len(rest), frameHead):]) {
			break
		}
		if st != whole {
			return 0, fmt.Errorf("at byte %d: %w", len(b)-len(rest), errDamaged)
		}
		var rs []record
		if err := json.Unmarshal(payload, &rs); err != nil {
			return 0, fmt.Errorf("at byte %d: %w", len(b)-len(rest), err)
		}
		if err := f(rs); err != nil {
			return 0, err
		}
		rest = rest[frameHead+len(payload):]
	}
	return int64(len(b) - len(rest)), nil
}

// hasFrame says whether there is a whole frame anywhere in b, whose start lies on a
// multiple of 16 bytes.
func hasFrame(b []byte) bool {
	for ; len(b) >= frameHead; b = b[frameHead:] {
		if _, st := nextFrame(b, 0); st == whole {
			return true
		}
	}
	return false
}

// createJournal makes a new file that holds rs; its folder must exist.
func createJournal(d disk, path string, rs []record) (*journal, error) {
	j := &journal{disk: d, path: path}
	return j, j.rewrite(rs)
}

// openJournal reads a file and calls f with its changes, oldest first.
func openJournal(d disk, path string, f func([]record) error) (*journal, error) {
	file, err := d.Open(path, false)
	if err != nil {
		return nil, err
	}
	j := &journal{disk: d, path: path, file: file}
	b, err := file.ReadAll()
	if err == nil {
		j.size, err = decodeJournal(b, f)
	}
	if err == nil && j.size < int64(len(b)) {
		err = errors.Join(file.Truncate(j.size), file.Sync())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	j.fresh = j.size
	return j, nil
}

// append makes a change durable.
func (j *journal) append(rs ...record) error {
	if j.broken != nil {
		return j.broken
	}
	frame, err := encodeFrame(rs)
	if err != nil {
		return fmt.Errorf("wallet file: %w", err)
	}
	failpoint.Hit(failpoint.BeforeWallet)
	_, err = j.file.WriteAt(frame, j.size)
	failpoint.Hit(failpoint.AfterWallet)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		err = fmt.Errorf("wallet file: %w", err)
		if cut := errors.Join(j.file.Truncate(j.size), j.file.Sync()); cut != nil {
			j.broken = fmt.Errorf("%s cannot be written until it has been loaded again: %w", j.path, err)
		}
		return err
	}
	j.size += int64(len(frame))
	return nil
}

// crowded says that a rewrite is worth it.
func (j *journal) crowded() bool { return j.size > 2*j.fresh+minDead }

// rewrite replaces the file by one that holds only rs: at every moment either
// the old or the new one is there, whole.
func (j *journal) rewrite(rs []record) error {
	if err := j.replace(rs); err != nil {
		return fmt.Errorf("wallet file: %w", err)
	}
	return nil
}

func (j *journal) replace(rs []record) error {
	part := j.path + ".part"
	failpoint.Hit(failpoint.BeforeWallet)
	file, size, err := writeJournal(j.disk, part, rs)
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.AfterWallet)
	if err := j.disk.Rename(part, j.path); err != nil {
		return errors.Join(err, file.Close(), j.disk.Remove(part))
	}
	failpoint.Hit(failpoint.WalletMoved)
	old := j.file
	j.file, j.size, j.fresh, j.broken = file, size, size, nil
	if err := j.disk.SyncDir(filepath.Dir(j.path)); err != nil {
		j.broken = err // after a crash the old file may be back, without what would be appended
		return err
	}
	if old != nil {
		return old.Close()
	}
	return nil
}

// writeJournal writes a file that holds rs and is durable, but for its name.
func writeJournal(d disk, path string, rs []record) (diskFile, int64, error) {
	if err := d.Remove(path); err != nil {
		return nil, 0, err
	}
	file, err := d.Open(path, true)
	if err != nil {
		return nil, 0, err
	}
	size := int64(0)
	put := func(b []byte) error {
		n, err := file.WriteAt(b, size)
		size += int64(n)
		return err
	}
	err = put([]byte(journalHead))
	for len(rs) > 0 && err == nil {
		// Frames of many records, none of them near the limit.
		n := min(len(rs), 256)
		var frame []byte
		if frame, err = encodeFrame(rs[:n]); err == nil {
			err = put(frame)
		}
		rs = rs[n:]
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close(), d.Remove(path))
	}
	return file, size, nil
}

func (j *journal) close() error { return j.file.Close() }

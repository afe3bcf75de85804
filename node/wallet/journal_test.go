package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// ram is a disk that loses its power: what was not synced is gone, or partly
// there. Before each change it calls fault, which may refuse it.
type ram struct {
	files   map[string]*ramFile // as programs see them
	names   map[string]*ramFile // as they are after a loss of power, until the folder is synced
	changes int
	fault   func(change int) error
}

// ramFile is a file: what was written, and what of it is durable.
type ramFile struct {
	disk        *ram
	now, synced []byte
}

func newRAM() *ram {
	return &ram{files: map[string]*ramFile{}, names: map[string]*ramFile{}, fault: func(int) error { return nil }}
}

func (d *ram) change() error {
	d.changes++
	return d.fault(d.changes)
}

func (d *ram) Open(path string, create bool) (diskFile, error) {
	f := d.files[path]
	switch {
	case !create && f == nil:
		return nil, fs.ErrNotExist
	case create && f != nil:
		return nil, fs.ErrExist
	case create:
		if err := d.change(); err != nil {
			return nil, err
		}
		f = &ramFile{disk: d}
		d.files[path] = f
	}
	return f, nil
}

func (d *ram) Rename(from, to string) error {
	if err := d.change(); err != nil {
		return err
	}
	d.files[to] = d.files[from]
	delete(d.files, from)
	return nil
}

func (d *ram) Remove(path string) error {
	if err := d.change(); err != nil {
		return err
	}
	delete(d.files, path)
	return nil
}

func (d *ram) SyncDir(string) error {
	if err := d.change(); err != nil {
		return err
	}
	d.names = maps.Clone(d.files)
	return nil
}

func (f *ramFile) ReadAll() ([]byte, error) { return slices.Clone(f.now), nil }

func (f *ramFile) WriteAt(p []byte, at int64) (int, error) {
	err := f.disk.change()
	if err != nil {
		p = p[:len(p)/2] // a disk that is full took some of it
	}
	f.now = append(f.now, make([]byte, max(0, int(at)+len(p)-len(f.now)))...)
	copy(f.now[at:], p)
	return len(p), err
}

func (f *ramFile) Truncate(size int64) error {
	if err := f.disk.change(); err != nil {
		return err
	}
	f.now = f.now[:size]
	return nil
}

func (f *ramFile) Sync() error {
	if err := f.disk.change(); err != nil {
		return err
	}
	f.synced = slices.Clone(f.now)
	return nil
}

func (f *ramFile) Close() error { return nil }

// lose is the disk after a loss of power. Names are as of the last sync of the
// folder, or with late as they were set; of what was not synced each sector is
// there or zero, as the dice fall, and the end may be missing.
func (d *ram) lose(r *rand.Rand, late bool) *ram {
	out := newRAM()
	names := d.names
	if late {
		names = d.files
	}
	for path, f := range names {
		b := slices.Clone(f.now)
		for at := 0; at < len(b); at += 512 {
			end := min(at+512, len(b))
			if r.IntN(2) == 0 {
				clear(b[at:end])
				copy(b[at:end], f.synced[min(at, len(f.synced)):])
			}
		}
		b = b[:max(len(f.synced), len(b)-r.IntN(len(b)-min(len(b), len(f.synced))+1))]
		if len(f.now) < len(f.synced) {
			b = slices.Clone(f.synced)
		}
		out.files[path] = &ramFile{disk: out, now: b, synced: slices.Clone(b)}
	}
	out.names = maps.Clone(out.files)
	return out
}

// told is a value whose size makes frames of several sectors.
func told(n int) json.RawMessage {
	return fmt.Appendf(nil, `{"n":%d,"pad":"%s"}`, n, bytes.Repeat([]byte{'x'}, n*37%1500))
}

// story writes changes to a journal, and calls done after each that was acknowledged. Every fifth
// one is a rewrite.
func story(d *ram, path string, done func(n int)) error {
	j, err := createJournal(d, path, []record{{"n", told(0)}})
	if err != nil {
		return err
	}
	done(0)
	for n := 1; n < 14; n++ {
		rs := []record{{"n", told(n)}, {fmt.Sprint("k", n%3), told(n)}}
		if n%5 == 0 {
			err = j.rewrite(rs[:1])
		} else {
			err = j.append(rs...)
		}
		if err != nil {
			return err
		}
		done(n)
	}
	return j.close()
}

var errPower = errors.New("no power")

// Whenever the power goes, the wallet's file holds the last change that was acknowledged, or
// the one after it, and nothing is half there.
func TestPowerLoss(t *testing.T) {
	path := filepath.Join("w", fileName)
	whole := newRAM()
	if err := story(whole, path, func(int) {}); err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= whole.changes; at++ {
		for seed := range uint64(12) {
			d, last := newRAM(), -1
			d.fault = func(n int) error {
				if n >= at {
					return errPower
				}
				return nil
			}
			if err := story(d, path, func(n int) { last = n }); !errors.Is(err, errPower) {
				t.Fatalf("change %d: %v", at, err)
			}
			after := d.lose(rand.New(rand.NewPCG(seed, uint64(at))), seed%2 == 1)
			all := records{}
			j, err := openJournal(after, path, all.apply)
			if errors.Is(err, fs.ErrNotExist) && last < 0 {
				continue
			}
			if err != nil {
				t.Fatalf("power lost before change %d, seed %d, after %d was told: %v", at, seed, last, err)
			}
			n := -1
			for i := range 14 {
				if bytes.Equal(all["n"], told(i)) {
					n = i
				}
			}
			if n != last && n != last+1 {
				t.Errorf("power lost before change %d, seed %d: the file says %d, told was %d", at, seed, n, last)
			}
			if k, ok := all[fmt.Sprint("k", n%3)]; n%5 != 0 && (!ok || !bytes.Equal(k, told(n))) {
				t.Errorf("power lost before change %d, seed %d: change %d is half there", at, seed, n)
			}
			// And what is written next is there, too.
			if err := errors.Join(j.append(record{"next", told(1)}), j.close()); err != nil {
				t.Fatal(err)
			}
			again := records{}
			if _, err := openJournal(after, path, again.apply); err != nil || again["next"] == nil {
				t.Fatalf("after a loss before change %d, seed %d: %v", at, seed, err)
			}
		}
	}
}

// A disk that refuses one change loses nothing, then or later.
func TestFullDisk(t *testing.T) {
	path := filepath.Join("w", fileName)
	d := newRAM()
	j, err := createJournal(d, path, []record{{"n", told(0)}})
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for n := 1; n < 40; n++ {
		refused := d.changes + 1 + n%3
		d.fault = func(c int) error {
			if c == refused {
				return errPower
			}
			return nil
		}
		f := j.append
		if n%4 == 0 {
			f = func(rs ...record) error { return j.rewrite(rs) }
		}
		err := f(record{"n", told(n)})
		d.fault = func(int) error { return nil }
		if err == nil {
			want = n
		}
		if j.broken != nil {
			if j, err = openJournal(d, path, records{}.apply); err != nil {
				t.Fatal(err)
			}
		}
		all := records{}
		if _, err := openJournal(d, path, all.apply); err != nil {
			t.Fatalf("change %d: %v", n, err)
		}
		if !bytes.Equal(all["n"], told(want)) && !bytes.Equal(all["n"], told(n)) {
			t.Fatalf("change %d: the file says %.20s, want %d", n, all["n"], want)
		}
		if bytes.Equal(all["n"], told(n)) {
			want = n
		}
	}
}

// Every bit of a file counts.
func TestFlippedBits(t *testing.T) {
	path := filepath.Join("w", fileName)
	d := newRAM()
	if err := story(d, path, func(int) {}); err != nil {
		t.Fatal(err)
	}
	good := d.files[path].now
	for i := range len(good) * 8 {
		bad := slices.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := decodeJournal(bad, records{}.apply); err == nil {
			t.Errorf("bit %d of byte %d, %q, goes unseen", i%8, i/8, good[i/8])
		}
	}
}

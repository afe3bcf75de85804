package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/node/rpc/table"
)

// outcome is what a flipped bit came to.
type outcome string

const (
	harmless outcome = "harmless" // all that can be asked for is as before
	repaired outcome = "repaired" // an error said so, and --reindex, with blocks that came anew, brought it back
	refused  outcome = "refused"  // an error said so, and what to do
	older    outcome = "older"    // an earlier state, whole, and blocks that came anew bring it up
	silent   outcome = "SILENT"   // something is wrong, and nobody said so
	useless  outcome = "USELESS"  // an error does not say what to do, or doing it does not help
)

// flipBits flips one bit of one file of a node's folder, many times, and sees
// what the binary makes of it.
func (l *lab) flipBits(ctx context.Context) error {
	base := l.newTrial(3)
	base.dir, base.wallet, base.made = filepath.Join(l.dir, "base"), true, true
	base.trace = chaintest.NewTrace(chaintest.TraceConfig{Seed: 3, Deep: 20, Grow: 140, Rest: 20, Pads: 1, Pay: l.paid})
	if err := l.furnishAll(ctx, base); err != nil {
		return err
	}
	files, err := filesOf(base.dir)
	if err != nil {
		return err
	}
	// The same bits for the same number of flips, whatever the order of work.
	rng := rand.New(rand.NewPCG(uint64(l.flips), 0x666c6970))
	type flip struct {
		file string
		bit  int64
	}
	var work []flip
	for i := range l.flips {
		f := files[i%len(files)]
		info, err := os.Stat(filepath.Join(base.dir, f))
		if err != nil {
			return err
		}
		if info.Size() > 0 {
			work = append(work, flip{f, rng.Int64N(8 * info.Size())})
		}
	}
	counts := make(map[string]map[outcome]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan int)
	for range l.jobs {
		wg.Go(func() {
			for i := range next {
				f := work[i]
				out, why := l.flip(ctx, base, i, f.file, f.bit)
				mu.Lock()
				k := kindOf(f.file)
				if counts[k] == nil {
					counts[k] = make(map[outcome]int)
				}
				counts[k][out]++
				mu.Unlock()
				if l.verbose || out == silent || out == useless {
					fmt.Fprintf(os.Stderr, "%s bit %d: %s: %v\n", f.file, f.bit, out, why)
				}
			}
		})
	}
	for i := range work {
		next <- i
	}
	close(next)
	wg.Wait()
	return printFlips(counts)
}

func printFlips(counts map[string]map[outcome]int) error {
	outcomes := []outcome{harmless, repaired, refused, older, silent, useless}
	fmt.Printf("%-24s", "")
	for _, o := range outcomes {
		fmt.Printf("%10s", o)
	}
	fmt.Println()
	bad := 0
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		fmt.Printf("%-24s", k)
		for _, o := range outcomes {
			fmt.Printf("%10d", counts[k][o])
		}
		fmt.Println()
		bad += counts[k][silent] + counts[k][useless]
	}
	if bad > 0 {
		return fmt.Errorf("%d flipped bits are not dealt with", bad)
	}
	return nil
}

// settings is a file such as a user writes.
const settings = "[datastore]\ncache = \"8MiB\"\n\n[mempool]\nmin_fee = 200\nexpiry = \"100h\"\n\n[alarm]\nreorg = 20\n\n[log]\nlevel = \"info\"\n"

// furnishAll makes a folder with one of each file that a node keeps. Its
// database has been opened more than once, so that it has files of all kinds.
func (l *lab) furnishAll(ctx context.Context, t *trial) error {
	if err := t.furnish(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(t.dir, "quern.toml"), []byte(settings), 0o600); err != nil {
		return err
	}
	for range 2 {
		n, err := t.start(t.dir, nil)
		if err != nil {
			return err
		}
		err = n.ready(ctx)
		if err == nil {
			err = t.feed(ctx, n, life{way: atPoint})
		}
		if err == nil {
			_, err = t.coins(ctx, n, "none")
		}
		if err == nil {
			err = n.call(ctx, "quern.wallet.address", nil)
		}
		if err := errors.Join(err, n.stop()); err != nil {
			return fmt.Errorf("a folder to flip bits of: %w", err)
		}
	}
	t.acked, t.given = len(t.trace.Steps), len(t.trace.Steps)
	return nil
}

func filesOf(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		files = append(files, rel)
		return err
	})
	return files, err
}

// kindOf is a file's name without its number.
func kindOf(file string) string {
	base := filepath.Base(file)
	if strings.HasSuffix(filepath.Dir(file), "kv") {
		switch {
		case strings.HasSuffix(base, ".sst"):
			return "kv: *.sst"
		case strings.HasSuffix(base, ".log"):
			return "kv: *.log"
		}
		return "kv: " + strings.TrimRight(base, "0123456789")
	}
	return base
}

// flip tries one bit.
func (l *lab) flip(ctx context.Context, base *trial, i int, file string, bit int64) (outcome, error) {
	t := *base
	t.dir, t.told1 = filepath.Join(l.dir, fmt.Sprint("flip-", i)), maps.Clone(base.told1)
	defer func() {
		if !l.keep {
			_ = os.RemoveAll(t.dir)
			_ = os.Remove(t.dir + ".log")
		}
	}()
	if err := os.CopyFS(t.dir, os.DirFS(base.dir)); err != nil {
		return useless, err
	}
	path := filepath.Join(t.dir, file)
	b, err := os.ReadFile(path)
	if err != nil {
		return useless, err
	}
	b[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return useless, err
	}
	out, why := t.judge(ctx)
	if why == nil || out == silent {
		return out, why
	}
	// Somebody said something. It must be of help.
	said, err := os.ReadFile(t.dir + ".log")
	if err != nil {
		return useless, err
	}
	if words := fmt.Sprint(why, string(said)); strings.Contains(words, "--reindex") {
		if err := t.repair(ctx); err != nil {
			return useless, fmt.Errorf("after %w: %w: %s", why, err, lastLine(string(said)))
		}
		return repaired, fmt.Errorf("%w: %.300s", why, lastLine(string(said)))
	} else if strings.Contains(words, filepath.Base(file)) || strings.Contains(words, "--datadir") || strings.Contains(words, "configuration: ") {
		return refused, fmt.Errorf("%s", lastLine(string(said)))
	}
	return useless, fmt.Errorf("%w: %s", why, lastLine(string(said)))
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// judge starts a node on a folder and asks for all that it has. An error with
// another outcome than silent is the node's own.
func (t *trial) judge(ctx context.Context) (outcome, error) {
	n, err := t.start(t.dir, nil)
	if err != nil {
		return useless, err
	}
	defer n.kill()
	if err := n.ready(ctx); err != nil {
		return refused, err
	}
	s, err := t.coins(ctx, n, "muhash")
	var answer *table.Error
	if errors.As(err, &answer) || errors.Is(err, errDied) {
		return repaired, err
	}
	if err != nil {
		return silent, err
	}
	if s.Best != t.trace.Tip {
		t.acked, t.given = 0, 0
		if err := t.feed(ctx, n, life{way: atPoint}); err != nil {
			return silent, fmt.Errorf("fed anew: %w", err)
		}
		if s, err = t.coins(ctx, n, "muhash"); err != nil || s.Best != t.trace.Tip {
			return silent, fmt.Errorf("fed anew it is at %v: %w", s.Best, err)
		}
		return older, nil
	}
	if err := t.readAll(ctx, n); err != nil {
		if errors.As(err, &answer) || errors.Is(err, errDied) {
			return repaired, err
		}
		return silent, err
	}
	if err := t.money(ctx, n); err != nil {
		return silent, err
	}
	return harmless, nil
}

// readAll reads every body and all undo data.
func (t *trial) readAll(ctx context.Context, n *node) error {
	for i, s := range t.trace.Steps {
		b := s.Block
		if _, valid := t.trace.After[b.ID()]; !valid || s.Header {
			continue
		}
		var raw string
		if err := n.call(ctx, "getblock", &raw, b.ID().String(), 0); err != nil {
			return fmt.Errorf("block %v of step %d: %w", b.ID(), i, err)
		}
		if raw != hex.EncodeToString(b.Bytes()) {
			return fmt.Errorf("block %v of step %d is another", b.ID(), i)
		}
	}
	var id string
	if err := n.call(ctx, "getblockhash", &id, 1); err != nil {
		return err
	}
	if err := n.call(ctx, "invalidateblock", nil, id); err != nil {
		return fmt.Errorf("back to the first block: %w", err)
	}
	if err := n.call(ctx, "reconsiderblock", nil, id); err != nil {
		return fmt.Errorf("forth again: %w", err)
	}
	s, err := t.coins(ctx, n, "muhash")
	if err == nil && s.Best != t.trace.Tip {
		err = fmt.Errorf("back and forth it is at %v", s.Best)
	}
	return err
}

// repair does what the message says, and gives the node what its peers would.
func (t *trial) repair(ctx context.Context) error {
	n, err := t.start(t.dir, nil, "--reindex")
	if err != nil {
		return err
	}
	defer n.kill()
	if err := n.ready(ctx); err != nil {
		return err
	}
	t.acked, t.given, t.height = 0, 0, 0
	if err := t.feed(ctx, n, life{way: atPoint}); err != nil {
		return err
	}
	for end := time.Now().Add(patience); ; {
		s, err := t.coins(ctx, n, "muhash")
		if err != nil {
			return err
		}
		if s.Best == t.trace.Tip {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("it stays at %v, height %d", s.Best, s.Height)
		}
	}
	if err := t.readAll(ctx, n); err != nil {
		return err
	}
	return n.stop()
}

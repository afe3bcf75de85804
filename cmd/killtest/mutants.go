package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quernnet/quern/datastore/failpoint"
)

// mutant is a build that flushes wrongly. If no seed fails on it, the seeds
// prove nothing.
type mutant struct {
	name  string
	file  string
	edits [][2]string // what stands in the file once, and what is put there
}

// Each syncs between its two commits: what is not synced stays in the
// process's own memory and dies with it, so that nothing could be seen.
//
// mutants are made of the source as it is: an edit that does not find its place
// is an error, so that they stay what they say.
var mutants = []mutant{{
	"split: coins in one batch, the tip in another", "datastore/flush.go", [][2]string{
		{"	return next.put(ctx, batch)\n", "	return nil\n"},
		{"	if err := s.commit(ctx, batch, next); err != nil {\n		return err\n	}\n", `	if err := s.commit(ctx, batch, next); err != nil {
		return err
	}
	if err := s.kv.Sync(ctx, ds.NewKey("/")); err != nil {
		return err
	}
	if batch, err = s.kv.Batch(ctx); err != nil {
		return err
	}
	if err := next.put(ctx, batch); err != nil {
		return err
	}
	if err := s.commit(ctx, batch, next); err != nil {
		return err
	}
`},
	},
}, {
	"tip first: the tip is moved before the coins", "datastore/flush.go", [][2]string{
		{"	return next.put(ctx, batch)\n", "	return nil\n"},
		{"	if err := s.commit(ctx, batch, next); err != nil {\n		return err\n	}\n", `	tip, err := s.kv.Batch(ctx)
	if err != nil {
		return err
	}
	if err := next.put(ctx, tip); err != nil {
		return err
	}
	if err := s.commit(ctx, tip, next); err != nil {
		return err
	}
	if err := s.kv.Sync(ctx, ds.NewKey("/")); err != nil {
		return err
	}
	if err := s.commit(ctx, batch, next); err != nil {
		return err
	}
`},
	},
}}

// catchMutants has the seeds tried on each mutant until one fails. A mutant
// differs from the node only while it commits, so that seeds no process of
// which dies there are left out.
func catchMutants(ctx context.Context, o options, dir string) error {
	root, err := source(ctx)
	if err != nil {
		return err
	}
	escaped := 0
	for i, m := range mutants {
		l := &lab{options: o, dir: filepath.Join(dir, fmt.Sprint("mutant-", i))}
		if err := os.Mkdir(l.dir, 0o700); err != nil {
			return err
		}
		if l.bin, err = m.build(ctx, root, l.dir); err != nil {
			return fmt.Errorf("mutant %q: %w", m.name, err)
		}
		if err := l.prepare(ctx); err != nil {
			return fmt.Errorf("mutant %q fails before anything dies: %w", m.name, err)
		}
		if !l.catch(ctx, m) {
			escaped++
		}
		if err := os.RemoveAll(l.dir); err != nil {
			return err
		}
	}
	if escaped > 0 {
		return fmt.Errorf("%d of %d mutants are not caught", escaped, len(mutants))
	}
	return ctx.Err()
}

func (m *mutant) build(ctx context.Context, root, dir string) (string, error) {
	from := filepath.Join(root, filepath.FromSlash(m.file))
	b, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	text := string(b)
	for _, e := range m.edits {
		if n := strings.Count(text, e[0]); n != 1 {
			return "", fmt.Errorf("%s has %d places that read %q, not one: the mutant must be written anew", m.file, n, e[0])
		}
		text = strings.Replace(text, e[0], e[1], 1)
	}
	to := filepath.Join(dir, "mutated.go")
	if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
		return "", err
	}
	return build(ctx, dir, "quern", map[string]string{from: to})
}

// catch says whether a seed fails.
func (l *lab) catch(ctx context.Context, m mutant) bool {
	tried := 0
	for i := range l.seeds {
		if ctx.Err() != nil {
			return false
		}
		t := l.newTrial(l.from + uint64(i))
		if !t.diesAtCommit() {
			continue
		}
		tried++
		if err := t.run(ctx); err != nil && ctx.Err() == nil {
			fmt.Printf("caught  %s\n    by seed %d, the %d. that dies at a commit: %s\n    %v\n", m.name, t.seed, tried, t.told(), err)
			return true
		}
		l.say("seed %d does not notice: %s", t.seed, t.told())
	}
	fmt.Printf("ESCAPED %s\n    %d of %d seeds die at a commit, none fails\n", m.name, tried, l.seeds)
	return false
}

func (t *trial) diesAtCommit() bool {
	for _, f := range t.plan {
		if f.way == atPoint && (f.point == failpoint.BeforeCommit || f.point == failpoint.AfterCommit) {
			return true
		}
	}
	return false
}

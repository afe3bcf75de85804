// Command killtest kills the real quern binary, over and over, and looks at what
// it left.
//
//	go run ./cmd/killtest [-seeds 500] [-from 0] [-jobs 2] [-v] [-keep]
//	go run ./cmd/killtest -seed N            one seed again, told in full
//	go run ./cmd/killtest -kept [-seeds 100] nodes with indexes, half of which prune
//	go run ./cmd/killtest -mutants           builds that must be caught
//	go run ./cmd/killtest -flips 200         one bit of a file flipped at a time
//	go run ./cmd/killtest -full              a disk that others fill (Linux, root)
//
// A seed is a history of a thousand steps (forks, reorganisations 1 to 150 blocks
// deep, blocks that break rules, payments to the wallet) and a plan: when the
// process that is fed with it dies, how often, and how. In 40 of 100 cases it is
// killed at any moment, in 40 it kills itself at a named point of a flush, a
// reorganisation, a start (see datastore/failpoint), in 20 it is stopped, its
// folder copied, and the copy taken for what a crash left. After each death the
// binary is started again, without a word about what has happened, and
// must be at a state that the history has, no older than what it had
// acknowledged. With -kept the node builds all indexes or, where it prunes, those that can be with
// that; in the end each must answer as the history says. It exits with 1 when anything is not as it must be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// options are the flags.
type options struct {
	seeds   int
	from    uint64
	seed    int64
	jobs    int
	flips   int
	kept    bool
	mutants bool
	full    bool
	verbose bool
	keep    bool
}

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command line and returns the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "killtest:", err)
		return 2
	}
	if err := try(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "killtest:", err)
		return 1
	}
	return 0
}

func parse(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("killtest", flag.ContinueOnError)
	fs.IntVar(&o.seeds, "seeds", 500, "how many seeds to try")
	fs.Uint64Var(&o.from, "from", 0, "the first of them")
	fs.Int64Var(&o.seed, "seed", -1, "try this one alone, and tell all of it")
	fs.IntVar(&o.jobs, "jobs", min(runtime.NumCPU(), 8), "seeds tried at a time")
	fs.IntVar(&o.flips, "flips", 0, "flip so many bits, spread over all files of a folder, instead of killing")
	fs.BoolVar(&o.kept, "kept", false, "have nodes keep more of the chain, or less: with indexes, and every other one pruned")
	fs.BoolVar(&o.mutants, "mutants", false, "build nodes that flush wrongly, each of which a seed must catch, instead")
	fs.BoolVar(&o.full, "full", false, "fill a node's disk while it works, instead")
	fs.BoolVar(&o.verbose, "v", false, "tell of each seed")
	fs.BoolVar(&o.keep, "keep", false, "leave folders in place, to look at; those of seeds that fail stay anyhow")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("%q is not understood: there are flags only", fs.Arg(0))
	case o.seeds < 1 || o.jobs < 1 || o.flips < 0:
		return o, errors.New("-seeds and -jobs are at least 1, -flips is not negative")
	}
	if o.seed >= 0 {
		o.seeds, o.from, o.jobs, o.verbose = 1, uint64(o.seed), 1, true
	}
	return o, nil
}

// try does what the flags say.
func try(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "killtest-")
	if err != nil {
		return err
	}
	failed := false
	defer func() {
		if o.keep || failed || err != nil {
			fmt.Println("folders are left in", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if o.mutants {
		return catchMutants(ctx, o, dir)
	}
	l := &lab{options: o, dir: dir}
	if l.bin, err = build(ctx, dir, "quern", nil); err != nil {
		return err
	}
	if err := l.prepare(ctx); err != nil {
		return err
	}
	switch {
	case o.flips > 0:
		return l.flipBits(ctx)
	case o.full:
		return l.fillDisk(ctx)
	}
	sum := l.runSeeds(ctx)
	failed = len(sum.failures) > 0
	return sum.print(os.Stdout)
}

// Command nattest tries the real quern binary on networks that it makes itself:
// machines with public addresses, home routers that translate addresses, a
// gateway that speaks UPnP, a LAN, a DHT of strangers. It needs Linux, root,
// iproute2 and nftables, and touches nothing of the machine's own network.
//
//	go run ./cmd/nattest [-run REGEXP] [-v] [-json] [-keep] [-require]
//	go run ./cmd/nattest soak [-for 30m] [-nodes 20] [-seed N] …
//	go run ./cmd/nattest list
//
// It prints what was seen beside what was asked for and exits with 1 when
// anything missed its limit. Where namespaces cannot be made it says why and
// exits with 0, or with 1 when -require is given.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	run     string
	verbose bool
	asJSON  bool
	keep    bool
	require bool
	bin     string
	race    bool
	flags   string
	soak    soakOptions
}

// soakOptions are those of the soak alone.
type soakOptions struct {
	length time.Duration
	nodes  int
	seed   uint64
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == strangerCommand {
		os.Exit(stranger(os.Args[2:]))
	}
	os.Exit(run(os.Args[1:]))
}

// run executes one command line and returns the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the program at once; the next run then sweeps.
	context.AfterFunc(ctx, stop)
	what := "scenarios"
	if len(args) > 0 && (args[0] == "soak" || args[0] == "list") {
		what, args = args[0], args[1:]
	}
	o, err := parse(what, args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "nattest:", err)
		return 2
	}
	if what == "list" {
		for _, s := range scenarios {
			fmt.Printf("%-10s %s\n", s.name, s.about)
		}
		return 0
	}
	r := newReport(o.progress())
	err = try(ctx, what, o, r)
	var unable errUnable
	if errors.As(err, &unable) {
		fmt.Println("skipped:", err)
		if o.require {
			return 1
		}
		return 0
	}
	return conclude(o, r, err)
}

// conclude prints the report and decides the exit code.
func conclude(o options, r *report, err error) int {
	code := 0
	if err != nil {
		fmt.Fprintln(os.Stderr, "nattest:", err)
		code = 1
	}
	print := r.table
	if o.asJSON {
		print = r.json
	}
	if err := print(os.Stdout); err != nil || r.failed() > 0 {
		code = 1
	}
	return code
}

// parse reads the flags of one of the programs.
func parse(what string, args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("nattest "+what, flag.ContinueOnError)
	fs.BoolVar(&o.verbose, "v", false, "tell what is done, on standard error")
	fs.BoolVar(&o.asJSON, "json", false, "print JSON instead of a table")
	fs.BoolVar(&o.keep, "keep", false, "leave folders and namespaces in place, to look at")
	fs.BoolVar(&o.require, "require", false, "fail where namespaces cannot be made, instead of skipping")
	fs.StringVar(&o.bin, "bin", "", "try this quern instead of building one")
	fs.BoolVar(&o.race, "race", false, "build quern with the race detector")
	fs.StringVar(&o.flags, "flags", "", "flags for every node besides the scenario's, as in \"--log.level debug\"")
	if what == "soak" {
		fs.DurationVar(&o.soak.length, "for", 30*time.Minute, "how long nodes are killed, cut off and mined on")
		fs.IntVar(&o.soak.nodes, "nodes", 20, "how many nodes")
		fs.Uint64Var(&o.soak.seed, "seed", 0, "of the plan; 0: by chance. The same seed makes the same plan")
	} else {
		fs.StringVar(&o.run, "run", "", "scenarios whose name matches; empty: all")
	}
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("%q is not understood; flags only, or soak or list in front", fs.Arg(0))
	}
	if _, err := regexp.Compile(o.run); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	if what == "soak" {
		return o, o.soak.validate()
	}
	return o, nil
}

// progress tells each figure as it comes, when asked to.
func (o options) progress() func(figure) {
	if !o.verbose {
		return nil
	}
	return func(f figure) {
		verdict := "pass"
		if !f.OK {
			verdict = "FAIL"
		}
		o.say("%s: %s: %s (%s) %s", f.Scenario, f.Step, f.Figure, f.Limit, verdict)
	}
}

// say tells what is done, with -v.
func (o options) say(format string, args ...any) {
	if o.verbose {
		fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().Format("15:04:05.0"), fmt.Sprintf(format, args...))
	}
}

// errUnable is what try fails with where there is nothing to try on.
type errUnable struct{ why string }

func (e errUnable) Error() string { return e.why }

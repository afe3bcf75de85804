package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/bench"
)

func benchCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure Quern on this machine"}
	cmd.AddCommand(s.benchChain(), s.benchImport(), s.benchMine(), s.benchVerify(), s.benchMempool(), s.benchRPC())
	return cmd
}

func (s *settings) benchImport() *cobra.Command {
	var race bench.Race
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Time the import of a block file into an empty, temporary folder, also beside other programs",
		Long: "Imports a Bitcoin block file into a folder that is removed afterwards. With\n" +
			"--against, another program's import of the file runs in turn with it, each a\n" +
			"process of its own, and medians and ratios are printed.\n\n" +
			"A command runs by sh. In it {file} stands for the file, {dir} for an empty folder\n" +
			"that is removed behind it, and {tip} for the id of the file's last block, to see\n" +
			"whether the program came so far: its exit code must say it.",
		Example: "  quern bench import mixed.dat --chain regtest --datastore.cache 16MiB\n" +
			"  quern bench import mixed.dat --chain regtest --runs 5 --against 'bitcoind -regtest\n" +
			"    -datadir={dir} -connect=0 -listen=0 -server=0 -checkblockindex=0 -assumevalid=0\n" +
			"    -loadblock={file} -stopafterblockimport && grep -q best={tip} {dir}/regtest/debug.log'",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringArrayVar(&race.Against, "against", nil, "command line of another program that imports {file}; may be given more than once")
	cmd.Flags().IntVar(&race.Runs, "runs", 1, "imports by each program")
	profile := cmd.Flags().String("profile", "", "file to write a CPU profile to, for go tool pprof")
	asJSON := asJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *profile != "" && (race.Runs > 1 || len(race.Against) > 0) {
			return errors.New("flag --profile: it slows an import down, so it stands by itself, without --runs and --against")
		}
		if race.Runs < 1 {
			return fmt.Errorf("flag --runs: %d are none, use at least 1", race.Runs)
		}
		if race.Runs > 1 || len(race.Against) > 0 {
			race.File = args[0]
			return s.race(cmd, &race, *asJSON)
		}
		var r bench.Import
		err := profiled(*profile, func() (err error) {
			r, err = s.timeImport(cmd, args[0])
			return err
		})
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), r)
		}
		sayImport(cmd.OutOrStdout(), r)
		return nil
	}
	return cmd
}

// profiled writes a CPU profile of what f does.
func profiled(path string, f func() error) (err error) {
	if path == "" {
		return f()
	}
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return f()
}

// timeImport imports a file in this process.
func (s *settings) timeImport(cmd *cobra.Command, path string) (r bench.Import, err error) {
	c, logs, err := s.offline(cmd)
	if err != nil {
		return r, err
	}
	if c.DataDir, err = os.MkdirTemp("", "quern-bench-"); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.DataDir)) }()
	bar := newBar(cmd.ErrOrStderr(), "import")
	start, before := time.Now(), bench.Own()
	p, err := node.Import(cmd.Context(), c, logs, path, bar.report)
	cost := bench.Own()
	cost.Wall = time.Since(start)
	bar.finish()
	if err != nil {
		return r, err
	}
	cost.CPU -= before.CPU
	r = bench.Import{Blocks: p.Blocks, Inputs: p.Inputs, Bytes: p.Bytes, Tip: p.Tip.ID.String()}
	r.SetCost(cost)
	return r, nil
}

func sayImport(w io.Writer, r bench.Import) {
	fmt.Fprintf(w, "%d blocks, %d inputs, %.1f MB in %.2f s: %.0f blocks/s, %.0f inputs/s\n"+
		"CPU %.2f s (%.1f µs an input), peak memory %.0f MiB\n",
		r.Blocks, r.Inputs, float64(r.Bytes)/1e6, r.Wall, float64(r.Blocks)/r.Wall, float64(r.Inputs)/r.Wall,
		r.CPU, 1e6*r.CPU/float64(max(r.Inputs, 1)), float64(r.Peak)/(1<<20))
}

// race runs imports as processes.
func (s *settings) race(cmd *cobra.Command, race *bench.Race, asJSON bool) error {
	if _, _, err := s.load(); err != nil { // rather now than in the child
		return err
	}
	race.Own = append([]string{os.Args[0], "bench", "import", "--json", race.File}, s.asGiven()...)
	race.Report = func(run int, program string, c bench.Cost) {
		fmt.Fprintf(cmd.ErrOrStderr(), "run %d of %d: %.2f s, CPU %.2f s, peak %.0f MiB: %.60s\n",
			run, race.Runs, c.Wall.Seconds(), c.CPU.Seconds(), float64(c.Peak)/(1<<20), program)
	}
	r, err := race.Run(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), r)
	}
	sayRace(cmd.OutOrStdout(), r, race.Runs)
	return nil
}

// asGiven repeats the settings of the command line.
func (s *settings) asGiven() []string {
	var args []string
	if s.file != "" {
		args = append(args, "--config="+s.file)
	}
	for _, k := range keys {
		if f := s.flags.Lookup(k.name); f.Changed {
			args = append(args, "--"+k.name+"="+f.Value.String())
		}
	}
	return args
}

func sayRace(w io.Writer, r bench.Result, runs int) {
	fmt.Fprintf(w, "%s: %d blocks, %d inputs, %.1f MB, tip %s\n", r.File, r.Blocks, r.Inputs, float64(r.Bytes)/1e6, r.Tip)
	fmt.Fprintf(w, "medians of %d runs in turn, whole processes\n", runs)
	fmt.Fprintf(w, "%10s %10s %12s %10s   %s\n", "wall", "CPU", "CPU/input", "peak", "command")
	for i, p := range r.Programs {
		fmt.Fprintf(w, "%8.2f s %8.2f s %9.1f µs %6.0f MiB   %s\n", p.Wall, p.CPU, p.PerIn, float64(p.Peak)/(1<<20), strings.Join(strings.Fields(p.Command), " "))
		if i > 0 {
			fmt.Fprintf(w, "%8.2f x %8.2f x %9.2f x  %6.2f x     times ours\n", p.Times.Wall, p.Times.CPU, p.Times.CPU, p.Times.Peak)
		}
	}
}

package datastore

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
)

// The environment of TestKilledProcess's child: the folder, and a seed.
const childDir, childSeed = "QUERN_TEST_KILL_DIR", "QUERN_TEST_KILL_SEED"

// A process that is killed at any moment leaves a folder that the next one
// opens at the last flush that was acknowledged, or at the one after it.
func TestKilledProcess(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		seed, err := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		killMe(t, dir, seed)
		return
	}
	dir := t.TempDir()
	c := Config{Dir: dir, Params: testParams(t)}
	s := openTest(t, c)
	acked := milestoneOf(t, s, newLedger(c.Params, 0))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(20, 26))
	kills, advanced := shortened(20, 6), uint64(0)
	for kill := range kills {
		last, under := runAndKill(t, dir, kill, acked, rng.IntN(60))
		s, err := Open(c)
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		if err := examine(s, last, under); err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		before := acked.tip
		acked = newLedger(c.Params, 0).rewind(t, s)
		if acked.tip != before {
			advanced++
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if advanced < kills/2 {
		t.Errorf("only %d of %d processes flushed anything before they were killed", advanced, kills)
	}
}

// runAndKill lets a child work until it has written some lines, kills it, and
// returns the last flush that it acknowledged and the one it had begun.
func runAndKill(t *testing.T, dir string, seed uint64, acked milestone, lines int) (last milestone, under *milestone) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	cmd.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childSeed, seed))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last = acked
	in := bufio.NewReader(out)
	for n := 0; ; n++ {
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := in.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		last, under = follow(t, line, last, under)
	}
	// A process that a signal ended has no exit code.
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child was not killed: %v", err)
	}
	return last, under
}

// follow reads a line that killMe wrote.
func follow(t *testing.T, line string, last milestone, under *milestone) (milestone, *milestone) {
	t.Helper()
	if line == "done\n" {
		return *under, nil
	}
	var tip, hash string
	var m milestone
	if _, err := fmt.Sscanf(line, "flush %s %s %d %d\n", &tip, &hash, &m.coins.Coins, &m.headers); err != nil {
		t.Fatalf("the child wrote %q: %v", line, err)
	}
	var err error
	if m.tip, err = wire.ParseHash(tip); err != nil {
		t.Fatal(err)
	}
	if m.coins.Hash, err = wire.ParseHash(hash); err != nil {
		t.Fatal(err)
	}
	m.coins.Kind = coinset.Multiset
	return last, &m
}

// killMe works on the folder and says so until it is killed.
func killMe(t *testing.T, dir string, seed uint64) {
	s, err := Open(Config{Dir: dir, Params: testParams(t), Cache: 60_000})
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(s.c.Params, seed)
	l.rewind(t, s)
	var flushed chan error // has the result of a flush under way; nil: none
	for {
		if err := step(t, s, l, l.rng); err != nil {
			t.Fatal(err)
		}
		if l.rng.IntN(4) > 0 {
			continue
		}
		if flushed != nil {
			if err := <-flushed; err != nil {
				t.Fatal(err)
			}
			fmt.Println("done")
		}
		m := milestoneOf(t, s, l)
		fmt.Printf("flush %v %v %d %d\n", m.tip, m.coins.Hash, m.coins.Coins, m.headers)
		if err := s.Freeze(m.tip); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Flush() }()
		flushed = done
	}
}

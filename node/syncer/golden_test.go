package syncer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

var update = flag.Bool("update", false, "write what the scripts in testdata come to")

// TestInteraction runs the scripts in testdata: each line is an event, and the
// indented lines after it are the actions that it brings.
//
//	+3s                             time passes, then a tick
//	join NAME HEIGHT [first=H]      PeerJoined; work is the height + 1
//	leave NAME
//	headers #N count=C last=H claim=H best=H [counted=H | proven=H]
//	headers-failed #N [ours]
//	chain best=H tip=H [fresh]
//	wanted H-H[branch] [after=D]
//	want H[branch]
//	arrived H[branch]
//	blocks #N got=H,H absent=H,H
//	blocks-failed #N [ours]
//	announced NAME H, unknown NAME
//	accepted H, invalid H, mutated H, failed H [retry]
//
// A block is named by height and branch: 12 is on the main branch, 12b on b.
func TestInteraction(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newStage().play(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s: the actions differ; got:\n%s", file, got)
			}
		})
	}
}

// stage plays a script on a scheduler.
type stage struct {
	s   *Scheduler
	now time.Time
}

func newStage() *stage {
	return &stage{New(tipAt(0), tipAt(0), work.Work{}), time.Unix(1e9, 0)}
}

func (g *stage) play(t *testing.T, script string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, a := range g.do(t, strings.Fields(line)) {
			fmt.Fprintf(&out, "\t%v\n", a)
		}
		checkInvariants(t, g.s)
	}
	return out.String()
}

// do plays one line.
func (g *stage) do(t *testing.T, words []string) []Action {
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	s, now, has := g.s, g.now, strings.HasPrefix
	switch cmd := words[0]; {
	case has(cmd, "+"):
		d, err := time.ParseDuration(cmd[1:])
		if err != nil {
			t.Fatal(err)
		}
		g.now = now.Add(d)
		return s.Tick(g.now)
	case cmd == "join":
		return s.PeerJoined(now, Peer(arg(1)), tipAt(number(t, arg(2))), uint32(number(t, value(words, "first"))))
	case cmd == "leave":
		return s.PeerLeft(now, Peer(arg(1)))
	case cmd == "announced":
		return s.Announced(now, Peer(arg(1)), tipAt(number(t, arg(2))))
	case cmd == "unknown":
		return s.AnnouncedUnknown(now, Peer(arg(1)))
	case cmd == "headers":
		r := HeadersReply{
			Count: number(t, value(words, "count")), Last: tipAt(number(t, value(words, "last"))),
			Claim: tipAt(number(t, value(words, "claim"))), Best: tipAt(number(t, value(words, "best"))),
		}
		for stage, word := range map[Stage]string{Counted: "counted", Proven: "proven"} {
			if slices.ContainsFunc(words, func(w string) bool { return has(w, word+"=") }) {
				r.Stage, r.Reached = stage, uint32(number(t, value(words, word)))
			}
		}
		return s.HeadersReceived(now, req(t, arg(1)), r)
	case cmd == "headers-failed":
		return s.HeadersFailed(now, req(t, arg(1)), arg(2) == "ours")
	case cmd == "chain":
		return s.ChainChanged(now, tipAt(number(t, value(words, "best"))), tipAt(number(t, value(words, "tip"))), arg(3) == "fresh")
	case cmd == "wanted":
		bs := span(t, arg(1))
		if d, err := time.ParseDuration(value(words, "after")); err == nil && d > 0 {
			for i := range bs {
				bs[i].After = now.Add(d)
			}
		}
		return s.Wanted(now, bs)
	case cmd == "arrived":
		return s.Arrived(now, blockNamed(t, arg(1)), 1000)
	case cmd == "want":
		return s.Want(now, blockNamed(t, arg(1)))
	case cmd == "blocks":
		var got []Body
		for _, name := range list(value(words, "got")) {
			got = append(got, Body{blockNamed(t, name).ID, 1000})
		}
		var absent []wire.Hash
		for _, name := range list(value(words, "absent")) {
			absent = append(absent, blockNamed(t, name).ID)
		}
		return s.BlocksReceived(now, req(t, arg(1)), got, absent)
	case cmd == "blocks-failed":
		return s.BlocksFailed(now, req(t, arg(1)), arg(2) == "ours")
	case cmd == "accepted":
		return s.BlockAccepted(now, blockNamed(t, arg(1)).ID)
	case cmd == "invalid", cmd == "mutated":
		return s.BlockInvalid(now, blockNamed(t, arg(1)).ID, cmd == "mutated")
	case cmd == "failed":
		return s.BlockFailed(now, blockNamed(t, arg(1)).ID, arg(2) == "retry")
	}
	t.Fatalf("unknown event %q", words)
	return nil
}

func value(words []string, key string) string {
	for _, w := range words {
		if v, ok := strings.CutPrefix(w, key+"="); ok {
			return v
		}
	}
	return "0"
}

func list(s string) []string {
	if s == "0" {
		return nil
	}
	return strings.Split(s, ",")
}

func number(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func req(t *testing.T, s string) Request {
	return Request(number(t, strings.TrimPrefix(s, "#")))
}

// blockID is a block's id that String shows as branch and height.
func blockID(branch byte, height int) (id wire.Hash) {
	id[3], id[2] = branch, byte(height>>16)
	id[1], id[0] = byte(height>>8), byte(height)
	return id
}

func tipAt(height int) Tip {
	return Tip{ID: blockID(0, height), Height: uint32(height), Work: work.Work{uint64(height) + 1}}
}

func blockAt(branch byte, height int) Block {
	return Block{ID: blockID(branch, height), Parent: blockID(branch, height-1), Height: uint32(height)}
}

func blockNamed(t *testing.T, name string) Block {
	var branch byte
	if last := name[len(name)-1]; last >= 'a' {
		branch, name = last, name[:len(name)-1]
	}
	return blockAt(branch, number(t, name))
}

func span(t *testing.T, s string) (bs []Block) {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return nil
	}
	var branch byte
	if last := to[len(to)-1]; last >= 'a' {
		branch, to = last, to[:len(to)-1]
	}
	for h := number(t, from); h <= number(t, to); h++ {
		bs = append(bs, blockAt(branch, h))
	}
	return bs
}

// checkInvariants fails the test where the scheduler's books do not agree, or a
// limit is passed.
func checkInvariants(t testing.TB, s *Scheduler) {
	t.Helper()
	inflight, judging, bytes := 0, 0, int64(0)
	for id, b := range s.blocks {
		switch {
		case id != b.ID:
			t.Fatalf("block %v filed as %v", b.ID, id)
		case (b.status == asked) != (b.req != nil):
			t.Fatalf("block %v has status %d and request %v", id, b.status, b.req)
		case b.req != nil && s.requests[b.req.id] != b.req:
			t.Fatalf("block %v waits for a request that is closed", id)
		}
		if b.status == held || b.status == submitted {
			bytes += b.size
		}
		if b.status == submitted {
			judging++
		}
	}
	for _, p := range s.order {
		blocks, batches := 0, 0
		for _, r := range p.open {
			if s.requests[r.id] != r {
				t.Fatalf("peer %s has a closed request open", p.name)
			}
			if !r.headers {
				blocks, batches = blocks+len(r.blocks), batches+1
			}
		}
		if blocks != p.blocks || batches != p.batches || blocks > MaxInFlight {
			t.Fatalf("peer %s: %d blocks in %d batches, counted %d in %d", p.name, blocks, batches, p.blocks, p.batches)
		}
		inflight += blocks
	}
	switch {
	case inflight != s.inflight || inflight > MaxTotal+2:
		t.Fatalf("%d blocks in flight, counted %d", inflight, s.inflight)
	case judging != s.judging || judging > MaxSubmit:
		t.Fatalf("%d blocks being judged, counted %d", judging, s.judging)
	case bytes != s.held:
		t.Fatalf("%d bytes held, counted %d", bytes, s.held)
	case len(s.queue) > Window || len(s.direct) > MaxDirect || len(s.order) > MaxPeers || len(s.order) != len(s.peers):
		t.Fatalf("queue %d, direct %d, peers %d/%d", len(s.queue), len(s.direct), len(s.order), len(s.peers))
	}
}

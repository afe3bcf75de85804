package gossip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// party is nodes that all know each other, of which the first passes nothing on.
type party struct{ nodes []*node }

func newParty(t *testing.T, count int) *party {
	t.Helper()
	p := &party{nodes: newWorld(t, count, func(int, *Config) {})}
	p.nodes[0].mute = true
	for _, n := range p.nodes {
		n.values = make(chan value, 1<<16)
		n.run()
	}
	for i, n := range p.nodes {
		for _, o := range p.nodes[:i] {
			if err := n.Connect(t.Context(), c0(o)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, n := range p.nodes {
		for _, o := range p.nodes {
			n.Forget(o.ID()) // connected as by chance: nobody is named by an operator
		}
	}
	waitFor(t, func() error {
		for i, n := range p.nodes {
			if got := len(n.Peers()); got < count-1 {
				return fmt.Errorf("node %d has %d peers", i, got)
			}
		}
		return nil
	})
	time.Sleep(5 * time.Second)
	return p
}

// talk has every node but the first publish a value of a size, again and again.
func (p *party) talk(t *testing.T, times, size int, pause time.Duration) {
	t.Helper()
	for i := range times {
		for j, n := range p.nodes[1:] {
			text := fmt.Sprintf("%d of %d at %v", i, j, time.Now())
			if err := n.publish(t.Context(), text+strings.Repeat(".", max(0, size-len(text)))); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(pause)
	}
	time.Sleep(2 * scoreEvery)
}

// scores lists what the others think of the first node, and of each other the
// worst.
func (p *party) scores() (mute []float64, worst float64) {
	for _, n := range p.nodes[1:] {
		for _, info := range n.Peers() {
			if info.ID == p.nodes[0].ID() {
				mute = append(mute, info.Gossip)
			} else {
				worst = min(worst, info.Gossip)
			}
		}
	}
	return mute, worst
}

// A peer that never passes anything on goes below zero with every peer that has
// it in its mesh, whatever it had for staying there (CVE-2022-47547). Nobody else does.
func TestMutePeerGoesNegative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, 16)
		mute := p.nodes[0]
		inMesh := make(map[Peer]bool) // who ever had it in its mesh
		for range 4 {
			for _, n := range p.nodes[1:] {
				m := n.live.Load().mesh
				m.mu.Lock()
				if _, in := m.peers[n.prefixed("words")][mute.ID()]; in {
					inMesh[n.ID()] = true
				}
				m.mu.Unlock()
			}
			p.talk(t, 4, 100, time.Second)
		}
		least, shares := 100, 0
		for _, n := range p.nodes[1:] {
			m := n.live.Load().mesh
			m.mu.Lock()
			for q, s := range m.mutes.by[n.prefixed("words")] {
				if q != mute.ID() && s.due >= muteEnough/2 {
					least, shares = min(least, 100*s.given/s.due), shares+1
				}
			}
			m.mu.Unlock()
		}
		negative := 0
		for _, n := range p.nodes[1:] {
			for _, info := range n.Peers() {
				switch {
				case info.ID != mute.ID() && info.Gossip < 0:
					t.Errorf("an honest peer has %.1f", info.Gossip)
				case info.ID == mute.ID() && inMesh[n.ID()] && info.Gossip >= 0:
					t.Errorf("the mute peer has %.1f", info.Gossip)
				case info.ID == mute.ID() && info.Gossip < gossipBelow:
					t.Errorf("the mute peer has %.1f: it gets no gossip", info.Gossip)
				case info.ID == mute.ID() && info.Gossip < 0:
					negative++
				}
			}
		}
		if negative == 0 {
			t.Error("nobody had the mute peer in its mesh")
		}
		t.Logf("below zero with %d of 15; of %d honest places in meshes the least delivers %d %% of the small messages", negative, shares, least)
	})
}

// Where there is little traffic, or large messages alone, nobody can tell who is
// mute, and nobody is punished.
func TestSilenceIsNotMuteness(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees the same code in the test above")
	}
	for name, size := range map[string]int{"little": 100, "large": 2000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newParty(t, 16)
				times := 3 // 45 messages
				if name == "large" {
					times = 10
				}
				p.talk(t, times, size, time.Second)
				if mute, worst := p.scores(); worst < 0 || len(mute) != 15 {
					t.Errorf("worst score %.1f; the mute one's %v", worst, mute)
				}
			})
		})
	}
}

// Where nobody could take its place, a peer is not judged: it may be a leaf.
func TestLeafIsNotMute(t *testing.T) {
	m := newMutes(func(int) bool { return false })
	m.graft("leaf", "t")
	for range 1000 {
		m.delivered("other", "t", 10)
	}
	if m.penalty("leaf") != 0 {
		t.Error("a leaf is punished")
	}
	now := time.Now()
	m.now = func() time.Time { return now }
	m.spare = func(int) bool { return true }
	for range 100 {
		m.delivered("other", "t", 10)
	}
	if m.penalty("leaf") != mutePenalty {
		t.Error("a mute peer is not punished")
	}
	now = now.Add(muteTime)
	if m.penalty("leaf") != 0 {
		t.Error("punished for ever")
	}
	for i := range 10_000 {
		now = now.Add(time.Second)
		p := Peer(fmt.Sprint(i))
		m.graft(p, "t")
		m.by["t"][p].due = muteEnough
		m.delivered("other", "t", 10)
		m.prune(p, "t")
	}
	if len(m.silent) > 700 {
		t.Errorf("%d are remembered", len(m.silent))
	}
}

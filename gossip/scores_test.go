package gossip

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
)

// A ban's reason outlives the run with it, cannot play tricks on a terminal, and
// a record of the first version, without a reason, still bans.
func TestBanReasons(t *testing.T) {
	c := Config{Swarm: "test", Store: dssync.MutexWrap(datastore.NewMapDatastore())}
	until := time.Now().Add(time.Hour)
	old := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	if err := c.Store.Put(t.Context(), banKey("old"), old); err != nil {
		t.Fatal(err)
	}
	if err := c.Store.Put(t.Context(), banKey("broken"), []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	n := build(t, c)
	n.Report("liar", 60, errors.New("a first lie"))
	n.Report("liar", 60, errors.New("a second lie \x1b[31m"+strings.Repeat("!", 1000)))
	n.Report("quiet", 100, nil)
	if err := n.Ban("disliked", time.Hour); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for whom, want := range map[string]string{
			Peer("liar").String():     "a second lie ?[31m!!!",
			Peer("quiet").String():    "misbehaviour",
			Peer("disliked").String(): "the operator's decision",
			"old":                     "",
		} {
			got := n.BanReason(whom)
			if _, banned := n.Bans()[whom]; !banned || !strings.HasPrefix(got, want) || len(got) > maxReason || want == "" && got != "" {
				t.Errorf("%s: banned %v, reason %q, want %q", whom, banned, got, want)
			}
		}
		if len(n.Bans()) != 4 {
			t.Errorf("%d bans", len(n.Bans()))
		}
		n = build(t, c) // after a restart
	}
	if err := n.Unban("old"); err != nil || n.BanReason("old") != "" {
		t.Error(err)
	}
}

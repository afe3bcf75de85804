package rpc

import (
	"net/http"
	"sync"
	"testing"
)

// Twice as many as there are workers poll for a template, and others are served meanwhile.
func TestLongPollsKeepNobodyWaiting(t *testing.T) {
	f := newFixture(t, 3)
	body := `{"id":1,"method":"getblocktemplate","params":[{"rules":["segwit"],"longpollid":"` + f.vars["tip"] + `0"}]}`
	var wg sync.WaitGroup
	const polls = 2 * DefaultThreads
	for range polls {
		wg.Go(func() {
			if status, reply := f.post(body); status != http.StatusOK {
				t.Errorf("%d %s", status, reply)
			}
		})
	}
	await(t, "the moment when all poll and take neither worker nor place", func() bool {
		f.must("getblockcount", nil)
		return len(f.server.idlers) == polls && len(f.server.slots) == 0 && len(f.server.queue) == 0
	})
	f.must("generatetoaddress", nil, 1, f.vars["addr"]) // all of them end
	wg.Wait()
	if len(f.server.idlers)+len(f.server.slots)+len(f.server.queue) > 0 {
		t.Error("a place is lost")
	}
}

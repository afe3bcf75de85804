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
	for len(f.server.idlers) < polls {
		f.must("getblockcount", nil)
	}
	if len(f.server.slots) > 0 || len(f.server.queue) > 0 {
		t.Errorf("%d workers are taken, %d places", len(f.server.slots), len(f.server.queue))
	}
	f.must("generatetoaddress", nil, 1, f.vars["addr"]) // all of them end
	wg.Wait()
	if len(f.server.idlers)+len(f.server.slots)+len(f.server.queue) > 0 {
		t.Error("a place is lost")
	}
}

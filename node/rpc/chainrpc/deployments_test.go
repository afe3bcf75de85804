package chainrpc

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/mining"
)

// TestByBits shows a deployment in each stage as bitcoind's getdeploymentinfo does.
func TestByBits(t *testing.T) {
	const rest = `"start_time":0,"timeout":9223372036854775807,"min_activation_height":0,`
	for _, c := range []struct {
		height, since uint32
		stage, next   mining.Stage
		blocks, want  string
	}{
		{7, 0, mining.Defined, mining.Defined, "", `"active":false,"bip9":{` + rest + `"status":"defined","since":0,"status_next":"defined"}}`},
		{146, 144, mining.Started, mining.Started, "#-#", `"active":false,"bip9":{"bit":28,` + rest +
			`"status":"started","since":144,"status_next":"started","statistics":{"period":144,"elapsed":3,"count":2,"threshold":108,"possible":true},"signalling":"#-#"}}`},
		{180, 144, mining.Started, mining.Started, strings.Repeat("-", 37), `"active":false,"bip9":{"bit":28,` + rest +
			`"status":"started","since":144,"status_next":"started","statistics":{"period":144,"elapsed":37,"count":0,"threshold":108,"possible":false},"signalling":"` +
			strings.Repeat("-", 37) + `"}}`},
		{431, 288, mining.LockedIn, mining.Active, "#", `"height":432,"active":true,"bip9":{"bit":28,` + rest +
			`"status":"locked_in","since":288,"status_next":"active","statistics":{"period":144,"elapsed":1,"count":1},"signalling":"#"}}`},
		{600, 432, mining.Active, mining.Active, "", `"height":432,"active":true,"bip9":{` + rest + `"status":"active","since":432,"status_next":"active"}}`},
	} {
		d := byBits(&mining.Progress{
			Signal: mining.Signal{Name: "testdummy", Bit: 28, Stage: c.stage},
			Next:   c.next, Since: c.since, Signalling: c.blocks, Period: 144, Threshold: 108,
		}, c.height)
		raw, err := json.Marshal(&d)
		if want := `{"type":"bip9",` + c.want; err != nil || string(raw) != want {
			t.Errorf("%v at %d:\n%s, %v instead of\n%s", c.stage, c.height, raw, err, want)
		}
	}
}

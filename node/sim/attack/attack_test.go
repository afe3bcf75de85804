package attack

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A node whose first addresses are four parts lies in five, and whom four sybils
// for each honest node crowd, finds the honest tip and follows it.
func TestColdBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := ColdBoot{Honest: 6, PerHonest: 4, Seeds: 10, Lies: 8, Blocks: 3}.Run(t, 1)
		t.Logf("%+v", f)
		if f.Synced > 3*time.Minute || f.Honest == 0 || f.Blocks.Got < f.Blocks.Of || f.Txs.Got < f.Txs.Of {
			t.Errorf("%+v", f)
		}
	})
}

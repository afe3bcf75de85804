package attack

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A node whose first addresses are four parts lies in five, and whom four sybils
// for each honest node crowd, finds the honest tip and follows it.
func TestColdBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := ColdBoot{Honest: 6, PerHonest: 4, Seeds: 10, Lies: 8, Blocks: 3}.Run(t, 1)
		t.Logf("%+v", f)
		if f.Synced > time.Minute || f.Waiting > time.Minute || f.Honest < 2 || f.BlockMax > 5*time.Second || f.TxMax > 15*time.Second {
			t.Error("too late, or too few honest peers")
		}
		if f.Blocks.Got < f.Blocks.Of || f.Txs.Got < f.Txs.Of {
			t.Error("something did not arrive")
		}
	})
}

// Sybils that were the best of peers and then stop passing anything on, all at
// once, cost honest nodes time and nothing else.
func TestCovertFlash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := Flash{
			Honest: 8, PerHonest: 4, Links: 4, Groups: 6, Polite: true,
			Behave: time.Minute, Recover: 5 * time.Minute, Rounds: 3,
		}.Run(t, 1)
		t.Logf("%d sybils, %d connections\nbefore: %v\nafter: %v\nrecovered: %v", f.Sybils, f.Links, f.Before, f.After, f.Recovered)
		if min(f.Before.Blocks.Percent(), f.After.Blocks.Percent(), f.After.Txs.Percent(), f.Recovered.Blocks.Percent(), f.Recovered.Txs.Percent()) < 100 {
			t.Error("something did not arrive")
		}
		if f.After.BlockP99 > 15*time.Second || f.Recovered.BlockP99 > 15*time.Second {
			t.Error("blocks came too late")
		}
	})
}

// Copies that come before what they copy cost honest nodes some questions, and
// no honest node its good name.
func TestMalleatedCopiesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := Malleate{Honest: 6, Villains: 4, Variants: 3, Fill: 30, Rounds: 4}.Run(t, 1)
		t.Logf("quiet: %v\nattacked: %v\nraced %d, honest punished %d, villains banned %d", f.Quiet, f.Attacked, f.Raced, f.HonestPunished, f.VillainsBanned)
		if f.Attacked.Blocks.Percent() < 100 || f.Attacked.Txs.Percent() < 100 {
			t.Error("something did not arrive")
		}
		if f.Attacked.BlockP99 > f.Quiet.BlockP99+2*time.Second || f.Attacked.TxP99 > f.Quiet.TxP99+time.Second {
			t.Error("the true ones came too late")
		}
		if f.HonestPunished > 0 || f.VillainsBanned == 0 || f.Raced == 0 {
			t.Error("the wrong ones were punished, or there was no attack")
		}
	})
}

// A majority of the hash power rewrites 100 blocks: all nodes follow the most
// work, and no transaction of the honest is lost.
func TestRewrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := Rewrite{Honest: 5, Blocks: 100}.Run(t, 1)
		t.Logf("%+v", f)
		if f.Lost > 0 || f.All > time.Minute || f.Back > time.Minute || f.Confirmed > time.Minute {
			t.Error("too late, or transactions are lost")
		}
	})
}

// Blocks whose bodies are withheld, and promises that nobody keeps, delay the
// blocks of others by little.
func TestWithheldBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := Withhold{Honest: 6, Rounds: 4, Depth: 3}.Run(t, 1)
		t.Logf("%d headers without a body, %d promises\nquiet: %v\nattacked: %v", f.Announced, f.Promised, f.Quiet, f.Attacked)
		if f.Attacked.Blocks.Percent() < 100 || f.Attacked.Txs.Percent() < 100 || f.Announced == 0 || f.Promised == 0 {
			t.Error("something did not arrive, or there was no attack")
		}
		if f.Attacked.BlockP99 > f.Quiet.BlockP99+2*time.Second {
			t.Error("blocks came too late")
		}
	})
}

// When half of all honest nodes vanish and the sybils stay, no honest node is alone
// a minute later.
func TestLeaveAmongSybils(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := Leave{Honest: 12, PerHonest: 2, Groups: 4}.Run(t, 1)
		t.Logf("%+v", f)
		if f.Minute < 1 || f.Block < 0 || f.Block > 30*time.Second {
			t.Error("an honest node is alone, or a block does not reach all")
		}
	})
}

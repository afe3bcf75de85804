package clienttest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/quernnet/quern/cmd/blackbox"
)

// TestBtcctl runs commands as a user types them.
func TestBtcctl(t *testing.T) {
	q := blackbox.StartQuern(t, "quern", quern)
	path, home := btcctl.Path(t), t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), path, append([]string{
			"--configfile=" + home + "/none.conf", "--notls", "--regtest", "--rpcserver=" + q.RPC,
			"--rpcuser=" + blackbox.User, "--rpcpass=" + blackbox.Password,
		}, args...)...)
		cmd.Env = []string{"HOME=" + home}
		var out, said strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &said
		if err := cmd.Run(); err != nil {
			return said.String() + " (" + err.Error() + ")"
		}
		return strings.TrimSpace(out.String())
	}
	q.Mine(3, "")
	if got := run("getblockcount"); got != "3" {
		t.Errorf("getblockcount: %s", got)
	}
	best := run("getbestblockhash")
	if got := run("getblockhash", "3"); got != best || len(best) != 64 {
		t.Errorf("getblockhash: %s, want %s", got, best)
	}
	for _, command := range [][]string{
		{"getblock", best}, {"getblock", best, "2"}, {"getblockheader", best}, {"getblockchaininfo"}, {"getmempoolinfo"},
		{"getrawmempool", "true"}, {"getnetworkinfo"}, {"getpeerinfo"}, {"getdifficulty"}, {"getmininginfo"}, {"uptime"},
		{"help", "getblock"}, {"validateaddress", "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"},
		{"estimatesmartfee", "6"}, {"gettxoutsetinfo"}, {"getchaintips"}, {"verifychain"}, {"getnettotals"}, {"ping"},
	} {
		if got := run(command...); strings.Contains(got, "exit status") {
			t.Errorf("%v: %s", command, got)
		}
	}
	if got := run("getblockhash", "9"); !strings.Contains(got, `"code":-8,"message":"Block height out of range"`) {
		t.Errorf("a height beyond the tip: %s", got)
	}
}

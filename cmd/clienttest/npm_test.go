package clienttest

import (
	"os/exec"
	"testing"

	"github.com/quernnet/quern/cmd/blackbox"
)

// TestNpm runs js/client.js: npm's bitcoin-core over RPC, in batches and over REST, and
// bitcoinjs-lib, which builds, signs and sends payments.
func TestNpm(t *testing.T) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = "js"
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install the packages (%v): %s", err, out)
	}
	q := blackbox.StartQuern(t, "quern", quern, "--index.tx")
	script(t, q, "js", "node", "client.js")
}

package clienttest

import (
	"os/exec"
	"testing"

	"github.com/quernnet/quern/cmd/blackbox"
)

// python finds an interpreter that has python3-bitcoinlib.
func python(t *testing.T, module string) string {
	t.Helper()
	for _, path := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), path, "-c", "import "+module).Run() == nil {
			return path
		}
	}
	t.Skipf("no python3 has the module %s", module)
	return ""
}

// TestPython runs python/client.py: python3-bitcoinlib's proxy.
func TestPython(t *testing.T) {
	path := python(t, "bitcoin.rpc")
	q := blackbox.StartQuern(t, "quern", quern)
	script(t, q, "python", path, "client.py")
}

// TestZMQ runs python/subscribe.py: libzmq, as bindings of every language have
// it.
func TestZMQ(t *testing.T) {
	path := python(t, "zmq")
	q := blackbox.StartQuern(t, "quern", quern)
	script(t, q, "python", path, "subscribe.py", q.Hashes, q.RawBlocks)
}

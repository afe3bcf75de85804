package clienttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/quernnet/quern/cmd/blackbox"
)

var (
	quern  = blackbox.Build("quern", filepath.Join("..", ".."), "./cmd/quern")
	btcctl = blackbox.Build("btcctl", ".", "github.com/btcsuite/btcd/cmd/btcctl")
)

func TestMain(m *testing.M) { blackbox.Main(m, quern, btcctl) }

// script runs a program with the node's address and login in its environment.
func script(t *testing.T, q *blackbox.Quern, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "QUERN_RPC="+q.RPC, "QUERN_USER="+blackbox.User, "QUERN_PASSWORD="+blackbox.Password)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
}

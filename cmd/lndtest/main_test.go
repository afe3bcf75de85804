package lndtest

import (
	"path/filepath"
	"testing"

	"github.com/quernnet/quern/cmd/blackbox"
)

var (
	quern = blackbox.Build("quern", filepath.Join("..", ".."), "./cmd/quern")
	lnd   = blackbox.Build("lnd", ".", "github.com/lightningnetwork/lnd/cmd/lnd")
)

func TestMain(m *testing.M) { blackbox.Main(m, quern, lnd) }

package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	mathrand "math/rand/v2"

	"github.com/quernnet/quern/consensus/script"
)

// Values of consensus.verifier.
const (
	verifierFast  = "fast"
	verifierBtcec = "btcec"
)

// auditEvery is how many signatures there are to one that is verified again.
const auditEvery = 1000

// newVerifier is what one goroutine verifies signatures with. Which are repeated,
// nobody can foresee.
func (c *Consensus) newVerifier() script.Verifier {
	if c.Verifier == verifierBtcec {
		return script.Reference{}
	}
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return script.NewAudit(new(script.Fast), script.Reference{}, auditEvery, mathrand.New(mathrand.NewChaCha8(seed)))
}

// acceptedSize is the memory, in bytes, for knowing the scripts of half a
// million transactions by heart: more than wait in a full mempool, as a rule.
const acceptedSize = 8 << 20

func newAccepted() *script.Accepted {
	var salt [32]byte
	rand.Read(salt[:]) // never fails
	return script.NewAccepted(acceptedSize, salt)
}

// report writes a divergence of the verifiers that err is about into the folder,
// and says what to do. Nil: err is about something else.
func (l *ledger) report(err error, now time.Time) error {
	var d *script.Divergence
	if !errors.As(err, &d) {
		return nil
	}
	path := filepath.Join(l.dir, fmt.Sprintf("verifier-%s.txt", now.UTC().Format("20060102T150405Z")))
	advice := fmt.Errorf("%w: please send %s to Quern's maintainers; a node with consensus.verifier = %q goes on meanwhile",
		errVerifier, path, verifierBtcec)
	if err := os.WriteFile(path, []byte(divergenceReport(d, now)), 0o644); err != nil {
		return errors.Join(advice, d, err)
	}
	return advice
}

var errVerifier = errors.New("a signature was verified in two ways with two results, one of which is wrong")

func divergenceReport(d *script.Divergence, now time.Time) string {
	block := d.Block.String()
	if d.Block.IsZero() {
		block = "none"
	}
	return fmt.Sprintf(`Two ways to verify one signature differ. Nothing in here is secret.

time         %s
version      %s, %s, %s/%s
scheme       %s
key          %x
signature    %x
sum          %x
fast         %v
btcec        %v
transaction  %v
input        %d
block        %s
`, now.UTC().Format(time.RFC3339), Version, runtime.Version(), runtime.GOOS, runtime.GOARCH,
		d.Scheme, d.Key, d.Sig, d.Sum, d.First, d.Second, d.Tx, d.In, block)
}

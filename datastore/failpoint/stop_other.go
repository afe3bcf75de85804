//go:build failpoints && !unix

package failpoint

import (
	"errors"
	"os"
)

func stop(*os.Process) error { return errors.ErrUnsupported }

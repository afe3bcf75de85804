package node

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes that people write with a unit: "64 MiB", "300MB",
// or bare bytes.
type Size int64

var units = []struct {
	name string
	size int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1}, {"", 1},
}

// UnmarshalText reads a whole number and an optional unit.
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	digits := text
	if i := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = text[:i]
	}
	unit := strings.TrimSpace(text[len(digits):])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a size: write it like 64MiB", text)
	}
	for _, u := range units {
		if u.name != unit {
			continue
		}
		if n > (1<<62)/u.size {
			return fmt.Errorf("%q is too large", text)
		}
		*s = Size(n * u.size)
		return nil
	}
	return fmt.Errorf("%q has no unit that is known: use B, kB, MB, GB, KiB, MiB or GiB", text)
}

// MarshalText writes the largest unit that divides it.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Size) String() string {
	best, size := "B", int64(1)
	for _, u := range units[:9] {
		if u.name != "KB" && s > 0 && int64(s)%u.size == 0 && u.size > size {
			best, size = u.name, u.size
		}
	}
	return strconv.FormatInt(int64(s)/size, 10) + best
}

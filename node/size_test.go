package node

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "17": 17, "64MiB": 64 << 20, "64 MiB": 64 << 20, "300MB": 300_000_000, "1GiB": 1 << 30, "2kB": 2000,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
		var again Size
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != want {
			t.Errorf("%q is written %q, which reads as %d", text, s, again)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1 mib", "1.5GiB", "99999999999TiB"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %d", text, s)
		}
	}
}

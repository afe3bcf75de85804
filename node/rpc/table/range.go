package table

import (
	"encoding/json"
)

// mostIndexes is how many indexes a range may have.
const mostIndexes = 1_000_000

// ParseRange reads an end or [begin, end] of a descriptor's indexes (Core's
// ParseDescriptorRange).
func ParseRange(raw json.RawMessage) (low, high int64, err error) {
	if low, high, err = parseEnds(raw); err != nil {
		return 0, 0, err
	}
	switch {
	case low < 0:
		return 0, 0, Errorf(CodeInvalid, "Range should be greater or equal than 0")
	case high>>31 != 0:
		return 0, 0, Errorf(CodeInvalid, "End of range is too high")
	case high >= low+mostIndexes:
		return 0, 0, Errorf(CodeInvalid, "Range is too large")
	}
	return low, high, nil
}

func parseEnds(raw json.RawMessage) (low, high int64, err error) {
	if TypeName(raw) == "number" {
		high, err = ParseInteger(raw, 64)
		return 0, high, err
	}
	var pair []json.RawMessage
	if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 || TypeName(pair[0]) != "number" || TypeName(pair[1]) != "number" {
		return 0, 0, Errorf(CodeInvalid, "Range must be specified as end or as [begin,end]")
	}
	if low, err = ParseInteger(pair[0], 64); err != nil {
		return 0, 0, err
	}
	if high, err = ParseInteger(pair[1], 64); err != nil {
		return 0, 0, err
	}
	if low > high {
		return 0, 0, Errorf(CodeInvalid, "Range specified as [begin,end] must not have begin after end")
	}
	return low, high, nil
}

package consensus

import (
	"errors"
	"fmt"
)

// Rule is the reject reason that Bitcoin Core gives for breaking a rule.
type Rule string

// RuleError says that a block or transaction breaks a rule. It is the only
// kind of error that says anything about the value or who sent it.
type RuleError struct {
	Rule   Rule
	Tx     int    // index in the block, -1 for none
	In     int    // input of that transaction, -1 for none
	Detail string // for people; may be empty

	mutated bool
}

func (e *RuleError) Error() string {
	s := string(e.Rule)
	if e.Detail != "" {
		s += ", " + e.Detail
	}
	if e.Tx >= 0 {
		s = fmt.Sprintf("%s (transaction %d", s, e.Tx)
		if e.In >= 0 {
			s = fmt.Sprintf("%s, input %d", s, e.In)
		}
		s += ")"
	}
	return s
}

// Mutated says whether the fault may lie in a body that was altered on its way,
// so that the header must not be held to be invalid (Core's BLOCK_MUTATED).
func Mutated(err error) bool {
	var e *RuleError
	return errors.As(err, &e) && e.mutated
}

// RuleOf returns the rule that err says was broken, "" when err is no rule error.
func RuleOf(err error) Rule {
	var e *RuleError
	if errors.As(err, &e) {
		return e.Rule
	}
	return ""
}

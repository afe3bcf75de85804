package script

const (
	lockTimeThreshold = 500_000_000 // below: a height; from it on: Unix seconds
	finalSequence     = 0xffffffff

	// Relative lock times (BIP68).
	sequenceDisabled = 1 << 31
	sequenceIsTime   = 1 << 22
	sequenceMask     = 0xffff | sequenceIsTime
)

// lockTime reads the argument of a lock time check, which stays on the stack.
func (m *machine) lockTime() (number, *Error) {
	if len(m.stack) < 1 {
		return 0, errStack
	}
	v, err := parseNumber(m.top(0), m.Flags&MinimalData != 0, lockTimeSize)
	if err == nil && v < 0 {
		err = errNegativeLockTime
	}
	return v, err
}

// checkLockTime holds the argument against the transaction's lock time
// (BIP65), which a final sequence would switch off.
func (m *machine) checkLockTime() *Error {
	want, err := m.lockTime()
	if err != nil {
		return err
	}
	have := number(m.Tx.LockTime)
	if !reached(want, have, lockTimeThreshold) || m.Tx.Ins[m.in].Sequence == finalSequence {
		return errUnsatisfiedLockTime
	}
	return nil
}

// checkSequence holds the argument against the input's relative lock time
// (BIP112). The version is compared unsigned (CVE-2024-34478).
func (m *machine) checkSequence() *Error {
	want, err := m.lockTime()
	if err != nil {
		return err
	}
	if want&sequenceDisabled != 0 {
		return nil
	}
	have := number(m.Tx.Ins[m.in].Sequence)
	if uint32(m.Tx.Version) < 2 || have&sequenceDisabled != 0 ||
		!reached(want&sequenceMask, have&sequenceMask, sequenceIsTime) {
		return errUnsatisfiedLockTime
	}
	return nil
}

// reached says whether two lock times are of the same kind and have is not
// before want.
func reached(want, have, threshold number) bool {
	return (want < threshold) == (have < threshold) && want <= have
}

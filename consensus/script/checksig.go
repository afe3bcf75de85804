package script

func (m *machine) checkSig(insist bool) *Error {
	if len(m.stack) < 2 {
		return errStack
	}
	ok, err := m.checkOneSig(m.top(1), m.top(0))
	if err != nil {
		return err
	}
	m.drop(2)
	return m.answer(ok, insist, errSigVerify)
}

func (m *machine) checkSigAdd() *Error {
	if m.version != tapscript {
		return errBadOpcode
	}
	if len(m.stack) < 3 {
		return errStack
	}
	n, err := m.number(1)
	if err != nil {
		return err
	}
	ok, err := m.checkOneSig(m.top(2), m.top(0))
	if err != nil {
		return err
	}
	m.drop(3)
	m.push((n + truthNumber(ok)).bytes())
	return nil
}

// checkOneSig is what CHECKSIG asks: whether a signature is good, or an error
// that fails the script.
func (m *machine) checkOneSig(sig, key []byte) (bool, *Error) {
	if m.version == tapscript {
		return m.checkTapSig(sig, key)
	}
	code := m.at.script[m.code:]
	if m.version == legacy {
		var err *Error
		if code, err = m.cutSig(code, sig); err != nil {
			return false, err
		}
	}
	if err := m.checkEncodings(sig, key); err != nil {
		return false, err
	}
	ok := m.b.checkECDSA(m.signed(code), sig, key)
	if !ok && len(sig) > 0 && m.Flags&NullFail != 0 {
		return false, errSigNullFail
	}
	return ok, nil
}

func (m *machine) signed(code []byte) *signed {
	return &signed{in: m.in, code: code, version: m.version, spend: m.Spend}
}

// cutSig takes a signature's push out of the legacy script that checks it; it
// could not sign itself.
func (m *machine) cutSig(code, sig []byte) ([]byte, *Error) {
	code, found := findAndDelete(code, AppendPush(nil, sig))
	if found && m.Flags&ConstScriptCode != 0 {
		return nil, errSigFindAndDelete
	}
	return code, nil
}

func (m *machine) checkEncodings(sig, key []byte) *Error {
	if err := checkSigEncoding(sig, m.Flags); err != nil {
		return err
	}
	return checkKeyEncoding(key, m.Flags, m.version == witnessV0)
}

// checkTapSig checks a signature in tapscript (BIP342): an empty one is no
// error, a bad one is, and a key of unknown length passes.
func (m *machine) checkTapSig(sig, key []byte) (bool, *Error) {
	if len(sig) > 0 {
		if m.tap.weight -= sigWeight; m.tap.weight < 0 {
			return false, errValidationWeight
		}
	}
	switch {
	case len(key) == 0:
		return false, errTapEmptyPubKey
	case len(key) == taprootKeySize:
		if len(sig) > 0 {
			if err := m.b.checkSchnorr(m.Spend, m.in, sig, key, m.tap); err != nil {
				return false, err
			}
		}
	case m.Flags&DiscourageUpgradablePubKeyType != 0:
		return false, errUpgradablePubKeyType
	}
	return len(sig) > 0, nil
}

func (m *machine) checkMultisig(insist bool) *Error {
	if m.version == tapscript {
		return errTapMultisig
	}
	keys, err := m.popKeys()
	if err != nil {
		return err
	}
	sigs, err := m.popSigs(len(keys))
	if err != nil {
		return err
	}
	ok, err := m.matchSigs(sigs, keys)
	if err != nil {
		return err
	}
	if !ok && m.Flags&NullFail != 0 {
		for _, sig := range sigs {
			if len(sig) > 0 {
				return errSigNullFail
			}
		}
	}
	// One item too many is taken, a bug of the first client that became a rule.
	if m.Flags&NullDummy != 0 && len(m.top(0)) > 0 {
		return errSigNullDummy
	}
	m.drop(1)
	return m.answer(ok, insist, errMultisigVerify)
}

// popKeys pops a number and that many keys, topmost first; they count as
// operations.
func (m *machine) popKeys() ([][]byte, *Error) {
	if len(m.stack) < 1 {
		return nil, errStack
	}
	v, err := m.number(0)
	if err != nil {
		return nil, err
	}
	n := v.clamp()
	if n < 0 || n > maxMultisig {
		return nil, errPubKeyCount
	}
	if m.count += n; m.count > maxOps {
		return nil, errOpCount
	}
	if len(m.stack) < n+2 {
		return nil, errStack
	}
	m.drop(1)
	return m.popItems(n), nil
}

// popSigs pops a number and that many signatures, topmost first; one more item
// must lie below them.
func (m *machine) popSigs(keys int) ([][]byte, *Error) {
	v, err := m.number(0)
	if err != nil {
		return nil, err
	}
	n := v.clamp()
	if n < 0 || n > keys {
		return nil, errSigCount
	}
	if len(m.stack) < n+2 {
		return nil, errStack
	}
	m.drop(1)
	return m.popItems(n), nil
}

func (m *machine) popItems(n int) [][]byte {
	items := make([][]byte, n)
	for i := range items {
		items[i] = m.top(i)
	}
	m.drop(n)
	return items
}

// matchSigs looks for a key for each signature, both in order. The order in
// which encodings are checked can be observed, so it is Core's.
func (m *machine) matchSigs(sigs, keys [][]byte) (bool, *Error) {
	code := m.at.script[m.code:]
	if m.version == legacy {
		for _, sig := range sigs {
			var err *Error
			if code, err = m.cutSig(code, sig); err != nil {
				return false, err
			}
		}
	}
	over := m.signed(code)
	for len(sigs) > 0 {
		if len(sigs) > len(keys) {
			return false, nil
		}
		if err := m.checkEncodings(sigs[0], keys[0]); err != nil {
			return false, err
		}
		if m.b.checkECDSA(over, sigs[0], keys[0]) {
			sigs = sigs[1:]
		}
		keys = keys[1:]
	}
	return true, nil
}

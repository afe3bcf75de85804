package wire

// DecodeBaseTx reads one transaction that fills b, as one without witness, so that
// one without inputs can be read, too. The transaction keeps b.
func DecodeBaseTx(b []byte) (*Tx, error) {
	r := reader{b: b}
	t := &Tx{Version: int32(r.uint32("transaction version"))}
	for n := r.count(minInSize, "inputs"); n > 0 && r.err == nil; n-- {
		var in In
		copy(in.Prev.TxID[:], r.take(HashSize, "outpoint"))
		in.Prev.Index = r.uint32("outpoint")
		in.Script = r.take(r.count(1, "input script"), "input script")
		in.Sequence = r.uint32("sequence")
		t.Ins = append(t.Ins, in)
	}
	for n := r.count(minOutSize, "outputs"); n > 0 && r.err == nil; n-- {
		var o Out
		o.Value = int64(r.uint64("output value"))
		o.Script = r.take(r.count(1, "output script"), "output script")
		t.Outs = append(t.Outs, o)
	}
	t.LockTime = r.uint32("lock time")
	if err := r.finish("transaction"); err != nil {
		return nil, err
	}
	return t.Seal(), nil
}

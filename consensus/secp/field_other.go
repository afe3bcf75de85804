package secp

func (z *field) mul(a, b *field)      { mulGeneric(z, a, b) }
func (z *field) sqr(a *field)         { sqrGeneric(z, a) }
func (z *field) sqrN(a *field, n int) { sqrNGeneric(z, a, n) }

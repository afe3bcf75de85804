package table

import "context"

// idler is the key of a context's Idler.
type idler struct{}

// Idler runs wait, and lets others have the caller's worker meanwhile.
type Idler func(wait func())

// WithIdler is a context whose calls wait by f.
func WithIdler(ctx context.Context, f Idler) context.Context {
	return context.WithValue(ctx, idler{}, f)
}

// Idle runs wait, which waits for something to happen to the node, perhaps for
// minutes. Of a server's workers it takes none meanwhile, or all of them could be waiting.
func Idle(ctx context.Context, wait func()) {
	if f, ok := ctx.Value(idler{}).(Idler); ok {
		f(wait)
		return
	}
	wait()
}

// Package failpoint names the moments at which cmd/killtest has a node die.
//
// Hit is called where something durable is about to change or has just changed.
// In a build without the tag failpoints it is empty and costs nothing. In one
// with it, the environment says at which point, and at the how manieth time, the
// process kills itself. What a moment means, the package refuses to know.
package failpoint

// The points, in the order in which a block passes them.
const (
	BeforeHeaders = "before-headers" // new headers or marks are noted
	AfterHeaders  = "after-headers"

	BeforeBody = "before-body" // a block is appended
	AfterBody  = "after-body"
	BeforeUndo = "before-undo" // what it spent is appended
	AfterUndo  = "after-undo"

	BeforeApply  = "before-apply" // the coins move by a block, forward
	AfterApply   = "after-apply"
	BeforeRevert = "before-revert" // and back, in a reorganisation
	AfterRevert  = "after-revert"

	BeforeFileSync = "before-file-sync" // one flush
	AfterFileSync  = "after-file-sync"
	BeforeTip      = "before-tip" // the record that names the state goes into the batch
	BeforeCommit   = "before-commit"
	AfterCommit    = "after-commit" // and before the batch is synced
	AfterPut       = "after-put"    // a single value is written, without a batch
	AfterSync      = "after-sync"
	AfterFlush     = "after-flush" // memory agrees with the disk again

	BeforeLoad  = "before-load" // a start reads the last flush
	DuringLoad  = "during-load" // once a header
	AfterLoad   = "after-load"
	FirstOpened = "first-opened" // a new database, before it has a state

	ReindexMarked = "reindex-marked" // a reindex, step by step
	ReindexMoved  = "reindex-moved"
	ReindexTaken  = "reindex-taken"
	ReindexEnd    = "reindex-end"

	BeforeStage = "before-stage" // coins of a snapshot are written
	AfterStage  = "after-stage"
	BeforeAdopt = "before-adopt" // a snapshot becomes the chain's coins
	AfterAdopt  = "after-adopt"
	BeforeProof = "before-proof" // a snapshot is proven, or given up
	AfterProof  = "after-proof"  // and before what is of no more use is removed
	BeforePrune = "before-prune" // the positions of old blocks are forgotten
	AfterPrune  = "after-prune"  // they are, and before the files are removed
	PrunedFile  = "pruned-file"  // one is, and before the folder is synced

	BeforeWallet = "before-wallet" // the wallet's file is written beside the old one
	AfterWallet  = "after-wallet"  // it is, and not yet renamed
	WalletMoved  = "wallet-moved"  // it is renamed, and the folder not yet synced
)

// Names lists the points that each node's history passes: not those of snapshots and of
// pruning, which only some have. For those the store's tests cut the power.
func Names() []string {
	return []string{
		BeforeHeaders, AfterHeaders,
		BeforeBody, AfterBody, BeforeUndo, AfterUndo,
		BeforeApply, AfterApply, BeforeRevert, AfterRevert,
		BeforeFileSync, AfterFileSync, BeforeTip, BeforeCommit, AfterCommit, AfterPut, AfterSync, AfterFlush,
		BeforeLoad, DuringLoad, AfterLoad, FirstOpened,
		ReindexMarked, ReindexMoved, ReindexTaken, ReindexEnd,
		BeforeWallet, AfterWallet, WalletMoved,
	}
}

// The environment of a build with the tag failpoints.
const (
	// KillEnv is "NAME N MS": the process kills itself MS milliseconds after the
	// N-th hit of a point, the first being 1. Whoever hits it goes no further.
	KillEnv = "QUERN_FAILPOINT"
	// StopEnv is the same, but that the process stops, as by SIGSTOP, until somebody has it go on.
	StopEnv = "QUERN_FAILPOINT_STOP"
	// TraceEnv names a file to which each hit appends its point's name, a line each.
	TraceEnv = "QUERN_FAILPOINT_TRACE"
)

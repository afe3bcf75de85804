// Package work computes with proof of work: compact targets, cumulative work
// and the schedules that set the next block's target.
//
// Everything is a pure function of values. The package refuses to know what a
// block is: a schedule sees heights, times and targets, and an id is 32 bytes.
package work

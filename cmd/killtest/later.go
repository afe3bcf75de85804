package main

import "context"

func catchMutants(context.Context, options, string) error { return nil }
func (l *lab) flipBits(context.Context) error             { return nil }
func (l *lab) fillDisk(context.Context) error             { return nil }

//go:build !linux

package main

import (
	"context"
	"errors"
)

// fillDisk needs tmpfs.
func (l *lab) fillDisk(context.Context) error { return errors.New("-full is for Linux") }

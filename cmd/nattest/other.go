//go:build !linux

package main

import "context"

// scenario is one network and what must happen on it.
type scenario struct{ name, about string }

var scenarios []scenario

func try(context.Context, string, options, *report) error {
	return errUnable{"network namespaces are Linux's"}
}

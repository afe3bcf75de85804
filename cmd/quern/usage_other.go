//go:build !unix

package main

func usage() spent { return spent{} }

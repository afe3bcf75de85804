//go:build !amd64 || purego

package miner

func machineKernels() []maker { return nil }

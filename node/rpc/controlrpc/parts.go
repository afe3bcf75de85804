package controlrpc

import (
	"context"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/rpc/table"
)

// Parts are what the methods reach.
type Parts struct {
	Params  *consensus.Params
	Table   func() table.Table // of all methods, for help
	Started time.Time          // of the server
	SetTime func(time.Time)    // stops the clock; the zero time lets it run
	Stop    func()             // asks the node to end; returns at once
	Running func() []Running   // the calls that are being served
	Logs    Logs
	Sync    func(context.Context) error // waits for those who follow the chain to reach the tip

	Notifications []Notification // published by ZeroMQ
}

// node is what the methods work on.
type node struct {
	Parts
	logs logging
}

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{Parts: p}
	return slices.Concat(n.controlMethods(), n.serverMethods(), n.loggingMethods(), n.zmqMethods())
}

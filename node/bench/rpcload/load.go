package rpcload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config says whom to ask, and how hard.
type Config struct {
	URL     string        // http://host:port
	Login   string        // user:password
	Clients int           // connections, each with one question at a time
	For     time.Duration // how long to ask
	Only    string        // begins the names of the kinds to ask for; "" for all
}

// Figures are what a node did of one kind.
type Figures struct {
	Name    string  `json:"name"`
	Clients int     `json:"clients"`
	Calls   int     `json:"calls"`
	Failed  int     `json:"failed"` // answered with an error
	Rate    float64 `json:"rate"`   // calls a second that did not fail
	P50     float64 `json:"p50"`    // milliseconds, as the rest
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
	MB      float64 `json:"mb"` // a second, of answers

	Error string `json:"error,omitempty"` // the first that was answered
}

// Run asks calls, from the first to the last and again while the time lasts;
// with once, each is asked once. The error is that of the connection, not of answers.
func (c *Config) Run(ctx context.Context, name string, calls []string, once bool) (Figures, error) {
	if len(calls) == 0 {
		return Figures{}, fmt.Errorf("%s: there is nothing to ask", name)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	var wait sync.WaitGroup
	clients, errs := make([]client, c.Clients), make([]error, c.Clients)
	start := time.Now()
	for i := range clients {
		wait.Go(func() {
			defer clients[i].hangUp()
			for ctx.Err() == nil {
				n := int(next.Add(1) - 1)
				if once && n >= len(calls) || !once && time.Since(start) >= c.For {
					return
				}
				if errs[i] = clients[i].ask(ctx, c, calls[n%len(calls)]); errs[i] != nil {
					cancel()
					return
				}
			}
		})
	}
	wait.Wait()
	return figures(name, clients, time.Since(start)), errors.Join(errs...)
}

func figures(name string, clients []client, took time.Duration) Figures {
	f := Figures{Name: name, Clients: len(clients)}
	var times []time.Duration
	var read int64
	for i := range clients {
		times = append(times, clients[i].times...)
		read += clients[i].bytes
		f.Failed += clients[i].failed
		if f.Error == "" {
			f.Error = clients[i].words
		}
	}
	f.Calls = len(times) + f.Failed
	f.Rate, f.MB = float64(len(times))/took.Seconds(), float64(read)/1e6/took.Seconds()
	if len(times) == 0 {
		return f
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1))]) / float64(time.Millisecond)
	}
	f.P50, f.P99, f.Max = at(0.5), at(0.99), at(1)
	return f
}

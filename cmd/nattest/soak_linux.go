package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	funded    = 3   // blocks mined to each wallet at the start
	maturity  = 100 // blocks until a coinbase may be spent
	addresses = 8   // of each wallet, to be paid at while it is away
	soakChain = "regtest"
	callTime  = 20 * time.Second

	settleTime  = 3 * time.Minute // until all agree, at the end
	confirmTime = 3 * time.Minute // until all payments are in blocks
)

// soak is a plan while it is carried out.
//
// The goroutine of run owns the fields above mu. Deeds that ask a node run on
// goroutines of their own and note what came of them below it.
type soak struct {
	*trial
	plan  plan
	start time.Time
	list  []*node
	names []string   // of the hosts, to move their ports
	addrs [][]string // of each wallet; fixed once they are funded
	deeds sync.WaitGroup

	mu       sync.Mutex
	sent     []string // payments that a node has taken on
	refused  map[string]int
	mined    int
	restarts []time.Duration
	samples  [][]sample // of each steady node
	broken   []string   // what went wrong that nothing excuses
}

// run makes many nodes mine and pay while they are killed, started again, cut
// off from each other and joined, and expects them to agree in the end.
func (o soakOptions) run(ctx context.Context, t *trial) error {
	if o.seed == 0 {
		o.seed = rand.Uint64()
	}
	s := &soak{trial: t, plan: newPlan(o.seed, o.nodes, o.length), refused: make(map[string]int)}
	t.tell("plan", s.plan.String())
	if err := s.raise(ctx); err != nil {
		return err
	}
	if err := s.fund(ctx); err != nil {
		return err
	}
	s.carryOut(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.judge(ctx)
}

// raise starts all nodes. The first two are known to all.
func (s *soak) raise(ctx context.Context) error {
	s.list, s.names = make([]*node, s.plan.Nodes), make([]string, s.plan.Nodes)
	s.addrs, s.samples = make([][]string, s.plan.Nodes), make([][]sample, s.plan.Steady)
	for i := range s.list {
		s.names[i] = fmt.Sprintf("n%d", i)
		at, err := s.host(ctx, s.names[i], s.ip(i)+"/8")
		if err != nil {
			return err
		}
		n, err := s.node(at, s.names[i], soakChain, "--metrics.listen", metricsAddr)
		if err != nil {
			return err
		}
		for known := range min(i, 2) {
			n.knows(s.list[known].addr("ip4/"+s.ip(known), "quic-v1"))
		}
		if s.list[i] = n; i < 2 {
			if err := n.start(ctx); err != nil {
				return err
			}
		}
	}
	return together(s.list[2:], func(n *node) error { return n.start(ctx) })
}

func (s *soak) ip(i int) string { return fmt.Sprintf("11.%d.0.1", i+1) }

// fund gives every wallet coins that can be spent.
func (s *soak) fund(ctx context.Context) error {
	err := together(s.list, func(n *node) error {
		i := slices.Index(s.list, n)
		if err := n.call(ctx, "quern.wallet.create", nil, "", password); err != nil {
			return err
		}
		for range addresses {
			a, err := n.address(ctx)
			if err != nil {
				return err
			}
			s.addrs[i] = append(s.addrs[i], a)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range s.list {
		if err := s.list[0].generate(ctx, funded, s.addrs[i][0]); err != nil {
			return err
		}
	}
	if err := s.list[0].generate(ctx, maturity, s.addrs[0][0]); err != nil {
		return err
	}
	if !s.within(ctx, "all nodes have the chain that funds their wallets", time.Now(), settleTime, s.agree) {
		return errors.New("the nodes do not agree before anything has happened to them")
	}
	return nil
}

// agree tells whether all nodes have one tip.
func (s *soak) agree(ctx context.Context) bool { return same(ctx, s.list) }

// carryOut does what the plan says, when it says so.
func (s *soak) carryOut(ctx context.Context) {
	s.start = time.Now()
	watched, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(watched) })
	for _, a := range s.plan.Acts {
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(s.start.Add(a.At))):
			s.do(ctx, a)
		}
	}
	s.deeds.Wait()
	stop()
	watch.Wait()
}

// do begins one act.
func (s *soak) do(ctx context.Context, a act) {
	n := s.list[a.Node]
	switch a.Kind {
	case doKill:
		s.say("kill %s", n.name)
		if !n.kill() {
			s.fault("%s had ended by itself: %v\n%s", n.name, n.proc.err, n.proc.tail(3000))
		}
	case doStart:
		s.deed(a, func() error { return s.restart(ctx, n) })
	case doCut, doHeal:
		err := s.part(ctx, a.Side)
		s.say("%s %v", a.Kind, a.Side)
		if err != nil {
			s.fault("%s: %v", a.Kind, err)
		}
	case doMine:
		s.deed(a, func() error { return s.mine(ctx, a) })
	case doPay:
		s.deed(a, func() error { return s.pay(ctx, a) })
	}
}

// deed runs what asks a node. That a node which is down, or starting, cannot be
// asked is no fault; it is counted.
func (s *soak) deed(a act, f func() error) {
	s.deeds.Go(func() {
		if err := f(); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.refused[string(a.Kind)+": "+reason(err)]++
		}
	})
}

// fault notes what nothing excuses.
func (s *soak) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, fmt.Sprintf(format, args...))
	s.say("fault: "+format, args...)
}

// restart starts a node again and notes how long it took to answer.
func (s *soak) restart(ctx context.Context, n *node) error {
	begin := time.Now()
	if err := n.start(ctx); err != nil {
		if ctx.Err() == nil && !errors.Is(err, errKilled) {
			s.fault("%v", err)
		}
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restarts = append(s.restarts, time.Since(begin))
	return nil
}

// part moves the ports of some to the second bridge and those of all others to
// the first.
func (s *soak) part(ctx context.Context, side []int) error {
	var here, there []string
	for i, name := range s.names {
		if slices.Contains(side, i) {
			there = append(there, name)
		} else {
			here = append(here, name)
		}
	}
	return errors.Join(s.move(ctx, 0, here...), s.move(ctx, 1, there...))
}

func (s *soak) mine(ctx context.Context, a act) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if err := s.list[a.Node].generate(ctx, 1, s.addrs[a.Node][0]); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mined++
	return nil
}

func (s *soak) pay(ctx context.Context, a act) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	to := s.addrs[a.To][int(a.Pay*1000)%addresses]
	txid, err := s.list[a.Node].pay(ctx, to, a.Pay)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, txid)
	return nil
}

// watch takes samples of the steady nodes until ctx ends.
func (s *soak) watch(ctx context.Context) {
	t := time.NewTicker(max(time.Second, min(10*time.Second, s.plan.Length/100)))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		for i := range s.plan.Steady {
			v, err := s.list[i].metrics(ctx)
			if err != nil {
				continue // busy or cut short; the next one will do
			}
			v.At = time.Since(s.start)
			s.mu.Lock()
			s.samples[i] = append(s.samples[i], v)
			s.mu.Unlock()
		}
	}
}

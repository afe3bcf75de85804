package zmtp

import (
	"errors"
	"net"
	"strings"
	"sync"
)

// Bounds of what one subscriber may cost.
const (
	maxWaiting       = 64 << 20 // bytes of messages; a single one may be larger
	maxSubscriptions = 256
	maxPrefix        = 255 // bytes of a subscription
)

// subscriber is a connection after its handshake.
//
// mu guards what is below it. waiting are the messages not yet taken by the
// sender, oldest first, and size their bytes. ready has an entry when there is
// one, or when closed was set.
type subscriber struct {
	conn      net.Conn
	highWater int
	ready     chan struct{}

	mu      sync.Mutex
	topics  map[string]int // prefixes, and how often each was subscribed to
	waiting [][]byte
	size    int
	closed  bool
}

func newSubscriber(conn net.Conn, highWater int) *subscriber {
	return &subscriber{conn: conn, highWater: highWater, ready: make(chan struct{}, 1), topics: make(map[string]int)}
}

// run reads and sends until the connection ends.
func (s *subscriber) run() error {
	var sender sync.WaitGroup
	sender.Go(s.send)
	err := s.read()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wake()
	_ = s.conn.Close() // frees a sender that is stuck
	sender.Wait()
	return err
}

// read takes subscriptions and heartbeats.
func (s *subscriber) read() error {
	for {
		f, err := readFrame(s.conn)
		if err != nil {
			return err
		}
		if err := s.hear(&f); err != nil {
			return err
		}
	}
}

// hear understands what subscribers say: by messages in version 3.0, by
// commands in 3.1. All else is passed over.
func (s *subscriber) hear(f *frame) error {
	name, data, ok := f.command()
	switch {
	case !ok && len(f.body) > 0 && f.body[0] == 1, ok && name == "SUBSCRIBE":
		return s.subscribe(prefix(f, data, ok))
	case !ok && len(f.body) > 0 && f.body[0] == 0, ok && name == "CANCEL":
		s.cancel(prefix(f, data, ok))
	case ok && name == "PING" && len(data) >= 2: // a time to live and a context to be sent back
		s.offer(appendCommand(nil, "PONG", data[2:]))
	case ok && name == "ERROR":
		return errors.New("the subscriber reports an error")
	}
	return nil
}

func prefix(f *frame, data []byte, command bool) string {
	if command {
		return string(data)
	}
	return string(f.body[1:])
}

func (s *subscriber) subscribe(topic string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(topic) > maxPrefix || len(s.topics) >= maxSubscriptions && s.topics[topic] == 0 {
		return errors.New("too many or too long subscriptions")
	}
	s.topics[topic]++
	return nil
}

func (s *subscriber) cancel(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.topics[topic]--; s.topics[topic] <= 0 {
		delete(s.topics, topic)
	}
}

// wants says whether topic begins with something subscribed to.
func (s *subscriber) wants(topic []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.topics {
		if strings.HasPrefix(string(topic), t) {
			return true
		}
	}
	return false
}

// offer queues a message, or drops it when too many wait.
func (s *subscriber) offer(message []byte) {
	s.mu.Lock()
	full := s.highWater > 0 && len(s.waiting) >= s.highWater || len(s.waiting) > 0 && s.size+len(message) > maxWaiting
	if !full {
		s.waiting = append(s.waiting, message)
		s.size += len(message)
	}
	s.mu.Unlock()
	s.wake()
}

func (s *subscriber) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// send writes what waits until the connection ends.
func (s *subscriber) send() {
	for {
		message, closed := s.take()
		switch {
		case closed:
			return
		case message == nil:
			<-s.ready
		default:
			if _, err := s.conn.Write(message); err != nil {
				_ = s.conn.Close() // the reader hears of it
				return
			}
		}
	}
}

// take is the oldest message that waits, nil when none does.
func (s *subscriber) take() (message []byte, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.waiting) == 0 {
		return nil, s.closed
	}
	message = s.waiting[0]
	s.waiting[0] = nil
	s.waiting = s.waiting[1:]
	s.size -= len(message)
	return message, false
}

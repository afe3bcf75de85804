package syncer

import "github.com/quernnet/quern/consensus/wire"

// PeerReport is what is known of one peer.
type PeerReport struct {
	Peer     Peer
	Tip      Tip         // as it claims
	InFlight []wire.Hash // bodies asked of it
	Headers  bool        // headers are asked of it
	Presync  uint32      // height up to which its headers are looked at and not kept; 0: none are
}

// Report is a snapshot for people.
type Report struct {
	Synced   bool
	Best     Tip
	Wanted   int // bodies known to be missing, at most Window
	InFlight int
	Held     int64 // bytes of bodies received and not yet judged
	Peers    []PeerReport
}

// Report describes the scheduler's state.
func (s *Scheduler) Report() Report {
	rep := Report{Synced: s.synced, Best: s.best, Wanted: len(s.queue), InFlight: s.inflight, Held: s.held}
	for _, p := range s.order {
		pr := PeerReport{Peer: p.name, Tip: p.tip, Headers: p.asked != nil, Presync: p.reached}
		for _, r := range p.open {
			for _, b := range r.blocks {
				pr.InFlight = append(pr.InFlight, b.ID)
			}
		}
		rep.Peers = append(rep.Peers, pr)
	}
	return rep
}

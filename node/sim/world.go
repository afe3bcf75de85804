package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// Region is a part of the world map.
type Region struct {
	Name  string
	Share float64 // of the nodes
	Speed Speed
	Delay [6]int // milliseconds to each region, in the order of World
}

// World is the world map: where Bitcoin's nodes were in 2019, the mean delays
// between those regions, and what a household's line carried. Source: the table
// for 2019 in SimBlock (Aoki, Otsuki, Kaneko, Banno, Shudo: "SimBlock: A Blockchain
// Network Simulator", 2019; github.com/dsg-titech/simblock, NetworkConfiguration.java),
// which took it from bitnodes.earn.com, Verizon's and wondernetwork's delays, and testmy.net.
//
// As SimBlock does, we take the delays for one-way. That is pessimistic: between
// North America and Europe 124 ms is nearer to the round trip.
var World = []Region{
	{"North America", .3316, Speed{19_200_000, 52_000_000}, [6]int{32, 124, 184, 198, 151, 189}},
	{"Europe", .4998, Speed{20_700_000, 40_000_000}, [6]int{124, 11, 227, 237, 252, 294}},
	{"South America", .0090, Speed{5_800_000, 18_000_000}, [6]int{184, 227, 88, 325, 301, 322}},
	{"Asia Pacific", .1177, Speed{15_700_000, 22_800_000}, [6]int{198, 237, 325, 85, 58, 198}},
	{"Japan", .0224, Speed{10_200_000, 22_800_000}, [6]int{151, 252, 301, 58, 12, 126}},
	{"Australia", .0195, Speed{11_300_000, 29_900_000}, [6]int{189, 294, 322, 198, 126, 16}},
}

// Place puts nodes on the world map: node i's region is an index into World.
// The shares are kept as nearly as whole nodes allow, whatever the seed.
func Place(nodes int, seed uint64) []int {
	place := make([]int, 0, nodes)
	sum := 0.0
	for r, region := range World {
		sum += region.Share
		for float64(len(place)) < math.Round(sum*float64(nodes)) && len(place) < nodes {
			place = append(place, r)
		}
	}
	for len(place) < nodes {
		place = append(place, 0)
	}
	rand.New(rand.NewPCG(seed, 'p')).Shuffle(nodes, func(i, j int) { place[i], place[j] = place[j], place[i] })
	return place
}

// OnWorld has Options use the world map for nodes placed on it. Of two nodes the delay is
// the regions', up to a fifth more or less by chance, and the same for each packet.
func OnWorld(place []int, seed uint64) (Latency, func(i int) Speed) {
	latency := func(from, to int) time.Duration {
		if from < 0 || to < 0 || from >= len(place) || to >= len(place) {
			return time.Millisecond // whoever attacks has good lines
		}
		low, high := min(from, to), max(from, to)
		dice := rand.New(rand.NewPCG(seed, uint64(low)<<32|uint64(high)))
		mean := World[place[from]].Delay[place[to]]
		return time.Duration(float64(mean) * (0.8 + 0.4*dice.Float64()) * float64(time.Millisecond))
	}
	return latency, func(i int) Speed { return World[place[i]].Speed }
}

package datastore

// shares are what the parts of a store may take of Config.Cache, in bytes.
//
// A quarter is the database's. A quarter is for the batch that a flush makes of
// the changes, which the database holds until it has written them to a file. The
// rest, at least half, is the coin cache's, changes included.
type shares struct {
	database int64
	coins    int64
	changes  int64 // of coins: what may have changed until a flush is due
	others   int64 // headers and positions until a flush is due
}

const (
	// leastDatabase holds what each lookup needs of 5 million coins, and most
	// of the blocks that are searched for others.
	leastDatabase, mostDatabase = 8 << 20, 128 << 20

	// mostChanges bounds what a flush writes, however large the cache: about
	// 900,000 coins.
	mostChanges = 64 << 20
)

func share(cache int64) shares {
	changes := min(cache*3/16, mostChanges)
	database := min(cache/4, mostDatabase)
	return shares{
		database: max(database, leastDatabase),
		coins:    cache - database - changes*4/3, // a batch has the keys in full
		changes:  changes,
		others:   max(cache/16, 64<<10),
	}
}

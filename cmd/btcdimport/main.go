// Command btcdimport imports a regtest block file with btcd's blockchain package,
// as btcd itself would sync it: every signature checked, with its caches of signatures,
// of hashes and of coins at btcd's default sizes, and its default database. It is what
// `quern bench import --against` runs to compare with:
//
//	quern bench import mixed.dat --chain regtest --against 'btcdimport {file} {tip}'
//
// The database goes to a temporary folder that is removed. btcd's own addblock is no
// fair peer: it leaves two of the caches out.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/database"
	_ "github.com/btcsuite/btcd/database/ffldb"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Sizes of btcd's config.go.
const (
	cacheEntries = 100_000
	coinCache    = 250 << 20 // bytes
)

func main() {
	// btcd takes P2SH up in 2012, and with it witnesses; regtest's clocks start in 2011.
	txscript.Bip16Activation = time.Unix(0, 0)
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: btcdimport FILE [TIP]: with TIP, the id of the last block, ending elsewhere is an error")
		os.Exit(2)
	}
	tip := ""
	if len(os.Args) == 3 {
		tip = os.Args[2]
	}
	if err := run(os.Args[1], tip); err != nil {
		fmt.Fprintln(os.Stderr, "btcdimport:", err)
		os.Exit(1)
	}
}

// run imports the file into an empty database.
func run(path, tip string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	dir, err := os.MkdirTemp("", "btcdimport-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	params := &chaincfg.RegressionNetParams
	db, err := database.Create("ffldb", filepath.Join(dir, "blocks"), params.Net)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	chain, err := blockchain.New(&blockchain.Config{
		DB: db, ChainParams: params, TimeSource: blockchain.NewMedianTime(), UtxoCacheMaxSize: coinCache,
		SigCache: txscript.NewSigCache(cacheEntries), HashCache: txscript.NewHashCache(cacheEntries),
	})
	if err != nil {
		return fmt.Errorf("chain: %w", err)
	}
	if err := feed(chain, f, params.Net); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := chain.FlushUtxoCache(blockchain.FlushRequired); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	best := chain.BestSnapshot()
	fmt.Printf("tip %v at height %d\n", best.Hash, best.Height)
	if tip != "" && best.Hash.String() != tip {
		return fmt.Errorf("ended at block %v, not at %s", best.Hash, tip)
	}
	return nil
}

// ahead is how many blocks are read while one is judged.
const ahead = 4

// feed has the chain judge every block of the file, while the next ones are read.
func feed(chain *blockchain.BlockChain, r io.Reader, net wire.BitcoinNet) error {
	blocks := make(chan *btcutil.Block, ahead)
	done := make(chan struct{})
	read := make(chan error, 1)
	go func() {
		defer close(blocks)
		read <- eachBlock(r, net, func(b *btcutil.Block) bool {
			select {
			case blocks <- b:
				return true
			case <-done:
				return false
			}
		})
	}()
	defer close(done)
	for b := range blocks {
		main, orphan, err := chain.ProcessBlock(b, blockchain.BFNone)
		if err != nil {
			return fmt.Errorf("block %v: %w", b.Hash(), err)
		}
		if orphan || !main {
			return fmt.Errorf("block %v does not follow the one before it", b.Hash())
		}
	}
	return <-read
}

// eachBlock hands the file's blocks to f until it says no.
func eachBlock(r io.Reader, net wire.BitcoinNet, f func(*btcutil.Block) bool) error {
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		magic, size := binary.LittleEndian.Uint32(head[:4]), binary.LittleEndian.Uint32(head[4:])
		if wire.BitcoinNet(magic) != net || size > wire.MaxBlockPayload {
			return fmt.Errorf("%x is not how a regtest block starts", head)
		}
		raw := make([]byte, size)
		if _, err := io.ReadFull(in, raw); err != nil {
			return err
		}
		b, err := btcutil.NewBlockFromBytes(raw)
		if err != nil {
			return err
		}
		if !f(b) {
			return nil
		}
	}
}

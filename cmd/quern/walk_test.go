package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// alone is a running node without a network.
func alone(t *testing.T, name string) *process {
	t.Helper()
	p := newProcess(t, name)
	p.args = append(p.args, "--p2p.enabled=false")
	p.start()
	return p
}

func (p *process) expect(want string, args ...string) {
	p.Helper()
	if out := p.quern(args...); !strings.Contains(out, want) {
		p.Errorf("quern %s prints\n%s\nwant %q in it", strings.Join(args, " "), out, want)
	}
}

// refuse expects a command to fail with these words.
func (p *process) refuse(want string, args ...string) {
	p.Helper()
	if out, err := p.try(args...); err == nil || !strings.Contains(err.Error(), want) {
		p.Errorf("quern %s prints %q and fails with %v, want an error with %q", strings.Join(args, " "), out, err, want)
	}
}

// TestFiveMinutes walks through the README as a newcomer would.
func TestFiveMinutes(t *testing.T) {
	p := alone(t, "newcomer")
	p.expect("height 0", "status")
	p.expect("none: make one with `quern wallet create`", "status")
	words := p.quern("wallet", "create")
	if n := len(strings.Fields(words)); n != 12 {
		t.Errorf("%d words: %q", n, words)
	}
	if n := len(strings.Fields(p.quern("mine", "--blocks", "101"))); n != 101 {
		t.Errorf("%d block ids", n)
	}
	p.expect("spendable 50.00000000", "wallet", "balance")
	to := p.quern("wallet", "address")
	if !strings.HasPrefix(to, "bcrt1q") {
		t.Errorf("address %s", to)
	}
	if a := p.quern("wallet", "address", "--taproot"); !strings.HasPrefix(a, "bcrt1p") {
		t.Errorf("taproot address %s", a)
	}
	txid := p.quern("wallet", "send", to, "1.5")
	p.expect("waiting", "wallet", "history", "--max", "1")
	p.expect(txid, "rpc", "getrawmempool")
	p.quern("mine", "--blocks", "1")
	p.expect("1 deep", "wallet", "history")
	p.expect(`"confirmations": 1`, "tx", "show", txid)
	p.refuse("disabled", "peers")
	p.refuse("mine at least 1", "mine", "--blocks", "-1")
	p.refuse("usage: quern wallet send ADDRESS AMOUNT", "wallet", "send", to)
	p.refuse("behind --: quern rpc METHOD -- -1", "rpc", "getblockhash", "-1")
	p.refuse("--feerate", "wallet", "send", to, "1", "--feerate", "0.0001")
	p.refuse("more than all money", "wallet", "send", to, "21000001")
	p.expect("off: start with", "status")
	p.expect("1 worker,", "mine", "--workers", "1", "--address", to)
	p.await("find a block", func() bool { return p.status().Mining.Blocks > 0 })
	p.expect("off: start with", "mine", "--workers", "0")
	p.refuse("another chain", "mine", "--address", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")

	p.refuse("wrong password", "wallet", "send", to, "1", "--password-file", write(t, "wrong\n"))
	p.refuse("insufficient funds", "wallet", "send", to, "20000") // more than regtest will ever have
	p.refuse("is not an amount", "wallet", "send", to, "lots")
	p.refuse("checksum", "wallet", "send", misspelt(to), "1")
	p.refuse("wallet.dat", "wallet", "create")
	_, err := p.try("rpc", "getblockhash", "100000")
	if code := exitCodeOf(err); code != 8 {
		t.Errorf("exit code %d of error -8: %v", code, err)
	}
	p.restoreElsewhere(words)
	p.start()
	p.expect(txid, "wallet", "history")
	p.quern("rpc", "stop")
	<-p.ended
	if p.end != nil {
		t.Errorf("end after stop: %v", p.end)
	}
}

// restoreElsewhere takes the words and the blocks to another folder and finds
// the same money there.
func (p *process) restoreElsewhere(words string) {
	p.Helper()
	balance := p.quern("wallet", "balance")
	p.stop()
	file := filepath.Join(p.T.TempDir(), "chain.dat")
	p.quern("export", file)
	other := newProcess(p.T, "other")
	other.args = append(other.args, "--p2p.enabled=false")
	other.quern("import", file)
	other.start()
	cmd := other.command("wallet", "restore")
	cmd.Stdin = strings.NewReader(words + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.Fatalf("restore: %v: %s", err, out)
	}
	other.await("read the chain", func() bool { return other.status().Wallet.Synced })
	other.expect(balance, "wallet", "balance")
	other.stop()
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTooMuchWork asks for blocks at once on a chain that has real work.
func TestTooMuchWork(t *testing.T) {
	p := newProcess(t, "miner")
	p.args = append(p.args, "--p2p.enabled=false", "--chain", "commons", "--swarm", "regtest")
	p.start()
	p.quern("wallet", "create")
	// Each block has a million tries, about what one takes at first.
	p.refuse("of 64: this chain's work is too much for --blocks", "mine", "--blocks", "64")
	p.stop()
}

// misspelt is an address with another last letter.
func misspelt(address string) string {
	last := "q"
	if strings.HasSuffix(address, last) {
		last = "p"
	}
	return address[:len(address)-1] + last
}
